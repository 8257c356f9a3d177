from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest

from chatbot import messages
from chatbot.conversations.store import OpenTurn
from chatbot.deciding import WHO_WINS, Policy
from chatbot.dialogue.domain import Domain
from chatbot.messages import (
    CLARIFY,
    DEFAULT_FALLBACK,
    MOST_HAPPENED,
    SEARCH,
    Button,
    Event,
    Evidence,
    FollowedUp,
    FormActive,
    Happened,
    Held,
    Intent,
    Message,
    Offered,
    Outcome,
    Reply,
    Restarted,
    SessionStarted,
    Slot,
    SlotSet,
    State,
    Step,
    StepKind,
    StepTaken,
    Told,
    TurnStarted,
    Utterance,
)
from chatbot.project import load_project
from chatbot.reply.template import Speaker
from chatbot.turn import Assistant, Responder
from chatbot.wiring import responders
from tests.dialogue.small import rules
from tests.fakes import THRESHOLDS, SmallDesk

POLICY = Policy(
    Domain(("loop", "greet"), {}, {}, {}, ("action_again",)),
    rules({"loop": ("action_again",), "greet": ("action_once",)}),
    THRESHOLDS,
)
START = State("c", turn=1)


class InMemory:
    """Conversations of one process: states and replies in two tables."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.replies: dict[tuple[str, str], Reply] = {}

    @contextmanager
    def turn(self, message: Message) -> Iterator[OpenTurn]:
        key = (message.conversation_id, message.message_id)
        turn = OpenTurn(message, self.states.get(key[0], State(key[0])), self.replies.get(key))
        yield turn
        self.states[key[0]], self.replies[key] = turn.state, turn.reply


def assistant(said: list[str], responder: Responder) -> Assistant:
    def understand(message: Message, state: State) -> Evidence:
        said.append(message.text)
        return Evidence(message.text, message.text, "en", (Intent(message.text, 0.9),), model="m", index="i")

    kinds: Mapping[StepKind, Responder] = dict.fromkeys(("action", "fallback"), responder)
    return Assistant(InMemory(), understand, POLICY, kinds)


def test_a_message_is_understood_decided_answered_and_remembered() -> None:
    def respond(step: Step, evidence: Evidence, state: State) -> Outcome:
        return Outcome((Utterance(f"{step.name} in turn {state.turn}"),), (SlotSet("seen", evidence.text),))

    desk = assistant([], respond)
    reply = desk.answer(Message("c", "greet", "m1"))
    assert replace(reply, milliseconds={}) == Reply(
        "c",
        "m1",
        "en",
        (Utterance("action_once in turn 1"),),
        (Step("action", "greet: confidence 0.90 >= 0.60", "action_once", intent="greet"),),
        Intent("greet", 0.9),
        "m",
        "i",
    )
    assert desk.conversations.states["c"].slots == {"seen": "greet"}  # type: ignore[attr-defined]
    assert desk.answer(Message("c", "greet", "m2")).text == "action_once in turn 2"


def test_a_repeated_message_is_neither_understood_nor_decided_again() -> None:
    said: list[str] = []
    done: list[str] = []

    def respond(step: Step, evidence: Evidence, state: State) -> Outcome:
        done.append(step.name)
        return Outcome((Utterance("done"),))

    desk = assistant(said, respond)
    first = desk.answer(Message("c", "greet", "m1"))
    again = desk.answer(Message("c", "another text", "m1"))
    assert replace(again, milliseconds={}) == replace(first, milliseconds={})
    assert (said, done) == (["greet"], ["action_once"])


def test_a_rule_that_never_ends_is_cut_after_ten_steps() -> None:
    def again(step: Step, evidence: Evidence, state: State) -> Outcome:
        return Outcome((Utterance("again"),), (FollowedUp("action_again"),))

    reply = assistant([], again).answer(Message("c", "loop", "m1"))
    assert [step.name for step in reply.steps] == ["action_again"] * 10
    assert reply.text == "\n".join(["again"] * 10)


def test_the_next_turn_begins_without_what_the_last_one_left_over() -> None:
    def again(step: Step, evidence: Evidence, state: State) -> Outcome:
        return Outcome((), (FollowedUp("action_again"),) if step.name == "action_again" else ())

    desk = assistant([], again)
    desk.answer(Message("c", "loop", "m1"))
    assert [step.name for step in desk.answer(Message("c", "greet", "m2")).steps] == ["action_once"]


def test_there_is_a_responder_for_each_kind_of_step_but_listen() -> None:
    project = load_project(None)
    policy = Policy(project.domain, project.rules, THRESHOLDS)
    assert set(responders(policy, project, Speaker(project.domain))) == set(get_args(StepKind)) - {"listen"}


def test_the_table_of_who_wins_is_in_the_order_that_was_agreed() -> None:
    assert [row.__name__ for row in WHO_WINS] == [
        "person",
        "enough",
        "preparing",
        "followed",
        "several",
        "going_on",
        "finished",
        "form",
        "button",
        "same_question",
        "rule_or_pair",
        "outside",
        "ask_again",
        "clarify",
    ]


# --- the state --------------------------------------------------------------------------------------------------------


def test_events_make_a_new_state_and_leave_the_old_one_as_it_was() -> None:
    before = State("c", slots={"a": 1}, followup="y", offered=(Button("A", "/a"),), fresh={"a": 1})
    step = Step("action", "why", "x", intent="greet")
    events = (
        TurnStarted("zh", "what?"),
        Told({"c": "words", "d": 4}, words=("c",)),
        FollowedUp("x"),
        StepTaken(step, ("number",)),
        FollowedUp("z"),
        SlotSet("a", None),
        SlotSet("b", "2"),
        FormActive("form", "b"),
        FormActive("form", "b"),
        Offered((Button("B", "/b"),)),
        Held("Mei"),
    )
    assert before.after(*events) == State(
        "c",
        language="zh",
        turn=1,
        question="what?",
        slots={"a": None, "b": "2", "c": "words", "d": 4},
        words=("c",),
        active_form="form",
        requested_slot="b",
        trigger="greet",
        asked=2,
        held_by="Mei",
        happened=(
            Happened("intent", "greet", "", ("number",)),
            Happened("action", "x"),
            Happened("begun", "form"),
        ),
        fresh={"c": "words", "d": 4},
        followup="z",
        taken=(step,),
        offered=(Button("B", "/b"),),
    )
    assert before == State("c", slots={"a": 1}, followup="y", offered=(Button("A", "/a"),), fresh={"a": 1})


@pytest.mark.parametrize(
    ("events", "asked"),
    [
        ([FormActive("form", "a")], 1),
        ([FormActive("form", "a"), FormActive("form", "a")], 2),
        ([FormActive("form", "a"), FormActive("form", "b")], 1),
        ([FormActive("form", "a"), FormActive("")], 0),
        ([FormActive("form", "a"), FormActive(""), FormActive("form", "a")], 1),
    ],
)
def test_it_is_counted_how_often_in_a_row_a_slot_was_asked_for(events: list[FormActive], asked: int) -> None:
    assert State("c").after(*events).asked == asked


def past(*events: Event, before: State = START) -> list[tuple[str, str, str]]:
    return [(one.kind, one.name, one.loop) for one in before.after(*events).happened]


def test_what_happened_is_told_as_rules_name_it() -> None:
    assert past(StepTaken(Step("template", "", "utter_a", intent="greet")), StepTaken(Step("action", "", "b"))) == [
        ("intent", "greet", ""), ("action", "utter_a", ""), ("action", "b", ""),
    ]  # fmt: skip
    for kind, action in (("retrieval", SEARCH), ("clarify", CLARIFY), ("fallback", DEFAULT_FALLBACK)):
        step = StepTaken(Step(kind, "", "7"))  # type: ignore[arg-type]
        assert past(step) == [("intent", "nlu_fallback", ""), ("action", action, "")]
    assert past(StepTaken(Step("human", "", "Mei"))) == []


def test_turns_that_only_fill_a_form_leave_no_trace_and_digressions_do() -> None:
    form = StepTaken(Step("form", "", "form", intent="order"))
    begun = START.after(form, FormActive("form"), FormActive("form", "a"))
    first = [("intent", "order", ""), ("action", "form", ""), ("begun", "form", "")]
    assert past(before=begun) == first
    filled = (TurnStarted("en"), StepTaken(Step("form", "", "form")), FormActive("form", "b"))
    assert past(*filled, before=begun) == first
    asks = StepTaken(Step("form", "", "form"))
    digressed = (TurnStarted("en"), StepTaken(Step("template", "", "utter_a", intent="help")), asks)
    in_form = [("intent", "help", "form"), ("action", "utter_a", "form"), ("action", "form", "form")]
    assert past(*filled, *digressed, before=begun) == first + in_form
    told_to_go_on = StepTaken(Step("form", "", "form", intent="affirm"))
    assert past(TurnStarted("en"), told_to_go_on, before=begun) == [
        *first, ("intent", "affirm", "form"), ("action", "form", "form"),
    ]  # fmt: skip


@pytest.mark.parametrize(("filled", "kind"), [(True, "done"), (False, "left")])
def test_a_form_that_is_filled_is_told_from_one_that_is_left(filled: bool, kind: str) -> None:
    state = START.after(FormActive("form", "a"), FormActive("", filled=filled))
    assert past(before=state) == [("begun", "form", ""), (kind, "form", "form")]
    assert (state.active_form, state.requested_slot, state.trigger, state.asked) == ("", "", "", 0)
    assert past(FormActive(""), FormActive("", filled=True)) == []


def test_only_the_latest_of_a_long_conversation_is_looked_back_on() -> None:
    state = START.after(*[StepTaken(Step("template", "", f"utter_{n}", intent="a")) for n in range(MOST_HAPPENED)])
    assert len(state.happened) == MOST_HAPPENED
    assert state.happened[-1].name == f"utter_{MOST_HAPPENED - 1}"


def test_a_conversation_that_is_restarted_keeps_its_number_its_language_and_who_holds_it() -> None:
    step = Step("action", "", "action_restart", intent="restart")
    begun = State("c", "zh", 3, "what?", {"a": 1}, ("a",), "form", "a", "order", 2, "Mei")
    state = begun.after(StepTaken(step), Restarted())
    assert state == State("c", "zh", 3, held_by="Mei", taken=(step,))


@pytest.mark.parametrize(("keep", "slots", "words"), [(True, {"a": 1}, ("a",)), (False, {}, ())])
def test_a_new_session_forgets_what_went_on(keep: bool, slots: dict[str, Slot], words: tuple[str, ...]) -> None:
    begun = State("c", "zh", 3, "what?", {"a": 1}, ("a",), "form", "a", "order", 2, "Mei", offered=(Button("A", "/a"),))
    assert begun.after(SessionStarted(keep)) == State("c", "zh", 3, slots=slots, words=words, held_by="Mei")


def test_every_noun_is_frozen() -> None:
    nouns = [one for one in vars(messages).values() if isinstance(one, type) and one.__module__ == messages.__name__]
    assert len(nouns) >= 15
    assert [noun for noun in nouns if not noun.__dataclass_params__.frozen] == []  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        State("c").turn = 3  # type: ignore[misc]


# --- what it stands on ------------------------------------------------------------------------------------------------


def test_the_way_of_a_message_loads_no_heavy_library() -> None:
    heavy = ("torch", "transformers", "sentence_transformers", "faiss", "gradio", "sanic", "rasa_sdk", "onnxruntime")
    code = f"import sys, chatbot.turn; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[]\n"


def test_the_running_assistant_tells_its_actions_which_home_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An action of the shop writes tickets; `--home` must reach it though rasa-sdk makes the action itself."""
    from chatbot import wiring
    from chatbot.models.thresholds import Band, Calibrated, Trials, write_thresholds
    from chatbot.settings import load_settings
    from chatbot.understanding.pairs import write_calibration
    from tests.fakes import CALIBRATION, bare_model

    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path / "elsewhere"))
    given = tmp_path / "given"
    nothing = Trials((), (), (), ())
    model = bare_model(given / "models" / "v1", nothing)
    write_thresholds(model, Calibrated(Band(0.6, 0.25, 0.03, False, 0, 0.0, 0.0, 0), nothing))
    (given / "index").mkdir()
    write_calibration(given / "index", CALIBRATION)
    (given / "models" / "current").write_text("v1\n")
    small = SmallDesk(tmp_path / "small")

    class Knowledge:
        base = small.understanding.knowledge
        store = SimpleNamespace(word_counts=lambda _: {})

        def __init__(self, *_: object) -> None:
            self.closed = False

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(wiring, "IntentClassifier", lambda *_: small.classifier)
    monkeypatch.setattr(wiring, "Knowledge", Knowledge)
    monkeypatch.setattr(wiring, "sentence_encoder", lambda _: SimpleNamespace(has_word=lambda _: True))
    monkeypatch.setattr(wiring, "SureSearch", lambda base, _: base)
    desk = wiring.Frontdesk(load_settings(home=given))
    reply = desk.answer(Message("c1", "a person please", "m1"))
    assert "I have opened ticket T-" in reply.text
    assert os.environ["CHATBOT_HOME"] == str(given)
    assert desk.history("c1")[0].reply.utterances == reply.utterances
    assert not (tmp_path / "elsewhere").exists()
    assert desk.versions() == {"model": "keywords-1", "index": "listed-1"}
    desk.close()
    small.close()
