"""Actions of a small project, as they run in process and on rasa-sdk's own server.

What is booked is a line of the file that BOOKINGS names. Beside it, a file `crash` makes the server die as soon as a
seat is booked, before it can say so.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from rasa_sdk import Action, FormValidationAction
from rasa_sdk.events import ActiveLoop, AllSlotsReset, ConversationPaused, EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection

LARGE = 4


def bookings() -> Path:
    return Path(os.environ["BOOKINGS"])


class ValidateBookingForm(FormValidationAction):
    def name(self) -> str:
        return "validate_booking_form"

    async def required_slots(self, domain_slots: list[str], dispatcher: Any, tracker: Any, domain: Any) -> list[str]:
        large = int(tracker.get_slot("seats") or 0) > LARGE
        return [domain_slots[0], "group_name", *domain_slots[1:]] if large else domain_slots

    async def extract_group_name(self, dispatcher: Any, tracker: Any, domain: Any) -> dict[str, Any]:
        asked = tracker.get_slot("requested_slot") == "group_name"
        return {"group_name": tracker.latest_message["text"]} if asked else {}

    def validate_group_name(self, value: Any, dispatcher: Any, tracker: Any, domain: Any) -> dict[str, Any]:
        return {"group_name": str(value).title()}

    async def validate_seats(self, value: Any, dispatcher: Any, tracker: Any, domain: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        if int(value) == 0:
            raise ActionExecutionRejection(self.name(), "nobody comes")
        if int(value) > 10:
            dispatcher.utter_message(text="We have ten seats at most.")
            return {"seats": None}
        return {"seats": int(value)}

    def validate_day(self, value: Any, dispatcher: Any, tracker: Any, domain: Any) -> dict[str, Any]:
        return {"day": str(value).capitalize()}


class ActionBook(Action):
    def name(self) -> str:
        return "action_book"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        """Books once for each key, as an action should that must not do a thing twice."""
        key = tracker.latest_message["metadata"]["idempotency_key"]
        known = bookings().read_text() if bookings().exists() else ""
        if key not in known:
            with bookings().open("a") as file:
                file.write(f"{key} {tracker.get_slot('seats')} {tracker.get_slot('day')}\n")
        if bookings().with_name("crash").exists():
            os.killpg(os.getpgid(0), signal.SIGKILL)
        dispatcher.utter_message(text=f"Booked: {tracker.get_slot('seats')}.")
        return [SlotSet("booked", True)]


class ActionCancel(Action):
    def name(self) -> str:
        return "action_cancel"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        if not tracker.get_slot("booked"):
            raise LookupError(f"nothing is booked: {tracker.latest_message['text']}")
        bookings().unlink()
        dispatcher.utter_message(text="Cancelled.")
        return [AllSlotsReset()]


class ActionStart(Action):
    def name(self) -> str:
        return "action_start"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        return [ActiveLoop("booking_form"), SlotSet("seats", 3)]


class ActionFollow(Action):
    def name(self) -> str:
        return "action_follow"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        return [FollowupAction("action_that_nobody_wrote")]


class ActionPause(Action):
    def name(self) -> str:
        return "action_pause"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        dispatcher.utter_message(text="A colleague goes on.")
        return [ConversationPaused()]


class ActionRemember(Action):
    def name(self) -> str:
        return "action_remember"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        return [SlotSet("remembered", True)]
