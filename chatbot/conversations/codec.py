"""Replies and states as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from chatbot.deciding import Thresholds
from chatbot.messages import Button, Evidence, Happened, Intent, Reply, State, Step, Utterance
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


def state_json(state: State) -> dict[str, Any]:
    """What outlives a turn."""
    kept = ("language", "turn", "question", "active_form", "requested_slot", "trigger", "asked", "held_by")
    return {
        **{name: getattr(state, name) for name in kept},
        "slots": dict(state.slots),
        "offered": [asdict(button) for button in state.offered],
        "words": list(state.words),
        "happened": [[one.kind, one.name, one.loop, list(one.entities)] for one in state.happened],
    }


def state_from(value: Mapping[str, Any], conversation_id: str) -> State:
    """The state that state_json was made of, now or before states had a history."""
    happened = tuple(
        Happened(kind, name, loop, tuple(entities)) for kind, name, loop, entities in value.get("happened", ())
    )
    offered = tuple(Button(**button) for button in value.get("offered", ()))
    words = tuple(value.get("words", ()))
    return State(conversation_id, **{**value, "words": words, "happened": happened, "offered": offered})


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
