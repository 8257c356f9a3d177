"""Asks which of the free appointments it shall be, with a button for each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from chatbot.shop.actions.asking import language, said
from chatbot.shop.actions.forms import free_slots

NAMES = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}


class ActionAskDeliveryDay(Action):
    """Which day."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_ask_appointment_form_delivery_day"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The days that are free."""
        ask(dispatcher, "utter_ask_delivery_day", [f"{name_of(day, language(tracker))} {day}" for day in free_slots()])
        return []


class ActionAskDeliverySlot(Action):
    """Which hours of it."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_ask_appointment_form_delivery_slot"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The slots that are free on the day."""
        day = date.fromisoformat(said(tracker, "delivery_day"))
        ask(dispatcher, "utter_ask_delivery_slot", list(free_slots().get(day, ())))
        return []


def ask(dispatcher: CollectingDispatcher, response: str, choices: list[str]) -> None:
    """The question, with what can be chosen in its text and on buttons."""
    buttons = [{"title": choice, "payload": choice} for choice in choices]
    dispatcher.utter_message(response=response, choices=", ".join(choices), buttons=buttons)


def name_of(day: date, language: str) -> str:
    """The day of the week."""
    return NAMES[language][day.weekday()]
