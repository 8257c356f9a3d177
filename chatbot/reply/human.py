"""A person holds the conversation: what the customer writes is recorded, and the bot says nothing."""

from __future__ import annotations

from chatbot.messages import Evidence, Outcome, State, Step


def human(step: Step, evidence: Evidence, state: State) -> Outcome:
    """Silence."""
    return Outcome()
