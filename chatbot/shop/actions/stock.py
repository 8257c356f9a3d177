"""What is in stock, where the customer names a product; else where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from chatbot.shop.actions.asking import language
from chatbot.shop.offers import has
from chatbot.shop.orders import opened
from chatbot.shop.records import Product


class ActionCheckStock(Action):
    """Says how many there are of a product."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_check_stock"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Utters the numbers of the product that is named, or the way to them."""
        entities = tracker.latest_message.get("entities") or ()
        marked = [str(entity["value"]) for entity in entities if entity["entity"] == "product"]
        with closing(opened()) as orders:
            product = named([*marked, str(tracker.latest_message.get("text") or "")], orders.products())
        if product is None:
            dispatcher.utter_message(response="utter_check_stock")
            return []
        response = "utter_in_stock" if product.online else "utter_sold_out"
        called = product.names[language(tracker)][0]
        dispatcher.utter_message(
            response=response, product=called, online=product.online, showroom=product.showroom, price=product.price
        )
        return []


def named(texts: Sequence[str], products: Sequence[Product]) -> Product | None:
    """The product whose name, in any language, stands in the first text that has one; the longest name wins."""
    for text in texts:
        found = [
            (len(name), product)
            for product in products
            for names in product.names.values()
            for name in names
            if has(text.casefold(), name.casefold())
        ]
        if found:
            return max(found, key=lambda each: each[0])[1]
    return None
