"""A conversation and a parsed message as Rasa's HTTP API tells them. Pure.

Format: https://rasa.com/docs/rasa/pages/http-api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chatbot.actions.past import intent_json
from chatbot.actions.tracker import entity_json
from chatbot.dialogue.paths import LISTEN
from chatbot.messages import Evidence, Exchange, Intent, Slot, State, Utterance

Json = dict[str, Any]


def parse_json(evidence: Evidence, message_id: str | int | None = None) -> Json:
    """What POST /model/parse says. text: as it was read, which the entities' offsets are of."""
    intents = (Intent(evidence.command, 1.0),) if evidence.command else evidence.intents
    ranking = [intent_json(intent) for intent in intents]
    return {
        "text": evidence.text,
        "intent": ranking[0] if ranking else intent_json(None),
        "entities": [entity_json(entity) for entity in evidence.entities],
        "intent_ranking": ranking,
        **({} if message_id is None else {"message_id": message_id}),
    }


def tracker_json(
    sender: str, state: State, history: Sequence[Exchange], slots: Mapping[str, Slot], *, with_events: bool = True
) -> Json:
    """What GET /conversations/{id}/tracker says: raw while the conversation lives, masked afterwards.

    slots: all that the domain has. Of the events, those that only changed slots are not kept.
    """
    told = [event for exchange in history for event in events_of(exchange)]
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
        "latest_input_channel": "rest" if state.conversation_id.startswith(("rest:", "rest.")) else "frontdesk",
        "latest_action_name": LISTEN,
        "latest_action": {"action_name": LISTEN},
        "active_loop": {"name": form, "is_interrupted": False, "rejected": False} if form else {},
    }


def events_of(exchange: Exchange) -> Iterator[Json]:
    """What happened in one turn. policy: why a step was taken."""
    at = {"timestamp": datetime.fromisoformat(exchange.at).timestamp() if exchange.at else None}
    if exchange.text:
        data = said_json(exchange.text, exchange.message_id, exchange.reply.intent)
        yield {"event": "user", **at, "text": exchange.text, "message_id": exchange.message_id, "parse_data": data}
    for step in exchange.reply.steps:
        yield {"event": "action", **at, "name": step.action, "policy": step.reason, "confidence": 1.0}
    for utterance in exchange.reply.utterances:
        yield {"event": "bot", **at, "text": utterance.text or None, "data": data_json(utterance)}
    yield {"event": "action", **at, "name": LISTEN, "policy": None, "confidence": None}


def said_json(text: str, message_id: str, intent: Intent | None) -> Json:
    """A message as it was understood; its entities are not kept."""
    pressed = Intent(text[1:].partition("{")[0], 1.0) if text.startswith("/") and intent is None else intent
    return {"text": text, "message_id": message_id, "intent": intent_json(pressed), "entities": [], "metadata": {}}


def data_json(utterance: Utterance) -> Mapping[str, Any]:
    """What a message of the bot has beside its text."""
    return {
        "buttons": [{"title": button.title, "payload": button.payload} for button in utterance.buttons] or None,
        "image": utterance.image or None,
        "custom": dict(utterance.custom) if utterance.custom else None,
    }
