"""What is done with an order for its owner: each in one transaction, and only where it is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from sqlite_utils import Database

from chatbot.shop.allowed import last_day, owed, refund_response, refusal
from chatbot.shop.offers import offered
from chatbot.shop.orders import NOT_FOUND, Asked, Orders
from chatbot.shop.records import Answer, Change, Order

Values = dict[str, str | int]
KEPT = Answer("utter_nothing_changed")
"""What is said where the customer does not confirm."""


def told(order: Order, language: str, today: date) -> Values:
    """What a response may say of an order to its owner."""
    values: Values = {"number": order.number, "item": order.item(language), "date": order.day.isoformat()}
    if order.slot:
        values["slot"] = order.slot
    if order.state == "delivered":
        values["until"] = last_day(order).isoformat()
    if order.refund:
        values |= {"amount": order.refund.amount, "asked": order.refund.asked.isoformat()}
        values |= {"paid": order.refund.paid.isoformat()} if order.refund.paid else {}
    return values


def status(orders: Orders, asked: Asked, language: str) -> Answer:
    """Where an order is."""
    order = orders.proved(asked)
    if order is None:
        return NOT_FOUND
    return Answer(f"utter_order_{order.state}", told(order, language, orders.at().date()))


def refund(orders: Orders, asked: Asked, language: str) -> Answer:
    """Where the money for an order is."""
    order = orders.proved(asked)
    if order is None:
        return NOT_FOUND
    today = orders.at().date()
    return Answer(refund_response(order, today), told(order, language, today))


def refused(orders: Orders, change: Change, asked: Asked, language: str) -> Answer | Order:
    """Why a change cannot be made; the order, if it can."""
    order = orders.proved(asked)
    if order is None:
        return NOT_FOUND
    response = refusal(change, order, orders.at())
    return Answer(response, told(order, language, orders.at().date())) if response else order


def change(orders: Orders, kind: Change, asked: Asked, language: str, words: Mapping[str, str]) -> Answer:
    """Makes the change, if it is allowed. words: what the customer said to it: address, day, slot, reason, wish."""

    def work(db: Database, order: Order | None) -> Answer:
        if order is None:
            return NOT_FOUND
        today = orders.at().date()
        response = refusal(kind, order, orders.at())
        if response:
            return Answer(response, told(order, language, today))
        return CHANGES[kind](db, orders, order, told(order, language, today), words)

    return orders.once(kind, asked, words, work)


def cancel(db: Database, orders: Orders, order: Order, values: Values, words: Mapping[str, str]) -> Answer:
    """The order is cancelled, its items are in stock again, the money goes back."""
    ended(db, orders, order, "cancelled", owed(order, "cancel"))
    for item in order.items:
        db.execute("UPDATE products SET online = online + ? WHERE sku = ?", [item.quantity, item.product.sku])
    return Answer("utter_cancelled", values, done=True)


def give_back(db: Database, orders: Orders, order: Order, values: Values, words: Mapping[str, str]) -> Answer:
    """A return is registered; the money goes back when it has arrived."""
    ended(db, orders, order, "returned", owed(order, "return"))
    kind = "furniture" if order.is_furniture else "parcel"
    return Answer(f"utter_return_registered_{kind}", values, done=True)


def exchange(db: Database, orders: Orders, order: Order, values: Values, words: Mapping[str, str]) -> Answer:
    """An exchange is registered."""
    ended(db, orders, order, "exchanged", None)
    return Answer("utter_exchange_registered", values, done=True)


def ended(db: Database, orders: Orders, order: Order, state: str, amount: int | None) -> None:
    """The order comes into its last state today. amount: that goes back; None for nothing."""
    today = orders.at().date().isoformat()
    db.execute("UPDATE orders SET state = ?, day = ? WHERE number = ?", [state, today, order.number])
    if amount is not None:
        db.execute("INSERT INTO refunds VALUES (?, ?, ?, NULL, NULL)", [order.number, amount, today])


def change_address(db: Database, orders: Orders, order: Order, values: Values, words: Mapping[str, str]) -> Answer:
    """The order goes to another address. It lies sealed beside the owner's e-mail and phone."""
    owner = {"email": order.email, "phone": order.phone, "address": words["address"]}
    db.execute("UPDATE orders SET sealed = ? WHERE number = ?", [orders.seal.close(owner), order.number])
    return Answer("utter_address_changed", values, done=True)


def move(db: Database, orders: Orders, order: Order, values: Values, words: Mapping[str, str]) -> Answer:
    """The appointment is moved, if the slot is still free."""
    day, slot = words["delivery_day"], words["delivery_slot"]
    if slot not in offered(db, orders.at()).get(date.fromisoformat(day), ()):
        return Answer("utter_appointment_gone", values)
    db.execute("UPDATE orders SET day = ?, slot = ? WHERE number = ?", [day, slot, order.number])
    return Answer("utter_appointment_moved", {**values, "date": day, "slot": slot}, done=True)


Work = Callable[[Database, Orders, Order, Values, Mapping[str, str]], Answer]
CHANGES: Mapping[Change, Work] = {
    "cancel": cancel,
    "return": give_back,
    "exchange": exchange,
    "address": change_address,
    "appointment": move,
}


def complain(orders: Orders, asked: Asked, words: Mapping[str, str], ticket: str) -> Answer:
    """A complaint is written down for the people who handle tickets. Whose order it is about they check themselves."""
    words = {**words, "order": asked.number}
    taken = Answer("utter_complaint_taken", {"ticket": ticket}, done=True)
    return orders.once("complaint", replace(asked, number=""), words, lambda *_: taken)
