"""What may be done with an order, and when; each refusal is the response that says so and what is possible. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from chatbot.shop.records import SINGAPORE, Change, Order

OVER = {"cancelled": "utter_order_cancelled", "returned": "utter_order_returned", "exchanged": "utter_order_exchanged"}
"""Nothing is changed any more: what became of the order is told."""
REFUSED: Mapping[Change, Mapping[str, str]] = {
    "cancel": {"on_its_way": "utter_cancel_on_its_way", "delivered": "utter_cancel_delivered"},
    "address": {"on_its_way": "utter_address_on_its_way", "delivered": "utter_address_delivered"},
    "return": {"packing": "utter_return_packing", "on_its_way": "utter_return_on_its_way"},
    "exchange": {"packing": "utter_exchange_packing", "on_its_way": "utter_exchange_on_its_way"},
    "appointment": {"packing": "utter_appointment_packing", "delivered": "utter_appointment_delivered"},
}
"""States in which a change is refused, beside those of OVER."""
PRESENTS = (date(2026, 11, 16), date(2026, 12, 24), date(2027, 1, 31))
"""What was ordered from the first to the second day can be returned until the third."""
NOTICE = timedelta(hours=24)
"""Before an appointment; later the carrier has its list."""
REFUND_DAYS = 7
"""Working days in which the money goes back."""
PICK_UP = 45
"""Singapore dollars, for fetching furniture."""


def refusal(change: Change, order: Order, at: datetime) -> str:
    """The response that says why not; '' if it may be done. at: the time in the shop."""
    for_state = OVER.get(order.state) or REFUSED[change].get(order.state, "")
    if for_state:
        return for_state
    if change in ("return", "exchange"):
        return refused_return(order, at.date())
    return refused_appointment(order, at) if change == "appointment" else ""


def refused_return(order: Order, today: date) -> str:
    """As refusal, of what was delivered."""
    if all(item.product.made_to_measure for item in order.items):
        return "utter_return_never"
    return "utter_return_too_late" if today > last_day(order) else ""


def refused_appointment(order: Order, at: datetime) -> str:
    """As refusal, of what is on its way."""
    if not order.slot:
        return "utter_appointment_parcel"
    return "utter_appointment_too_late" if begins(order.day, order.slot) - at < NOTICE else ""


def last_day(order: Order) -> date:
    """Until when a delivered order can be returned. A mattress may be slept on for longer."""
    usual = order.day + timedelta(days=max(item.product.nights for item in order.items))
    first, last, until = PRESENTS
    return max(usual, until) if first <= order.ordered <= last else usual


def begins(day: date, slot: str) -> datetime:
    """When an appointment begins. slot: as 15-18."""
    return datetime.combine(day, time(int(slot.partition("-")[0])), SINGAPORE)


def refund_response(order: Order, today: date) -> str:
    """The response that says where the money is."""
    refund = order.refund
    if refund is None:
        return "utter_refund_none"
    if refund.paid:
        return "utter_refund_paid"
    if order.state == "cancelled":
        return "utter_refund_late" if is_late(refund.asked, today) else "utter_refund_cancelled"
    if refund.arrived is None:
        return "utter_refund_waiting"
    return "utter_refund_late" if is_late(refund.arrived, today) else "utter_refund_arrived"


def is_late(since: date, today: date) -> bool:
    """Whether the working days for a refund have passed. Public holidays are not known here and count as working."""
    days = (since + timedelta(days=n) for n in range(1, (today - since).days + 1))
    return sum(day.weekday() < 5 for day in days) > REFUND_DAYS


def owed(order: Order, change: Change) -> int:
    """What goes back, in Singapore dollars: the money for the items, less what fetching furniture costs."""
    if change == "cancel":
        return order.total
    kept = [item for item in order.items if not item.product.made_to_measure]
    return sum(item.product.price * item.quantity for item in kept) - (PICK_UP if order.is_furniture else 0)
