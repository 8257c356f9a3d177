"""Replies and states as JSON, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from chatbot.deciding import Thresholds
from chatbot.messages import Button, Evidence, Intent, Reply, State, Step, Utterance
from knowledge_base.pairs import Hit


def reply_json(reply: Reply) -> dict[str, Any]:
    """All of a reply but the texts of the pairs behind it."""
    return {
        "language": reply.language,
        "utterances": [asdict(utterance) for utterance in reply.utterances],
        "steps": [step_json(step) for step in reply.steps],
        "intent": asdict(reply.intent) if reply.intent else None,
        "model": reply.model,
        "index": reply.index,
        "ms": dict(reply.milliseconds),
    }


def step_json(step: Step) -> dict[str, Any]:
    """Kind, name and reason; the pair's id and score where there is one; what a clarify offered."""
    value: dict[str, Any] = {"kind": step.kind, "name": step.name, "reason": step.reason}
    if step.hit:
        value |= {"pair_id": step.hit.pair.id, "score": round(step.hit.score, 4)}
    if step.choices:
        value["choices"] = [f"#{c.pair.id}" if isinstance(c, Hit) else c for c in step.choices]
    return value


def reply_from(value: Mapping[str, Any], conversation_id: str, message_id: str) -> Reply:
    """The reply that reply_json was made of; its steps without their hits."""
    return Reply(
        conversation_id,
        message_id,
        value["language"],
        tuple(utterance_from(raw) for raw in value["utterances"]),
        tuple(Step(raw["kind"], raw["reason"], raw["name"]) for raw in value["steps"]),
        Intent(**value["intent"]) if value["intent"] else None,
        value["model"],
        value["index"],
        value["ms"],
    )


def utterance_from(value: Mapping[str, Any]) -> Utterance:
    """One utterance with its buttons."""
    return Utterance(**{**value, "buttons": tuple(Button(**button) for button in value["buttons"])})


def masked_reply(reply: Reply, masked: Callable[[str], str]) -> Reply:
    """The reply as the log may hold it: what it repeats of the customer's is masked, a stored answer stays as it is."""

    def shown(one: Utterance) -> Utterance:
        if one.pair_id is not None:
            return one
        buttons = tuple(Button(masked(button.title), masked(button.payload)) for button in one.buttons)
        return replace(one, text=masked(one.text), buttons=buttons)

    return replace(reply, utterances=tuple(shown(one) for one in reply.utterances))


def state_json(state: State) -> dict[str, Any]:
    """What outlives a turn."""
    kept = ("language", "turn", "question", "active_form", "requested_slot", "asked", "held_by")
    return {**{name: getattr(state, name) for name in kept}, "slots": dict(state.slots)}


def state_from(value: Mapping[str, Any], conversation_id: str) -> State:
    """The state that state_json was made of."""
    return State(conversation_id, **value)


def trace_json(reply: Reply, evidence: Evidence, thresholds: Thresholds) -> dict[str, Any]:
    """Why the turn went as it did. Holds no customer's words: names and scores only."""
    return {
        "steps": [step_json(step) for step in reply.steps],
        "intents": [[intent.name, round(intent.confidence, 4)] for intent in evidence.intents[:5]],
        "hits": [
            [hit.pair.id, round(hit.score, 4), round(hit.dense, 4), round(hit.lexical, 4)] for hit in evidence.hits
        ],
        "entities": [entity.name for entity in evidence.entities],
        "button": evidence.command,
        "thresholds": asdict(thresholds),
        "ms": dict(reply.milliseconds),
    }
