from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from chatbot.dialogue.domain import Domain, Variant
from chatbot.errors import ActionError
from chatbot.messages import (
    Button,
    Entity,
    Evidence,
    FormActive,
    Intent,
    Outcome,
    Planned,
    SlotSet,
    State,
    Step,
    Utterance,
)
from chatbot.reply.action import Action, InProcess, tracker
from chatbot.reply.template import Speaker

RESPONSES = {
    "utter_hello": (Variant("Hello {name}, {state}, seen {seen}."),),
    "utter_action_failed": (Variant("Sorry."),),
}
SPEAKER = Speaker(Domain((), {}, {}, RESPONSES, ()))
EVIDENCE = Evidence(
    "mei@example.com please",
    "[email] please",
    "zh",
    intents=(Intent("order_status", 0.9),),
    entities=(Entity("email", "mei@example.com", 0, 15),),
)


@pytest.fixture(scope="module")
def actions() -> InProcess:
    return InProcess("tests.reply.sample_actions")


def run(actions: InProcess, name: str, state: State, evidence: Evidence = EVIDENCE) -> Outcome:
    return Action(actions, SPEAKER)(Step("action", "reason", name), evidence, state)


def test_what_an_action_says_is_said_and_its_events_happen(
    actions: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run(actions, "sample_speaks", State("c", active_form="form"))
    assert outcome == Outcome(
        (
            Utterance("Hello Mei, well, seen 3."),
            Utterance("Plain {slot}", (Button("Go", "/go"),), "/a.png"),
        ),
        (SlotSet("seen", 3), FormActive(""), Planned(("utter_more",))),
    )
    assert caplog.messages == ["event 'rewind' of an action is not supported and was left out"]


def test_an_action_reads_the_conversation_as_in_rasa(actions: InProcess) -> None:
    state = State(
        "c7", "zh", 3, slots={"size": "XL"}, active_form="form", taken=(Step("template", "reason", "utter_hello"),)
    )
    assert run(actions, "sample_reads", state) == Outcome(
        (Utterance("c7 | zh | XL | mei@example.com please | order_status | mei@example.com | form | utter_hello"),)
    )


def test_a_pressed_button_is_the_intent_that_an_action_reads(actions: InProcess) -> None:
    pressed = Evidence("/go", "/go", "en", entities=EVIDENCE.entities, command="go")
    text = run(actions, "sample_reads", State("c"), pressed).utterances[0].text
    assert text == "c | en | None | /go | go | mei@example.com | None | action_listen"


@pytest.mark.parametrize("name", ["sample_fails", "sample_says_nothing_known", "action_that_nobody_wrote"])
def test_an_action_that_fails_is_logged_and_the_customer_gets_an_apology(
    actions: InProcess, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    assert run(actions, name, State("c7")) == Outcome((Utterance("Sorry."),))
    assert [(r.levelno, r.message) for r in caplog.records] == [(logging.ERROR, f"action {name} in conversation c7")]


@pytest.mark.parametrize(
    ("name", "why"),
    [("action_that_nobody_wrote", "ActionNotFoundException"), ("sample_fails", "ConnectionError")],
)
def test_an_unknown_or_failing_action_is_told_by_name(actions: InProcess, name: str, why: str) -> None:
    with pytest.raises(ActionError) as failure:
        actions.run({"next_action": name, "tracker": tracker(EVIDENCE, State("c")), "domain": {}})
    assert str(failure.value) == f"The action '{name}' failed: {why}."


def test_the_actions_of_a_package_are_named(actions: InProcess) -> None:
    names = {"sample_speaks", "sample_reads", "sample_fails", "sample_says_nothing_known"}
    assert names <= set(actions.names())


@pytest.mark.parametrize(
    ("code", "reason"),
    [("import no_such_module_x", "No module named 'no_such_module_x'"), ("1 / 0", "division by zero")],
)
def test_a_package_that_cannot_be_imported_is_told_and_the_process_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    """rasa-sdk calls sys.exit(1) there: a server would lose its thread, and `chatbot check` its sentence."""
    package = tmp_path / "broken_actions"
    package.mkdir()
    (package / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        with pytest.raises(ActionError) as failure:
            InProcess("broken_actions").names()
    finally:
        sys.modules.pop("broken_actions", None)
    assert str(failure.value) == f"The actions package 'broken_actions' cannot be imported: {reason}."


def test_rasa_sdk_is_not_imported_before_an_action_runs() -> None:
    assert InProcess("tests.reply.sample_actions").loaded is None
