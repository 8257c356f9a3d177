from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.actions.calls import ActionRejectedError
from chatbot.actions.events import READERS
from chatbot.actions.in_process import InProcess
from chatbot.conversations.codec import state_from, state_json
from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.slots import SlotRules
from chatbot.errors import ActionError
from chatbot.messages import (
    Button,
    Entity,
    Evidence,
    Exchange,
    FollowedUp,
    FormActive,
    Held,
    Intent,
    Outcome,
    Reply,
    Restarted,
    SlotSet,
    State,
    Step,
    Utterance,
)
from chatbot.reply import action as action_module
from chatbot.reply.action import Action
from chatbot.reply.template import Speaker

NAMES = (
    "sample_speaks",
    "sample_speaks_richly",
    "sample_reads",
    "sample_reads_the_past",
    "sample_fails",
    "sample_declines",
    "sample_says_nothing_known",
    "sample_begins_anew",
    "action_that_nobody_wrote",
)
RESPONSES = {
    "utter_hello": (Variant("Hello {name}, {state}, seen {seen}."),),
    "utter_buttons": (Variant("Where to?", (Button("Home", "/home"),)),),
    "utter_restart": (Variant("Anew."),),
    "utter_fallback": (Variant("No idea."),),
    "utter_action_failed": (Variant("Sorry."),),
}
DOMAIN = Domain(
    intents=(),
    slots={"never_filled": SlotRules(), "colour": SlotRules(initial="green")},
    forms={"form": ("never_filled",)},
    responses=RESPONSES,
    actions=NAMES,
)
SPEAKER = Speaker(DOMAIN)
EVIDENCE = Evidence(
    "mei@example.com please",
    "[email] please",
    "zh",
    intents=(Intent("order_status", 0.9),),
    entities=(
        Entity("email", "mei@example.com", 0, 15),
        Entity("city", "Bergen", 0, 6, "from", "1"),
        Entity("city", "Oslo", 0, 4, "to", "2"),
    ),
)
SORRY = Outcome((Utterance("Sorry."),), (FollowedUp("action_listen"),))


@pytest.fixture(scope="module")
def actions() -> InProcess:
    return InProcess("tests.reply.sample_actions")


def run(actions: InProcess, name: str, state: State, evidence: Evidence = EVIDENCE) -> Outcome:
    return Action(actions, SPEAKER, DOMAIN)(Step("action", "reason", name), evidence, state)


