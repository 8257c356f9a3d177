"""What the forms accept. Each refusal says why; a form ends early where its order cannot be changed."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from chatbot.shop.actions.asking import NO_ORDER, asked, language, said
from chatbot.shop.changing import refused
from chatbot.shop.offers import meant_day, meant_slot, offered
from chatbot.shop.orders import NOT_FOUND, opened
from chatbot.shop.proof import is_proof, is_reachable
from chatbot.shop.records import Answer, Change
from knowledge_base.text import normalise_question

Values = dict[str, Any]
Domain = Mapping[str, Any]
LONGEST = 1000
"""Characters of what a customer tells in own words."""
SHORTEST = 6
"""Letters of a description; a Chinese one says in one what takes three in English."""
SIX_DIGITS = re.compile(r"(?<!\d)\d{6}(?!\d)")
"""An order's number; in an address the postal code."""
NOT_SERVED = re.compile(r"jurong\s+island|裕廊岛", re.IGNORECASE)
STOPS = {
    *("never mind", "nevermind", "nvm", "stop", "forget it", "leave it", "cancel", "quit"),
    *("算了", "不用了", "停", "停止", "不办了", "不弄了", "取消"),
}
"""Said alone where own words are asked for, they are none: the form ends, and nothing is changed."""
CORRECTION = 16
"""Letters, at most, of a message that only corrects an order number: "sorry, I mean 100235"."""


