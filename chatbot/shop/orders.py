"""The shop's orders, in a SQLite file of their own: shown to their owners, and changed once, whoever asks how often.

Made from orders.json when it is first needed; the days there are counted from that day, so that the demo is never old.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from chatbot.conversations.sealing import Seal, secret
from chatbot.settings import load_settings
from chatbot.shop.migrations import MIGRATIONS
from chatbot.shop.proof import is_owner
from chatbot.shop.records import Answer, Item, Order, Product, Refund, now
from knowledge_base.connections import Connections

TRIES, WINDOW = 5, timedelta(hours=1)
"""Wrong proofs for one order in that time: four digits have 10,000 values, this leaves 120 tries a day."""
NOT_FOUND = Answer("utter_order_not_found")
"""One answer for an unknown number and for a wrong proof: nobody learns which orders exist."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and what proves that the order is theirs. conversation_id and turn: what is done once for them."""

    conversation_id: str
    turn: int
    number: str
    contact: str


class Orders:
    """The orders of one home. Safe to use from several threads and processes."""

    def __init__(self, path: Path, seal: Seal, at: Callable[[], datetime] = now) -> None:
        """at: the time in the shop."""
        self.connections = Connections(path, MIGRATIONS, synchronous="NORMAL")
        self.seal, self.at = seal, at
        with self.connections.reading() as db:
            is_new = not db.execute("SELECT 1 FROM orders").fetchone()
        if is_new:
            self.fill()

    def fill(self) -> None:
        """Products and orders of the seed, unless another process was faster."""
        seed = json.loads(resources.files("chatbot.shop").joinpath("orders.json").read_text("utf-8"))
        with self.connections.writing() as db:
            if not db.execute("SELECT 1 FROM orders").fetchone():
                for product in seed["products"]:
                    insert_product(db, product)
                for order in seed["orders"]:
                    insert_order(db, order, self.at().date(), self.seal)

    def proved(self, asked: Asked) -> Order | None:
        """The order, if the contact proves that it is theirs; after too many wrong ones, for a while nothing does."""
        with self.connections.writing() as db:
            return self.shown(db, asked)

    def shown(self, db: Database, asked: Asked) -> Order | None:
        """As proved, inside of a transaction. A turn that is tried again counts once."""
        db.execute("DELETE FROM wrong_proofs WHERE at < ?", [(self.at() - WINDOW).isoformat()])
        tries = db.execute(
            "SELECT conversation_id, turn, sealed FROM wrong_proofs WHERE number = ?", [asked.number]
        ).fetchall()
        if len(tries) >= TRIES:
            return None
        order = self.read(db, asked.number)
        if order is not None and is_owner(order, asked.contact):
            return order
        if all(self.is_another(asked, *row) for row in tries):
            wrong = [asked.number, asked.conversation_id, asked.turn, self.at().isoformat()]
            sealed = self.seal.close({"contact": asked.contact})
            db.execute("INSERT INTO wrong_proofs VALUES (?, ?, ?, ?, ?)", [*wrong, sealed])
        return None

    def is_another(self, asked: Asked, conversation_id: str, turn: int, sealed: bytes) -> bool:
        """Whether a wrong proof was another turn's, or another one under the same number of a turn."""
        same_turn = (conversation_id, turn) == (asked.conversation_id, asked.turn)
        return not same_turn or self.seal.open(sealed)["contact"] != asked.contact

    def read(self, db: Database, number: str) -> Order | None:
        """The order of a number."""
        row = db.execute("SELECT state, ordered, day, slot, sealed FROM orders WHERE number = ?", [number]).fetchone()
        if row is None:
            return None
        items = tuple(
            Item(product_of(rest), quantity)
            for quantity, *rest in db.execute(
                "SELECT quantity, products.* FROM items JOIN products USING (sku) WHERE number = ? ORDER BY sku",
                [number],
            )
        )
        paid = db.execute("SELECT amount, asked, arrived, paid FROM refunds WHERE number = ?", [number]).fetchone()
        refund = Refund(paid[0], *map(day_of, paid[1:])) if paid else None  # type: ignore[arg-type]
        owner = self.seal.open(row[4])
        return Order(
            number,
            row[0],
            date.fromisoformat(row[1]),
            date.fromisoformat(row[2]),
            row[3],
            items,
            owner["email"],
            owner["phone"],
            refund,
        )

    def once(
        self, kind: str, asked: Asked, words: Mapping[str, str], work: Callable[[Database, Order | None], Answer]
    ) -> Answer:
        """What the work answers, in one transaction with it; a turn that is tried again gets the answer it got before.

        words: the customer's own, kept sealed with what was done. work: gets the order if it is proved to be theirs.
        """
        told = {**words, "contact": asked.contact}
        with self.connections.writing() as db:
            before = self.answered(db, kind, asked, told)
            if before:
                return before
            answer = work(db, self.shown(db, asked) if asked.number else None)
            if answer.done:
                said = json.dumps({"response": answer.response, "values": dict(answer.values)}, ensure_ascii=False)
                key = [asked.conversation_id, asked.turn, kind, asked.number]
                values = [*key, self.at().isoformat(), said, self.seal.close(told)]
                db.execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            return answer

    def answered(self, db: Database, kind: str, asked: Asked, told: Mapping[str, str]) -> Answer | None:
        """What the turn was answered before. Only to the same proof and words: a turn's number alone proves nothing."""
        query = """SELECT answer, sealed FROM requests
            WHERE conversation_id = ? AND turn = ? AND kind = ? AND number = ?"""
        key = [asked.conversation_id, asked.turn, kind, asked.number]
        for answer, sealed in db.execute(query, key).fetchall():
            if self.seal.open(sealed) == told:
                return Answer(**json.loads(answer), done=True)
        return None

    def products(self) -> list[Product]:
        """All that the shop sells, with what is in stock now."""
        with self.connections.reading() as db:
            return [product_of(row) for row in db.execute("SELECT * FROM products ORDER BY sku")]

    def close(self) -> None:
        """Closes the file."""
        self.connections.close()


