"""What stands in for the actions of the published helpdesk project, which are not part of its YAML."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import AllSlotsReset, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict


class AskEmail(Action):
    """Asks for the address, or whether the one of before is meant."""

    def name(self) -> str:
        return "action_ask_email"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        known = tracker.get_slot("previous_email")
        dispatcher.utter_message(response="utter_ask_use_previous_email" if known else "utter_ask_email")
        return []


class ValidateOpenIncidentForm(FormValidationAction):
    """Takes a priority of the three, and the address of before where the customer says yes."""

    def name(self) -> str:
        return "validate_open_incident_form"

    def validate_email(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return {"email": tracker.get_slot("previous_email") if value is True else value or None}

    def validate_priority(
        self, value: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if value in ("low", "medium", "high"):
            return {"priority": value}
        dispatcher.utter_message(response="utter_no_priority", priority=value)
        return {"priority": None}


class OpenIncident(Action):
    """Opens the incident, or not, and remembers the address."""

    def name(self) -> str:
        return "action_open_incident"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        if tracker.get_slot("confirm"):
            dispatcher.utter_message(text=f"Opened: {tracker.get_slot('incident_title')}")
        else:
            dispatcher.utter_message(response="utter_incident_creation_canceled")
        return [AllSlotsReset(), SlotSet("previous_email", tracker.get_slot("email"))]


class Says(Action):
    """The base of those that only say their name."""

    said = ""

    def name(self) -> str:
        return self.said or "action_handoff"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        dispatcher.utter_message(text=self.name())
        return []


class CheckIncidentStatus(Says):
    """Tells the status."""

    said = "action_check_incident_status"


class HandoffOptions(Says):
    """Offers to whom."""

    said = "action_handoff_options"


class ValidateIncidentStatusForm(FormValidationAction):
    """Checks nothing."""

    def name(self) -> str:
        return "validate_incident_status_form"

    def validate_email(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return {"email": value or None}