class OrderForm(FormValidationAction, ABC):
    """The order's number and the proof that it is the customer's, as every form asks for them."""

    @abstractmethod
    def name(self) -> str:
        """`validate_` and the form's name."""

    def validate_order_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """Six digits, as the entity finds them; a button's payload may carry anything."""
        return {"order_number": value if SIX_DIGITS.fullmatch(str(value)) else None}

    def validate_contact(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """An e-mail address or digits of a phone. A day is neither, and is passed over."""
        return {"contact": value if is_proof(str(value)) else None}

    def validate_confirm(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """Yes or no to what was asked; "no, 100235" is a correction, and is asked about anew."""
        return {"confirm": None if set(tracker.slots_to_validate()) - {"confirm"} else value}


class ChangeForm(OrderForm, ABC):
    """A form that changes an order: it goes on only for the owner of one that can be changed.

    kind: the change.
    """

    kind: Change

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[dict[str, Any]]:
        """As rasa-sdk's. Then a wrong proof is told, and number and proof are asked for once more.

        Where the order cannot be changed, the form ends, and the submitting action says why.
        """
        events: list[dict[str, Any]] = list(await super().run(dispatcher, tracker, domain))
        if not (said(tracker, "order_number") and said(tracker, "contact")):
            return events
        with closing(opened()) as orders:
            found = refused(orders, self.kind, asked(tracker), language(tracker))
        if found == NOT_FOUND:
            dispatcher.utter_message(response="utter_not_proved")
            return [*events, SlotSet("order_number", None), SlotSet("contact", None)]
        if isinstance(found, Answer):
            return [*events, SlotSet(REQUESTED_SLOT, None)]
        return [*events, SlotSet("item", found.item(language(tracker)))]


class ValidateCancelOrderForm(ChangeForm):
    """Order, proof, yes or no."""

    kind: Change = "cancel"

    def name(self) -> str:
        """The name in domain.yml."""
        return "validate_cancel_order_form"


class ValidateReturnForm(ChangeForm):
    """Order, proof, a reason that may be left out, yes or no."""

    kind: Change = "return"

    def name(self) -> str:
        """The name in domain.yml."""
        return "validate_return_form"

    def validate_reason(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Values:
        """Any words; a message that only corrects the order number does that."""
        return corrected(str(value), "reason") or {"reason": str(value)[:LONGEST]}


class ValidateExchangeForm(ChangeForm):
    """Order, proof, what is wanted instead, yes or no."""

    kind: Change = "exchange"

    def name(self) -> str:
        """The name in domain.yml."""
        return "validate_exchange_form"

    def validate_wish(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Values:
        """Any words; a message that only corrects the order number does that."""
        return stopped(str(value), "wish") or corrected(str(value), "wish") or {"wish": str(value)[:LONGEST]}


class ValidateAddressForm(ChangeForm):
    """Order, proof, the new address, yes or no."""

    kind: Change = "address"

    def name(self) -> str:
        """The name in domain.yml."""
        return "validate_address_form"

    def validate_address(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """A street and a postal code in Singapore, where we deliver."""
        address = str(value)[:LONGEST]
        if stop := stopped(address, "address"):
            return stop
        if NOT_SERVED.search(address):
            dispatcher.utter_message(response="utter_invalid_address_island")
        elif not SIX_DIGITS.search(address) or letters(address) < 2:
            dispatcher.utter_message(response="utter_invalid_address")
        else:
            return {"address": address}
        return {"address": None}


class ValidateAppointmentForm(ChangeForm):
    """Order, proof, one of the free days, one of its slots, yes or no."""

    kind: Change = "appointment"

    def name(self) -> str:
        """The name in domain.yml."""
        return "validate_appointment_form"

    def validate_delivery_day(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """A day that is free; the slot at once, where the message names one too."""
        found = appointment(str(value))
        if not found:
            dispatcher.utter_message(response="utter_invalid_delivery_day")
        return found or {"delivery_day": None}

    def validate_delivery_slot(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """A slot that is free on the day; or another day."""
        slot = meant_slot(str(value), free_slots().get(date.fromisoformat(said(tracker, "delivery_day")), ()))
        found = {"delivery_slot": slot} if slot else {}
        found |= appointment(str(value))
        if not found:
            dispatcher.utter_message(response="utter_invalid_delivery_slot")
        return found or {"delivery_slot": None}


class ValidateComplaintForm(OrderForm):
    """What went wrong, the order if there is one, how to reach the customer, yes or no."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "validate_complaint_form"

    def validate_description(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """Enough words to go by."""
        if stop := stopped(str(value), "description"):
            return stop
        if letters(str(value)) < SHORTEST:
            dispatcher.utter_message(response="utter_invalid_description")
            return {"description": None}
        return {"description": str(value)[:LONGEST]}

    def validate_order_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """As every form's; or that there is none."""
        if value == NO_ORDER:
            return {"order_number": NO_ORDER}
        return super().validate_order_number(value, dispatcher, tracker, domain)

    def validate_contact(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> Values:
        """A whole address or number: four digits prove something, but nobody can be reached by them."""
        if is_reachable(str(value)):
            return {"contact": value}
        dispatcher.utter_message(response="utter_invalid_complaint_contact")
        return {"contact": None}


def free_slots() -> dict[date, tuple[str, ...]]:
    """The appointments that are free now."""
    with closing(opened()) as orders, orders.connections.reading() as db:
        return offered(db, orders.at())


def appointment(text: str) -> Values:
    """The free day that a text names, with the slot if it names one too; nothing if it names no such day."""
    free = free_slots()
    day = meant_day(text, list(free))
    return {"delivery_day": day.isoformat(), "delivery_slot": meant_slot(text, free[day])} if day else {}


def stopped(text: str, slot: str) -> Values:
    """Nothing to ask for any more, if the text says that and nothing else."""
    return {slot: None, REQUESTED_SLOT: None} if normalise_question(text) in STOPS else {}


def corrected(text: str, slot: str) -> Values:
    """The order number, of a text that says one and little else, and that the slot still lacks its value."""
    found = SIX_DIGITS.search(text)
    return {slot: None, "order_number": found[0]} if found and letters(text) <= CORRECTION else {}


def letters(text: str) -> int:
    """How much a text says: its Latin letters, and three for each Chinese character."""
    return sum(3 if char > "\u2e7f" else 1 for char in text if char.isalpha())
