"""Actions as people write them for Rasa."""

from __future__ import annotations

import asyncio
import threading
from datetime import date
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import (
    ActiveLoop,
    AllSlotsReset,
    ConversationPaused,
    EventType,
    FollowupAction,
    SlotSet,
    UserUtteranceReverted,
)
from rasa_sdk.interfaces import ActionExecutionRejection

GO_ON = threading.Event()
"""What `sample_hangs` waits for."""


class SampleSpeaks(Action):
    def name(self) -> str:
        return "sample_speaks"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        await asyncio.sleep(0)
        dispatcher.utter_message(response="utter_hello", name="Mei", state="well")
        dispatcher.utter_message(text="Plain {slot}", buttons=[{"title": "Go", "payload": "/go"}], image="/a.png")
        return [SlotSet("seen", 3), ActiveLoop(None), FollowupAction("utter_more"), UserUtteranceReverted()]


class SampleSpeaksRichly(Action):
    def name(self) -> str:
        return "sample_speaks_richly"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> None:
        dispatcher.utter_message(
            response="utter_buttons",
            buttons=[{"title": "Shop", "url": "https://shop.example", "type": "web_url"}, {"title": "Go"}, "odd"],
            button_type="vertical",
        )
        dispatcher.utter_message(json_message={"map": [1.5, 2]}, attachment="/terms.pdf")
        dispatcher.utter_message(elements=[{"title": "Lamp"}], quick_replies=[{"title": "Yes", "payload": "/affirm"}])
        dispatcher.utter_message()
        dispatcher.utter_message(response="utter_hello", text="Another text.", image="/b.png")


class SampleReads(Action):
    def name(self) -> str:
        return "sample_reads"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> None:
        known = [
            tracker.sender_id,
            tracker.get_slot("language"),
            tracker.get_slot("size"),
            tracker.latest_message["text"],
            tracker.get_intent_of_latest_message(),
            next(tracker.get_latest_entity_values("email")),
            next(tracker.get_latest_entity_values("city", entity_role="to", entity_group="2"), None),
            tracker.active_loop_name,
            tracker.latest_action_name,
            tracker.get_slot("requested_slot"),
            tracker.slots_to_validate(),
            tracker.get_latest_input_channel(),
            tracker.slots["never_filled"],
            domain["forms"]["form"]["required_slots"],
        ]
        dispatcher.utter_message(text=" | ".join(map(str, known)))


class SampleReadsThePast(Action):
    def name(self) -> str:
        return "sample_reads_the_past"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> None:
        seen = [f"{e['event']}: {e.get('text') or e.get('name')}" for e in tracker.applied_events()]
        dispatcher.utter_message(text="\n".join(seen))


class SampleFails(Action):
    def name(self) -> str:
        return "sample_fails"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> None:
        dispatcher.utter_message(text="never said")
        raise ConnectionError(f"no parcel for {tracker.latest_message['text']}")


class SampleEndsTheProcess(Action):
    def name(self) -> str:
        return "sample_ends_the_process"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> None:
        raise SystemExit(1)


class SampleDeclines(Action):
    def name(self) -> str:
        return "sample_declines"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> None:
        raise ActionExecutionRejection(self.name(), "mei@example.com may not")


class SampleHangs(Action):
    def name(self) -> str:
        return "sample_hangs"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        GO_ON.wait(30)
        return [SlotSet("late", True)]


class SampleSaysNothingKnown(Action):
    def name(self) -> str:
        return "sample_says_nothing_known"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        dispatcher.utter_message(response="utter_typo")
        return [SlotSet("cancelled", True)]


class SamplePutsAnObjectIntoASlot(Action):
    def name(self) -> str:
        return "sample_puts_an_object_into_a_slot"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        return [SlotSet("day", date(2026, 5, 4)), SlotSet("text", "half a pair: \ud83d")]


class SampleBeginsAnew(Action):
    def name(self) -> str:
        return "sample_begins_anew"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        return [SlotSet("seen", 1), AllSlotsReset(), ConversationPaused()]