def opened() -> Orders:
    """The orders of this installation. Actions open them when they run: merely loading an action writes nothing."""
    home = load_settings().home
    return Orders(home / "orders.db", Seal(secret(home)))


def product_of(row: Any) -> Product:
    """A product of a row of its table."""
    sku, names, kind, price, made_to_measure, nights, online, showroom = row
    called = {language: tuple(each) for language, each in json.loads(names).items()}
    return Product(sku, called, kind, price, bool(made_to_measure), nights, online, showroom)


def day_of(text: str | None) -> date | None:
    """A day as the database keeps it."""
    return date.fromisoformat(text) if text else None


def insert_product(db: Database, raw: Mapping[str, Any]) -> None:
    """A product of the seed."""
    names = json.dumps(raw["names"], ensure_ascii=False)
    made, nights = int(raw.get("made_to_measure", False)), raw.get("nights", 30)
    row = [raw["sku"], names, raw["kind"], raw["price"], made, nights, raw["online"], raw["showroom"]]
    db.execute("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def insert_order(db: Database, raw: Mapping[str, Any], today: date, seal: Seal) -> None:
    """An order of the seed; its days are counted from today."""

    def day(days: int | None) -> str | None:
        return None if days is None else (today + timedelta(days=days)).isoformat()

    number = raw["number"]
    owner = seal.close({"email": raw["email"], "phone": raw["phone"]})
    row = [number, raw["state"], day(raw["ordered"]), day(raw["day"]), raw.get("slot", ""), owner]
    db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", row)
    for sku, quantity in raw["items"].items():
        db.execute("INSERT INTO items VALUES (?, ?, ?)", [number, sku, quantity])
    if refund := raw.get("refund"):
        price = "SELECT sum(price * quantity) FROM items JOIN products USING (sku) WHERE number = ?"
        paid = [day(refund.get(name)) for name in ("asked", "arrived", "paid")]
        db.execute(f"INSERT INTO refunds VALUES (?, ({price}), ?, ?, ?)", [number, number, *paid])  # noqa: S608