def test_what_an_action_says_is_said_and_its_events_happen(
    actions: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run(actions, "sample_speaks", State("c", active_form="form"))
    assert outcome == Outcome(
        (
            Utterance("Hello Mei, well, seen 3."),
            Utterance("Plain {slot}", (Button("Go", "/go"),), "/a.png"),
        ),
        (SlotSet("seen", 3), FormActive(""), FollowedUp("utter_more")),
    )
    assert caplog.messages == ["event 'rewind' of an action is not supported and was left out"]


def test_whatever_a_dispatcher_can_be_told_is_said(actions: InProcess) -> None:
    assert run(actions, "sample_speaks_richly", State("c")).utterances == (
        Utterance("Where to?", (Button("Home", "/home"), Button("Shop", "https://shop.example"), Button("Go", "Go"))),
        Utterance("", custom={"map": [1.5, 2], "attachment": "/terms.pdf"}),
        Utterance("", (Button("Yes", "/affirm"),), custom={"elements": [{"title": "Lamp"}]}),
        Utterance("Another text.", image="/b.png"),
    )


def test_an_action_reads_the_conversation_as_in_rasa(actions: InProcess) -> None:
    state = State(
        "c7",
        "zh",
        3,
        slots={"size": "XL"},
        active_form="form",
        requested_slot="never_filled",
        taken=(Step("template", "reason", "utter_hello"),),
    )
    said = run(actions, "sample_reads", state).utterances[0].text.split(" | ")
    assert said == [
        "c7",
        "zh",
        "XL",
        "mei@example.com please",
        "order_status",
        "mei@example.com",
        "Oslo",
        "form",
        "utter_hello",
        "never_filled",
        "{}",
        "frontdesk",
        "None",
        "['never_filled']",
    ]


def test_slots_that_an_action_is_to_check_are_what_it_validates(actions: InProcess) -> None:
    done = Action(actions, SPEAKER, DOMAIN).perform("sample_reads", EVIDENCE, State("c"), {"size": "XL", "day": None})
    assert done.utterances[0].text.split(" | ")[10] == "{'size': 'XL', 'day': None}"


def test_a_pressed_button_is_the_intent_that_an_action_reads(actions: InProcess) -> None:
    pressed = Evidence("/go", "/go", "en", entities=EVIDENCE.entities, command="go")
    text = run(actions, "sample_reads", State("c"), pressed).utterances[0].text
    assert text.split(" | ")[3:5] == ["/go", "go"]


def test_an_action_reads_what_was_said_and_done_before(actions: InProcess) -> None:
    reply = Reply("c", "m1", "en", (Utterance("Six digits, please."),), (Step("form", "why", "form"),), Intent("x", 1))
    restart = Reply("c", "m0", "en", (), (Step("action", "why", "action_restart"),))
    past = (Exchange("m0", "forget it", restart), Exchange("m1", "my parcel", reply), Exchange("s1", "", reply))
    state = State("c", taken=(Step("template", "why", "utter_hello"),))
    action = Action(actions, SPEAKER, DOMAIN, past=lambda conversation_id: past)
    said = action(Step("action", "why", "sample_reads_the_past"), EVIDENCE, state).utterances[0].text
    assert said.split("\n") == [
        "action: action_listen",
        "user: my parcel",
        "action: form",
        "bot: Six digits, please.",
        "bot: Six digits, please.",
        "action: action_listen",
        "user: mei@example.com please",
        "action: utter_hello",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sample_fails", "The action 'sample_fails' failed: ConnectionError at sample_actions.py:"),
        ("sample_declines", "The action 'sample_declines' declined to run."),
        (
            "action_that_nobody_wrote",
            "The action 'action_that_nobody_wrote' is in no module of 'tests.reply.sample_actions'.",
        ),
    ],
)
def test_an_action_that_fails_is_logged_and_the_turn_ends_with_an_apology(
    actions: InProcess, caplog: pytest.LogCaptureFixture, name: str, why: str
) -> None:
    """Whatever its rule says next would be said of something that was not done."""
    assert run(actions, name, State("c7")) == SORRY
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message.startswith(f"action {name} in conversation c7: {why}")
    assert "mei@example.com" not in caplog.text


def test_who_asks_to_perform_an_action_is_told_that_it_declines_or_fails(actions: InProcess) -> None:
    action = Action(actions, SPEAKER, DOMAIN)
    with pytest.raises(ActionRejectedError):
        action.perform("sample_declines", EVIDENCE, State("c"))
    with pytest.raises(ActionError):
        action.perform("sample_fails", EVIDENCE, State("c"))


