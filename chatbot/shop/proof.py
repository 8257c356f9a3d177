"""Who may see an order: whoever knows its number and its e-mail address, or the last four digits of its phone."""

from __future__ import annotations

import hmac
import re

from chatbot.shop.records import Order

SHORTEST_PHONE = 8
"""Digits of a number in Singapore."""
DAY = re.compile(r"\s*20\d\d[-/.]\d{1,2}[-/.]\d{1,2}\s*")


def is_owner(order: Order, contact: str) -> bool:
    """Whether the contact is the order's e-mail address, or ends in the last four digits of its phone number."""
    if "@" in contact:
        return same(mail(contact), mail(order.email))
    told = digits(contact)
    return len(told) >= 4 and same(told[-4:], digits(order.phone)[-4:])


def is_proof(contact: str) -> bool:
    """Whether it has the form of one: an e-mail address, or four digits or more that are no date."""
    return "@" in contact or (len(digits(contact)) >= 4 and not DAY.fullmatch(contact))


def is_reachable(contact: str) -> bool:
    """Whether somebody can be reached by it: an e-mail address or a whole phone number."""
    return is_proof(contact) and ("@" in contact or len(digits(contact)) >= SHORTEST_PHONE)


def mail(contact: str) -> str:
    """An e-mail address, however it was spaced."""
    return re.sub(r"\s", "", contact).casefold()


def digits(contact: str) -> str:
    """Its digits."""
    return re.sub(r"\D", "", contact)


def same(one: str, other: str) -> bool:
    """Equality in constant time, so that the answer's timing tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())
