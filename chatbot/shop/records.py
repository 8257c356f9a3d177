"""What the shop knows of an order and of a product. Values only, all frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Literal

State = Literal["packing", "on_its_way", "delivered", "cancelled", "returned", "exchanged"]
Change = Literal["cancel", "return", "exchange", "address", "appointment"]
SINGAPORE = timezone(timedelta(hours=8))
BETWEEN = {"en": " and ", "zh": "和"}


@dataclass(frozen=True, slots=True)
class Product:
    """names: by language, the first is what it is called. price: Singapore dollars. nights: days to return it."""

    sku: str
    names: Mapping[str, tuple[str, ...]]
    kind: Literal["parcel", "furniture"]
    price: int
    made_to_measure: bool = False
    nights: int = 30
    online: int = 0
    showroom: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A product of an order, and how many of it."""

    product: Product
    quantity: int


@dataclass(frozen=True, slots=True)
class Refund:
    """amount: Singapore dollars. arrived: when the return reached the warehouse. paid: None while it is due."""

    amount: int
    asked: date
    arrived: date | None = None
    paid: date | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order. day: when it is expected, or when it came into its state. slot: hours of an appointment, as 15-18."""

    number: str
    state: State
    ordered: date
    day: date
    slot: str
    items: tuple[Item, ...]
    email: str = field(repr=False)
    phone: str = field(repr=False)
    refund: Refund | None = None

    @property
    def is_furniture(self) -> bool:
        """Whether a team brings and fetches it by appointment."""
        return any(item.product.kind == "furniture" for item in self.items)

    @property
    def total(self) -> int:
        """What its items cost, in Singapore dollars."""
        return sum(item.product.price * item.quantity for item in self.items)

    def item(self, language: str) -> str:
        """What was ordered, in words."""
        return BETWEEN[language].join(item.product.names[language][0] for item in self.items)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a customer: a response, and the values of the places in it. done: whether anything changed."""

    response: str
    values: Mapping[str, str | int] = field(default_factory=dict)
    done: bool = False


def now() -> datetime:
    """The time in the shop."""
    return datetime.now(SINGAPORE)
