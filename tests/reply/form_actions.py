"""Actions of forms, as a project writes them with rasa-sdk."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection
from rasa_sdk.types import DomainDict


class ValidateChecked(FormValidationAction):
    """Takes an order number of six digits, makes a contact lower case, and wants a reason from members only."""

    def name(self) -> str:
        return "validate_checked"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        return [*domain_slots, "reason"] if tracker.get_slot("member") else domain_slots

    def validate_order_number(
        self, value: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if value.isdigit() and len(value) == 6:
            return {"order_number": value}
        dispatcher.utter_message(text=f"{value} has not six digits.")
        return {"order_number": None}

    def validate_contact(
        self, value: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return {"contact": value.lower(), "member": value.endswith("@shop.example")}


class ValidateEnded(Action):
    """Ends its form whatever is said."""

    def name(self) -> str:
        return "validate_ended"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        return [ActiveLoop(None)]


class ValidateDeclined(Action):
    """Declines to run."""

    def name(self) -> str:
        return "validate_declined"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        raise ActionExecutionRejection(self.name())


class ValidateBroken(Action):
    """Fails."""

    def name(self) -> str:
        return "validate_broken"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        raise ConnectionError("the orders are not there")


class ActionAskReason(Action):
    """Asks for the reason, and notes that it did; what it says of the requested slot is none of its business."""

    def name(self) -> str:
        return "action_ask_reason"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        dispatcher.utter_message(text="Why, dear member?")
        return [SlotSet("asked_why", True), SlotSet("requested_slot", "contact")]
