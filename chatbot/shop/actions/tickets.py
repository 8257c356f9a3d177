"""A person is wanted, or a form is not: both leave the form, and nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from chatbot.handoff.tickets import Tickets
from chatbot.settings import load_settings
from chatbot.shop.actions.asking import conversation, emptied, turn


class ActionOpenTicket(Action):
    """Opens a ticket for the conversation; once a turn, however often the turn is tried."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_open_ticket"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Utters the ticket's number. A form that waits is left: whoever wants a person is not asked on."""
        topic = str((tracker.latest_message.get("intent") or {}).get("name") or "")
        # Opened only now: `chatbot check` loads the actions too, and must write nothing.
        with closing(Tickets(load_settings().home / "conversations.db")) as tickets:
            ticket = tickets.open(conversation(tracker), turn(tracker), topic)
        dispatcher.utter_message(response="utter_ticket_opened", ticket=ticket.id)
        return [*emptied(tracker), SlotSet("ticket", ticket.id), ActiveLoop(None)]


class ActionLeaveForm(Action):
    """Ends a form that the customer does not want to go on with."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_leave_form"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Says that nothing was changed, or goodbye to who says so, and empties the form's slots."""
        goes = (tracker.latest_message.get("intent") or {}).get("name") == "goodbye"
        dispatcher.utter_message(response="utter_goodbye" if goes else "utter_form_left")
        return [*emptied(tracker), ActiveLoop(None)]
