"""What the actions read of a conversation: whose order it is about, and the slots of the forms."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from chatbot.shop.orders import Asked

FORM_SLOTS = (
    "order_number",
    "contact",
    "item",
    "reason",
    "wish",
    "address",
    "description",
    "delivery_day",
    "delivery_slot",
    "confirm",
)
"""Emptied when a form ends: the next order is asked for again, and nothing personal is kept."""
REST = "rest"
"""The input channel of Rasa's REST API, and what ids of its conversations begin with."""
NO_ORDER = "none"
"""The order number of a complaint that is about no order."""


def said(tracker: Tracker, slot: str) -> str:
    """The text of a slot; '' if it is empty."""
    return str(tracker.get_slot(slot) or "")


def conversation(tracker: Tracker) -> str:
    """The conversation's id, as the log and the tickets have it.

    Of the REST channel an action is given the sender alone, who may be called what a conversation of the chat page is.
    """
    by_rest = tracker.get_latest_input_channel() == REST and not tracker.sender_id.startswith(f"{REST}.")
    return f"{REST}:{tracker.sender_id}" if by_rest else str(tracker.sender_id)


def turn(tracker: Tracker) -> int:
    """The number of the turn: what is done, is done once in it."""
    return int(tracker.get_slot("turn") or 0)


def asked(tracker: Tracker) -> Asked:
    """Who asks, in which turn, for which order, with which proof."""
    number = said(tracker, "order_number")
    return Asked(conversation(tracker), turn(tracker), "" if number == NO_ORDER else number, said(tracker, "contact"))


def language(tracker: Tracker) -> str:
    """The conversation's language."""
    return said(tracker, "language") or "en"


def emptied(tracker: Tracker) -> list[dict[str, Any]]:
    """The forms' slots without their values."""
    return [SlotSet(name, None) for name in FORM_SLOTS if tracker.slots.get(name) is not None]
