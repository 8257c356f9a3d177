"""What was said and done in a conversation, as Rasa's events. Pure.

https://rasa.com/docs/rasa/action-server/events
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from chatbot.dialogue.paths import LISTEN, RESTART
from chatbot.messages import Exchange, Intent, Step, Utterance

Json = dict[str, Any]


def exchange_events(exchange: Exchange, channel: str) -> Iterator[Json]:
    """A turn that was answered: what the customer wrote, what was done, what was said."""
    at = datetime.fromisoformat(exchange.at).timestamp() if exchange.at else None
    if exchange.text:
        message = said_json(exchange.text, exchange.message_id, exchange.reply.intent)
        yield from turn_events(message, exchange.reply.steps, channel, at)
    for utterance in exchange.reply.utterances:
        yield {"event": "bot", "timestamp": at, "text": utterance.text or None, "data": data_json(utterance)}


def turn_events(
    message: Mapping[str, Any], steps: Iterable[Step], channel: str, at: float | None = None
) -> Iterator[Json]:
    """A message, and what was done about it. at: seconds since 1970, where they are known."""
    yield action_event(LISTEN, at)
    yield {
        "event": "user",
        "timestamp": at,
        "text": message["text"],
        "parse_data": message,
        "input_channel": channel,
        "metadata": message["metadata"],
    }
    for step in steps:
        yield action_event(step.action, at, step.reason)
        if step.action == RESTART:
            yield {"event": "restart", "timestamp": at}


def action_event(name: str, at: float | None, reason: str | None = None) -> Json:
    """An action was taken. reason: why, where Rasa names a policy."""
    return {"event": "action", "timestamp": at, "name": name, "policy": reason, "confidence": 1.0}


def said_json(text: str, message_id: str, intent: Intent | None) -> Json:
    """A message of an earlier turn, as it was understood; its entities are not kept. A pressed button is its intent."""
    pressed = Intent(text[1:].partition("{")[0], 1.0) if text.startswith("/") and intent is None else intent
    known = intent_json(pressed)
    return {
        "text": text,
        "message_id": message_id,
        "intent": known,
        "intent_ranking": [known] if pressed else [],
        "entities": [],
        "metadata": {},
    }


def intent_json(intent: Intent | None) -> Json:
    """An intent with its confidence."""
    return {"name": intent.name, "confidence": intent.confidence} if intent else {"name": None, "confidence": 0.0}


def data_json(utterance: Utterance) -> Json:
    """What a message of the bot has beside its text."""
    return {
        "buttons": [{"title": button.title, "payload": button.payload} for button in utterance.buttons] or None,
        "image": utterance.image or None,
        "custom": dict(utterance.custom) if utterance.custom else None,
    }
