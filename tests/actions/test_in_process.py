from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chatbot.actions.calls import ActionMissingError, ActionRejectedError, ActionUnavailableError
from chatbot.actions.in_process import InProcess
from chatbot.errors import ActionError
from tests.reply import sample_actions

CALL = {
    "sender_id": "c",
    "tracker": {"sender_id": "c", "latest_message": {"text": "mei@example.com"}, "slots": {}, "events": []},
    "domain": {},
    "domain_digest": "d",
}


@pytest.fixture(scope="module")
def actions() -> InProcess:
    return InProcess("tests.reply.sample_actions")


@pytest.fixture
def hanging() -> Iterator[None]:
    """`sample_hangs` goes on after the test."""
    yield
    sample_actions.GO_ON.set()
    for thread in threading.enumerate():
        if thread.name == "sample_hangs":
            thread.join(30)
    sample_actions.GO_ON.clear()


def run(actions: InProcess, name: str, seconds: float = 30) -> Any:
    return actions.run({**CALL, "next_action": name}, seconds)


def test_what_an_action_says_and_changes_comes_back_as_over_the_wire(actions: InProcess) -> None:
    found = run(actions, "sample_speaks")
    assert [each["event"] for each in found["events"]] == ["slot", "active_loop", "followup", "rewind"]
    assert [each["response"] or each["text"] for each in found["responses"]] == ["utter_hello", "Plain {slot}"]


def test_an_object_in_a_slot_is_kept_as_text_that_can_be_written(actions: InProcess) -> None:
    events = run(actions, "sample_puts_an_object_into_a_slot")["events"]
    assert [each["value"] for each in events] == ["2026-05-04", "half a pair: ?"]


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [
        (
            "action_that_nobody_wrote",
            ActionMissingError,
            "The action 'action_that_nobody_wrote' is in no module of 'tests.reply.sample_actions'.",
        ),
        ("sample_fails", ActionError, "The action 'sample_fails' failed: ConnectionError at sample_actions.py:LINE."),
        (
            "sample_ends_the_process",
            ActionError,
            "The action 'sample_ends_the_process' failed: SystemExit at sample_actions.py:LINE.",
        ),
        ("sample_declines", ActionRejectedError, "The action 'sample_declines' declined to run."),
    ],
)
def test_what_fails_is_told_with_its_place_and_without_what_the_error_says(
    actions: InProcess, name: str, kind: type[ActionError], why: str
) -> None:
    with pytest.raises(ActionError) as failure:
        run(actions, name)
    assert (type(failure.value), re.sub(r":\d+", ":LINE", str(failure.value))) == (kind, why)


@pytest.mark.usefixtures("hanging")
def test_an_action_that_hangs_is_given_up_and_others_go_on(actions: InProcess) -> None:
    with pytest.raises(ActionUnavailableError):
        run(actions, "sample_hangs", 0.01)
    assert run(actions, "sample_speaks")["events"]


def test_actions_that_are_first_called_at_once_load_the_package_once() -> None:
    actions, together = InProcess("tests.reply.sample_actions"), threading.Barrier(4)

    def load(_: int) -> int:
        together.wait(30)
        return id(actions.executor())

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(load, range(4)))) == 1


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
