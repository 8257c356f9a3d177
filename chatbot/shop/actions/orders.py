"""Order status, for whoever knows the number together with the e-mail or the last four digits of the phone."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from importlib import resources
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

TRIES, WINDOW = 5, 3600.0
"""Wrong proofs for one order within so many seconds: four digits have 10,000 values, this leaves 120 tries a day."""


class ActionOrderStatus(Action):
    """Says where an order is. A number alone can be guessed, so it is never enough."""

    def __init__(self) -> None:
        text = resources.files("chatbot.shop").joinpath("orders.json").read_text("utf-8")
        self.orders = {order["number"]: order for order in json.loads(text)}
        self.wrong: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=TRIES))

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_order_status"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Utters the order's state. The slots are emptied: the next order is asked for again."""
        number, contact = str(tracker.get_slot("order_number") or ""), str(tracker.get_slot("contact") or "")
        order = self.orders.get(number)
        if order is None or not self.is_proved(order, contact):
            dispatcher.utter_message(response="utter_order_not_found")
        else:
            item = order["item"][tracker.get_slot("language")]
            dispatcher.utter_message(
                response=f"utter_order_{order['state']}", number=number, item=item, date=order["date"]
            )
        return [SlotSet("order_number", None), SlotSet("contact", None)]

    def is_proved(self, order: Mapping[str, str], contact: str) -> bool:
        """Whether the contact proves ownership; after too many wrong ones, for a while nothing does."""
        tries, now = self.wrong[order["number"]], time.monotonic()
        if len(tries) == TRIES and now - tries[0] < WINDOW:
            return False
        proved = is_owner(order, contact)
        if not proved:
            tries.append(now)
        return proved


def is_owner(order: Mapping[str, str], contact: str) -> bool:
    """Whether the contact is the order's e-mail address, or ends in the last four digits of its phone number."""
    if "@" in contact:
        return same(re.sub(r"\s", "", contact).casefold(), order["email"].casefold())
    digits = re.sub(r"\D", "", contact)
    return len(digits) >= 4 and same(digits[-4:], re.sub(r"\D", "", order["phone"])[-4:])


def same(one: str, other: str) -> bool:
    """Equality in constant time, so that the answer's timing tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())
