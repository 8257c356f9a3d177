"""A conversation and a parsed message as Rasa's HTTP API tells them. Pure.

Format: https://rasa.com/docs/rasa/pages/http-api
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chatbot.actions.past import exchange_events, said_json
from chatbot.actions.tracker import channel_of, understood_json
from chatbot.dialogue.paths import LISTEN
from chatbot.messages import Evidence, Exchange, Slot, State

Json = dict[str, Any]


def parse_json(evidence: Evidence, message_id: str | int | None = None) -> Json:
    """What POST /model/parse says."""
    return {**understood_json(evidence), **({} if message_id is None else {"message_id": message_id})}


def tracker_json(
    sender: str, state: State, history: Sequence[Exchange], slots: Mapping[str, Slot], *, with_events: bool = True
) -> Json:
    """What GET /conversations/{id}/tracker says: raw while the conversation lives, masked afterwards.

    slots: all that the domain has. Of the events, those that only changed slots are not kept.
    """
    channel = channel_of(state.conversation_id)
    told = [event for exchange in history for event in exchange_events(exchange, channel)]
    heard = [event for event in told if event["event"] == "user"]
    form = state.active_form
    return {
        "sender_id": sender,
        "slots": dict(slots),
        "latest_message": heard[-1]["parse_data"] if heard else said_json("", "", None),
        "latest_event_time": told[-1]["timestamp"] if told else None,
        "followup_action": None,
        "paused": bool(state.held_by),
        "events": told if with_events else None,
        "latest_input_channel": channel,
        "latest_action_name": LISTEN,
        "latest_action": {"action_name": LISTEN},
        "active_loop": {"name": form, "is_interrupted": False, "rejected": False} if form else {},
    }
