"""What is told of an order, and what is done with it, once a form has all that it takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from chatbot.handoff.tickets import Tickets
from chatbot.settings import load_settings
from chatbot.shop.actions.asking import asked, emptied, language, said
from chatbot.shop.changing import KEPT, change, complain, refund, refused, status
from chatbot.shop.orders import Orders, opened
from chatbot.shop.records import Answer, Change


class OrderAction(Action, ABC):
    """Utters what is answered, and empties the form's slots."""

    @abstractmethod
    def name(self) -> str:
        """The name in domain.yml."""

    @abstractmethod
    def answer(self, orders: Orders, tracker: Tracker) -> Answer:
        """What is said; whatever it changes is changed once a turn."""

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Utters the answer. A number alone can be guessed, so it is never enough."""
        with closing(opened()) as orders:
            answer = self.answer(orders, tracker)
        dispatcher.utter_message(response=answer.response, **answer.values)
        return emptied(tracker)


class ActionOrderStatus(OrderAction):
    """Says where an order is."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_order_status"

    def answer(self, orders: Orders, tracker: Tracker) -> Answer:
        """The order's state."""
        return status(orders, asked(tracker), language(tracker))


class ActionRefundStatus(OrderAction):
    """Says where the money for an order is."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_refund_status"

    def answer(self, orders: Orders, tracker: Tracker) -> Answer:
        """The refund, or that none is due."""
        return refund(orders, asked(tracker), language(tracker))


class ChangeAction(OrderAction, ABC):
    """Changes an order, if its owner has confirmed it.

    kind: the change. words: slots with what the customer said to it.
    """

    kind: Change
    words: tuple[str, ...] = ()

    def answer(self, orders: Orders, tracker: Tracker) -> Answer:
        """What was done, or why not: the form ends early where it is not allowed."""
        if tracker.get_slot("confirm"):
            words = {slot: said(tracker, slot) for slot in self.words}
            return change(orders, self.kind, asked(tracker), language(tracker), words)
        found = refused(orders, self.kind, asked(tracker), language(tracker))
        return found if isinstance(found, Answer) else KEPT


class ActionCancelOrder(ChangeAction):
    """Cancels an order."""

    kind: Change = "cancel"

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_cancel_order"


class ActionReturnOrder(ChangeAction):
    """Registers a return."""

    kind: Change = "return"
    words = ("reason",)

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_return_order"


class ActionExchangeOrder(ChangeAction):
    """Registers an exchange."""

    kind: Change = "exchange"
    words = ("wish",)

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_exchange_order"


class ActionChangeAddress(ChangeAction):
    """Sends an order to another address."""

    kind: Change = "address"
    words = ("address",)

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_change_address"


class ActionMoveAppointment(ChangeAction):
    """Moves a delivery."""

    kind: Change = "appointment"
    words = ("delivery_day", "delivery_slot")

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_move_appointment"


class ActionComplain(OrderAction):
    """Writes a complaint down, with a ticket for the people who answer it."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_complain"

    def answer(self, orders: Orders, tracker: Tracker) -> Answer:
        """The ticket's number."""
        if not tracker.get_slot("confirm"):
            return KEPT
        who = asked(tracker)
        with closing(Tickets(load_settings().home / "conversations.db")) as tickets:
            ticket = tickets.open(who.conversation_id, who.turn, "complaint")
        return complain(orders, who, {"description": said(tracker, "description")}, ticket.id)
