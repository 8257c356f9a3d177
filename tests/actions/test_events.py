from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import events as sdk

from chatbot.actions.events import read_events
from chatbot.dialogue.domain import Domain
from chatbot.dialogue.slots import SlotRules
from chatbot.messages import Event, FollowedUp, FormActive, Held, Restarted, SlotSet, State

DOMAIN = Domain((), {"colour": SlotRules(initial="green")}, {"form": ("colour",)}, {}, ())
STATE = State("c", slots={"colour": "red", "size": "XL"}, held_by="paused")


@pytest.mark.parametrize(
    ("event", "read"),
    [
        (sdk.SlotSet("size", "S"), (SlotSet("size", "S"),)),
        (sdk.SlotSet("not_in_the_domain", [1]), (SlotSet("not_in_the_domain", [1]),)),
        (sdk.AllSlotsReset(), (SlotSet("colour", "green"), SlotSet("size", None))),
        (sdk.ActiveLoop("form"), (FormActive("form"),)),
        (sdk.ActiveLoop(None), (FormActive(""),)),
        ({"event": "form", "name": None}, (FormActive(""),)),
        (sdk.FollowupAction("action_more"), (FollowedUp("action_more"),)),
        (sdk.Restarted(), (Restarted(), SlotSet("colour", "green"))),
        (sdk.ConversationPaused(), (Held("paused"),)),
        (sdk.ConversationResumed(), (Held(""),)),
        (sdk.SessionStarted(), ()),
        (sdk.ActionExecuted("action_more"), ()),
        (sdk.UserUttered("Hi"), ()),
        (sdk.BotUttered("Hi"), ()),
        (sdk.AgentUttered("Hi"), ()),
        (sdk.LoopInterrupted(True), ()),
        (sdk.ActionExecutionRejected("action_more"), ()),
    ],
)
def test_events_of_rasa_sdk_are_the_states_own(
    event: dict[str, Any], read: tuple[Event, ...], caplog: pytest.LogCaptureFixture
) -> None:
    assert read_events([event], STATE, DOMAIN) == read
    assert caplog.messages == []


@pytest.mark.parametrize(
    "event",
    [
        sdk.UserUtteranceReverted(),
        sdk.ActionReverted(),
        sdk.StoryExported(),
        sdk.ReminderCancelled("mei@example.com"),
        {"event": "slot", "value": "mei@example.com"},
        {"event": "followup", "name": None},
        {"event": "active_loop", "name": "no_form_of_the_domain"},
        {"event": None},
        {"text": "mei@example.com"},
    ],
)
def test_what_cannot_be_followed_is_left_out_told_by_its_kind_and_disturbs_nothing(
    event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    around = [sdk.SlotSet("size", "S"), event, sdk.SlotSet("size", "M")]
    assert read_events(around, STATE, DOMAIN) == (SlotSet("size", "S"), SlotSet("size", "M"))
    assert caplog.messages == [f"event '{event.get('event')}' of an action is not supported and was left out"]


def test_a_conversation_that_a_person_holds_stays_with_the_person() -> None:
    assert read_events([sdk.ConversationResumed()], State("c", held_by="Ada"), DOMAIN) == ()


def test_slots_that_the_same_action_has_set_are_reset_too() -> None:
    events = read_events([sdk.SlotSet("new", 1), sdk.AllSlotsReset()], State("c"), DOMAIN)
    assert State("c").after(*events).slots == {"new": None, "colour": "green"}
