"""Actions of rasa-sdk, run in this process.

Protocol: https://rasa.com/docs/rasa/action-server/pages/action-server-api
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chatbot.errors import ActionError, ProjectError
from chatbot.messages import (
    Button,
    Event,
    Evidence,
    FormActive,
    Intent,
    Outcome,
    Planned,
    SlotSet,
    State,
    Step,
    Utterance,
)
from chatbot.reply.template import Speaker

log = logging.getLogger(__name__)


class InProcess:
    """The actions of one package, loaded when the first is run (rasa-sdk takes a second to import)."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.loaded: Any = None
        # Threads of their own: a caller may have an event loop running already, and a thread bears only one.
        self.threads = ThreadPoolExecutor(thread_name_prefix="actions")

    def names(self) -> tuple[str, ...]:
        """The actions that the package has. Raises ActionError if it cannot be imported."""
        return tuple(self.executor().actions)

    def executor(self) -> Any:
        """rasa-sdk's own executor with the package's actions."""
        if self.loaded is None:
            from rasa_sdk.executor import ActionExecutor

            executor = ActionExecutor()
            try:
                executor.register_package(self.package)
            except (Exception, SystemExit) as error:  # rasa-sdk ends the process where an import fails
                reason = error.__context__ or error
                raise ActionError(f"The actions package '{self.package}' cannot be imported: {reason}.") from error
            self.loaded = executor
        return self.loaded

    def run(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{"events": [...], "responses": [...]}` of one action. Raises ActionError if it fails or is not there."""
        try:
            result = self.threads.submit(lambda: asyncio.run(self.executor().run(call))).result()
        except Exception as error:
            raise ActionError(f"The action '{call['next_action']}' failed: {type(error).__name__}.") from error
        if result is None:
            raise ActionError(f"The action '{call['next_action']}' gave no result.")
        return result if isinstance(result, Mapping) else result.model_dump()


class Action:
    """Runs the step's action; what fails is logged, and the customer gets an apology and the offer of a person."""

    def __init__(self, actions: InProcess, speaker: Speaker) -> None:
        self.actions, self.speaker = actions, speaker

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """The action's replies and slot events."""
        try:
            result = self.actions.run({"next_action": step.name, "tracker": tracker(evidence, state), "domain": {}})
            events = read_events(result.get("events") or ())
            later = state.after(*events)
            return Outcome(tuple(self.utterance(raw, later) for raw in result.get("responses") or ()), events)
        except (ActionError, ProjectError):
            log.exception("action %s in conversation %s", step.name, state.conversation_id)
            return Outcome((self.speaker.say("utter_action_failed", state),))

    def utterance(self, raw: Mapping[str, Any], state: State) -> Utterance:
        """What the dispatcher was told: a response of the domain by name with its values, or a text."""
        name = raw.get("response") or raw.get("template")
        if name:
            known = {key: value for key, value in raw.items() if isinstance(value, str | int | float | bool)}
            return self.speaker.say(str(name), state, **known)
        buttons = tuple(Button(str(b["title"]), str(b["payload"])) for b in raw.get("buttons") or ())
        return Utterance(str(raw.get("text") or ""), buttons, str(raw.get("image") or ""))


def tracker(evidence: Evidence, state: State) -> dict[str, Any]:
    """The conversation as rasa-sdk's Tracker reads it. The slot `language` is always there."""
    intents = (Intent(evidence.command, 1.0),) if evidence.command else evidence.intents
    ranking = [{"name": intent.name, "confidence": intent.confidence} for intent in intents]
    return {
        "sender_id": state.conversation_id,
        "slots": {**state.slots, "language": state.language, "turn": state.turn},
        "latest_message": {
            "text": evidence.text,
            "intent": ranking[0] if ranking else {"name": None, "confidence": 0.0},
            "intent_ranking": ranking,
            "entities": [
                {"entity": e.name, "value": e.value, "start": e.start, "end": e.end} for e in evidence.entities
            ],
        },
        "events": [],
        "paused": False,
        "followup_action": None,
        "active_loop": {"name": state.active_form} if state.active_form else {},
        "latest_action_name": state.taken[-1].name if state.taken else "action_listen",
    }


def read_events(raw: Sequence[Mapping[str, Any]]) -> tuple[Event, ...]:
    """rasa-sdk's events as the state's own; those about anything else than slots, loops and follow-ups are logged."""
    found: list[Event] = []
    for event in raw:
        kind = event.get("event")
        if kind == "slot":
            found.append(SlotSet(str(event["name"]), event.get("value")))
        elif kind == "active_loop":
            found.append(FormActive(str(event.get("name") or "")))
        elif kind == "followup" and event.get("name"):
            found.append(Planned((str(event["name"]),)))
        else:
            log.warning("event '%s' of an action is not supported and was left out", kind)
    return tuple(found)
