"""Asks the running assistant without a conversation and without a log: nothing is kept, nothing is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.conversations.store import OpenTurn
from chatbot.deciding import Thresholds
from chatbot.messages import Evidence, Language, Message, Outcome, Reply, State, Step, StepKind
from chatbot.turn import Assistant, Responder

if TYPE_CHECKING:
    from chatbot.understanding.intents import Why

NOBODY = "trial"
"""The id of a conversation that is in no database."""
DOING: tuple[StepKind, ...] = ("action", "form")
"""Steps that may change something outside the turn: they are told, not taken."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the assistant would say to a text, and all that it knew. why: None where no intent was looked for."""

    reply: Reply
    evidence: Evidence
    thresholds: Thresholds
    why: Why | None


class Trial:
    """The running assistant, asked in a new conversation each time."""

    def __init__(self, assistant: Assistant, why: Callable[[str], Why]) -> None:
        """why: what stands behind the intents of a text, as IntentClassifier.why says of the masked one."""
        self.assistant, self.why = assistant, why

    def __call__(self, text: str, language: Language | None = None) -> Tried:
        """The reply and its reasons. language: what the customer's page would be set to.

        An action or a form is one of the reply's steps, but is not performed; a response behind it is not said, for it
        may need what that would have found.
        """
        reply, seen = self.asked(text, language)
        why = self.why(seen.question) if seen.intents else None
        return Tried(reply, seen, self.assistant.policy.thresholds, why)

    def asked(self, text: str, language: Language | None = None) -> tuple[Reply, Evidence]:
        """As a call, without what stands behind the intents: half the work, for who asks many texts."""
        running, once = self.assistant, Once()
        assistant = Assistant(once, running.understand, running.policy, told_only(running.responders))
        reply = assistant.answer(Message(NOBODY, text, NOBODY, language))
        return reply, once.evidence


class Once:
    """A conversation of one turn, which is forgotten."""

    evidence: Evidence

    @contextmanager
    def turn(self, message: Message) -> Iterator[OpenTurn]:
        """The first turn of a new conversation; what was understood is there when it has ended."""
        turn = OpenTurn(message, State(message.conversation_id), None)
        yield turn
        if turn.evidence is None:
            raise RuntimeError("The turn ended before anything was understood.")
        self.evidence = turn.evidence


def told_only(responders: Mapping[StepKind, Responder]) -> Mapping[StepKind, Responder]:
    """The responders, of which none does anything beyond saying something."""

    def unless_behind(responder: Responder) -> Responder:
        def respond(step: Step, evidence: Evidence, state: State) -> Outcome:
            left_out = any(taken.kind in DOING for taken in state.taken)
            return Outcome() if left_out else responder(step, evidence, state)

        return respond

    return {kind: silent if kind in DOING else unless_behind(one) for kind, one in responders.items()}


def silent(step: Step, evidence: Evidence, state: State) -> Outcome:
    """Nothing is said, nothing happens."""
    return Outcome()
