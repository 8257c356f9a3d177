"""Actions that fill and check slots at every message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import ValidationAction


class ActionCountLetters(Action):
    """Works a slot out from the message; nothing of an empty one."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_count_letters"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Fails where the customer asks for that."""
        text = str(tracker.latest_message["text"])
        if "fail" in text:
            raise RuntimeError("This action is to fail.")
        return [SlotSet("letters", sum(char.isalpha() for char in text))]


class ValidateSlots(ValidationAction):
    """Takes no size but those that there are."""

    def validate_size(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Small or large; for anything else it says so."""
        if str(value).casefold() in ("small", "large"):
            return {"size": str(value).casefold()}
        dispatcher.utter_message(text=f"There is no size {value}.")
        return {"size": None}
