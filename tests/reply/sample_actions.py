"""Actions as people write them for Rasa."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet, UserUtteranceReverted


class SampleSpeaks(Action):
    def name(self) -> str:
        return "sample_speaks"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[EventType]:
        dispatcher.utter_message(response="utter_hello", name="Mei", state="well")
        dispatcher.utter_message(text="Plain {slot}", buttons=[{"title": "Go", "payload": "/go"}], image="/a.png")
        return [SlotSet("seen", 3), ActiveLoop(None), FollowupAction("utter_more"), UserUtteranceReverted()]


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
            tracker.active_loop.get("name"),
            tracker.latest_action_name,
        ]
        dispatcher.utter_message(text=" | ".join(map(str, known)))


class SampleFails(Action):
    def name(self) -> str:
        return "sample_fails"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> None:
        dispatcher.utter_message(text="never said")
        raise ConnectionError("the warehouse does not answer")


class SampleSaysNothingKnown(Action):
    def name(self) -> str:
        return "sample_says_nothing_known"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> None:
        dispatcher.utter_message(response="utter_typo")