def test_what_an_action_has_changed_is_kept_where_it_cannot_be_said(
    actions: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    done = run(actions, "sample_says_nothing_known", State("c7"))
    assert done == Outcome((Utterance("Sorry."),), (SlotSet("cancelled", True),))
    assert caplog.messages == [
        "action sample_says_nothing_known in conversation c7: Response 'utter_typo' has no variant for language 'en'. "
        "Add one to domain.yml."
    ]


def test_slots_that_are_reset_are_as_at_the_beginning(actions: InProcess) -> None:
    begun = run(actions, "sample_begins_anew", State("c", slots={"colour": "red", "size": "XL"}))
    assert begun.events == (
        SlotSet("seen", 1),
        SlotSet("colour", "green"),
        SlotSet("size", None),
        SlotSet("seen", None),
        Held("paused"),
    )


def test_actions_of_one_turn_are_waited_for_no_longer_than_the_turn_may_take(
    actions: InProcess, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A turn that outlives its lease could not be written: what its actions did would be forgotten."""
    monkeypatch.setattr(action_module, "SECONDS_A_TURN", 0.0)
    assert run(actions, "sample_speaks", State("c")) == SORRY
    assert caplog.messages == ["action sample_speaks in conversation c: The turn's 0 s for actions are over."]


class Listening:
    """An action server that only keeps what it is called with."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def run(self, call: object, seconds: float) -> dict[str, list[object]]:
        assert isinstance(call, dict)
        assert call["tracker"]["latest_message"]["metadata"]["idempotency_key"] == call["idempotency_key"]
        self.keys.append(call["idempotency_key"])
        return {"events": [], "responses": []}

    def close(self) -> None:
        pass


def test_a_call_that_is_made_again_has_the_key_of_the_first_and_any_other_has_its_own() -> None:
    server = Listening()
    action, state = Action(server, SPEAKER, DOMAIN), State("c", turn=4)
    again, other = replace(EVIDENCE), replace(EVIDENCE, text="another order")
    later = replace(state, taken=(Step("action", "why", "sample_reads"),))
    action.perform("sample_reads", EVIDENCE, state)
    action.perform("sample_reads", again, State("c", turn=4))
    for name, evidence, now in (
        ("sample_speaks", EVIDENCE, state),
        ("sample_reads", other, state),
        ("sample_reads", EVIDENCE, later),
        ("sample_reads", EVIDENCE, replace(state, turn=5)),
        ("sample_reads", EVIDENCE, replace(state, conversation_id="d")),
    ):
        action.perform(name, evidence, now)
    first, repeated, *others = server.keys
    assert first == repeated
    assert first.startswith("c:4:0:")
    assert len({first, *others}) == 6


def test_default_actions_do_what_they_do_in_rasa(actions: InProcess, caplog: pytest.LogCaptureFixture) -> None:
    waiting = State("c", active_form="form")
    assert run(actions, "action_restart", waiting) == Outcome(
        (Utterance("Anew."),), (Restarted(), SlotSet("colour", "green"))
    )
    assert run(actions, "action_deactivate_loop", waiting) == Outcome((), (FormActive(""),))
    assert run(actions, "action_session_start", waiting) == Outcome()
    assert run(actions, "action_default_fallback", waiting) == Outcome((Utterance("No idea."),))
    assert caplog.messages == []


def test_a_default_action_that_the_domain_names_and_nobody_wrote_is_the_default(actions: InProcess) -> None:
    """Domains of Rasa often list them."""
    domain = replace(DOMAIN, actions=("action_default_fallback",))
    done = Action(actions, SPEAKER, domain)(Step("action", "why", "action_default_fallback"), EVIDENCE, State("c"))
    assert done == Outcome((Utterance("No idea."),))


def test_on_the_rest_channel_an_action_reads_the_sender_that_the_front_end_names(actions: InProcess) -> None:
    known = run(actions, "sample_reads", State("rest:+65 6123")).utterances[0].text.split(" | ")
    assert (known[0], known[11]) == ("+65 6123", "rest")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "text",
    "response",
    "template",
    "buttons",
    "quick_replies",
    "image",
    "custom",
    "attachment",
    "elements",
    "title",
)
responses = st.dictionaries(st.sampled_from([*KEYS, "name", "self", "payload"]), json_values, max_size=6)
buttons = st.fixed_dictionaries({"buttons": st.lists(responses | json_values, max_size=3)})
events = st.dictionaries(st.sampled_from(["event", "name", "value"]), st.sampled_from([*READERS, "x"]) | json_values)


class Odd:
    """An action server that says anything at all, as long as it is JSON."""

    def __init__(self, events: list[Any], responses: list[Any]) -> None:
        self.result = {"events": events, "responses": responses}

    def run(self, call: object, seconds: float) -> Any:
        return self.result

    def close(self) -> None:
        pass


@given(st.lists(events, max_size=5), st.lists(responses | buttons, max_size=3))
def test_whatever_an_action_gives_back_the_turn_goes_on(events: list[Any], responses: list[Any]) -> None:
    server = Odd(events, responses)
    state = State("c", active_form="form")
    done = Action(server, SPEAKER, DOMAIN)(Step("action", "why", "sample_reads"), EVIDENCE, state)
    after = state.after(*done.events)
    assert state_from(json.loads(json.dumps(state_json(after))), "c").active_form in ("", "form")
    assert all(isinstance(one.text, str) and isinstance(one.image, str) for one in done.utterances)


def test_an_action_that_nobody_knows_gets_an_apology_and_no_crash(
    actions: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(actions, "utter_typo", State("c")) == SORRY
    assert caplog.messages == ["action utter_typo is neither the project's nor one that every assistant has"]
