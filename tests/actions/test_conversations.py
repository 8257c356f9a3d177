"""Actions in whole conversations, through the assistant and the store: in process, and on rasa-sdk's own server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chatbot.actions.breaker import OPEN_FOR, Breaker, Circuit
from chatbot.actions.calls import Actions
from chatbot.actions.endpoint import Endpoint
from chatbot.actions.in_process import InProcess
from chatbot.actions.remote import Remote
from chatbot.conversations.store import ConversationStore
from chatbot.errors import ProjectError
from chatbot.messages import Evidence, Outcome, State, Step
from chatbot.reply.keeping import keeping
from chatbot.reply.template import Speaker
from tests.actions.desk import PACKAGE, PROJECT, BookingDesk
from tests.actions.servers import ActionServer

SORRY = "Sorry, that did not work."


@pytest.fixture
def booked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of what is booked."""
    monkeypatch.setenv("BOOKINGS", str(tmp_path / "bookings"))
    return tmp_path / "bookings"


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ActionServer, Path]]:
    """rasa-sdk's own server, and its file of what is booked."""
    bookings = tmp_path_factory.mktemp("server") / "bookings"
    server = ActionServer(PACKAGE, BOOKINGS=str(bookings))
    yield server, bookings
    server.kill()


@pytest.fixture
def server(shared_server: tuple[ActionServer, Path]) -> tuple[ActionServer, Path]:
    """It runs, and nothing is booked."""
    process, bookings = shared_server
    for left_over in (bookings, bookings.with_name("crash")):
        left_over.unlink(missing_ok=True)
    process.start()
    return process, bookings


class Clock:
    """Seconds, as the test says."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def remote(process: ActionServer, clock: Clock | None = None, selective: bool = False) -> Breaker:
    return Breaker(Remote(Endpoint(process.url, selective=selective)), clock or Clock())


def books(desk: BookingDesk, bookings: Path) -> None:
    """A form with all that rasa-sdk's FormValidationAction has, up to the booking."""
    assert desk.say("I want to book") == ["How many seats?"]
    assert desk.say("12 of them") == ["We have ten seats at most.", "How many seats?"]
    assert desk.say("then 6") == ["What is your group called?"]
    assert desk.say("the grey wolves") == ["Which day?"]
    assert desk.say("friday") == ["Booked: 6.", "See you on Friday."]
    slots = desk.state().slots
    assert {name: slots.get(name) for name in ("seats", "group_name", "day", "booked")} == {
        "seats": 6,
        "group_name": "The Grey Wolves",
        "day": "Friday",
        "booked": True,
    }
    assert [line.split()[1:] for line in bookings.read_text().splitlines()] == [["6", "Friday"]]


def test_a_form_is_validated_and_its_action_runs_in_process(tmp_path: Path, booked: Path) -> None:
    desk = BookingDesk(tmp_path, InProcess(PACKAGE))
    books(desk, booked)
    assert desk.say("cancel it") == ["Cancelled."]
    assert not booked.exists()
    assert set(desk.state().slots.values()) == {None}
    desk.close()


@pytest.mark.parametrize("selective", [False, True])
def test_a_form_is_validated_and_its_action_runs_on_an_action_server(
    tmp_path: Path, server: tuple[ActionServer, Path], selective: bool
) -> None:
    desk = BookingDesk(tmp_path, remote(server[0], selective=selective))
    books(desk, server[1])
    desk.close()


def test_a_server_that_is_killed_in_the_middle_of_a_conversation_costs_an_apology_and_nothing_else(
    tmp_path: Path, server: tuple[ActionServer, Path], caplog: pytest.LogCaptureFixture
) -> None:
    (process, bookings), clock = server, Clock()
    actions = remote(process, clock)
    desk = BookingDesk(tmp_path, actions)
    desk.say("I want to book")
    assert desk.say("6") == ["What is your group called?"]
    before = desk.state()
    process.kill()
    assert [desk.say("the grey wolves") for _ in range(4)] == [[SORRY]] * 4
    now = desk.state()
    assert (now.active_form, now.requested_slot, now.slots) == ("booking_form", "group_name", before.slots)
    assert actions.circuit == Circuit(3, 0.0)
    assert "the grey wolves" not in caplog.text
    process.start()
    assert desk.say("the grey wolves") == [SORRY]  # nobody waits for it yet
    clock.now += OPEN_FOR
    assert desk.say("the grey wolves") == ["Which day?"]
    assert actions.circuit == Circuit()
    assert desk.say("friday") == ["Booked: 6.", "See you on Friday."]
    assert [line.split()[1:] for line in bookings.read_text().splitlines()] == [["6", "Friday"]]
    desk.close()


def test_what_a_server_did_before_it_died_is_not_done_again(tmp_path: Path, server: tuple[ActionServer, Path]) -> None:
    """Whether the action has run is not known: it is neither called again nor said to have worked."""
    process, bookings = server
    desk = BookingDesk(tmp_path, remote(process))
    desk.say("I want to book")
    desk.say("2")
    bookings.with_name("crash").touch()
    assert desk.say("friday", "last") == [SORRY]
    assert desk.say("friday", "last") == [SORRY]
    assert len(bookings.read_text().splitlines()) == 1
    assert (desk.state().slots["seats"], desk.state().slots["day"], desk.state().slots.get("booked")) == (
        2,
        "Friday",
        None,
    )
    desk.close()


def test_an_action_that_fails_says_nothing_of_what_the_customer_wrote(
    tmp_path: Path, server: tuple[ActionServer, Path], caplog: pytest.LogCaptureFixture
) -> None:
    """rasa-sdk's 500 repeats the error and the whole tracker."""
    for number, actions in enumerate((remote(server[0]), InProcess(PACKAGE))):
        home = tmp_path / str(number)
        home.mkdir()
        desk = BookingDesk(home, actions)
        reply = desk.answer("cancel it for mei@example.com")
        assert [utterance.text for utterance in reply.utterances] == [SORRY]
        desk.close()
    assert "mei@example.com" not in caplog.text
    errors = [r.message.split(": ", 1)[1] for r in caplog.records if r.levelno == logging.ERROR]
    assert errors[0] == "The action server answered 'action_cancel' with status 500."
    assert errors[1].startswith("The action 'action_cancel' failed: LookupError at booking_actions.py:")


class Counting:
    """The project's own actions, and how often each was run."""

    def __init__(self, actions: Actions) -> None:
        self.actions = actions
        self.ran: list[str] = []

    def run(self, call: Any, seconds: float) -> Any:
        self.ran.append(call["next_action"])
        return self.actions.run(call, seconds)

    def close(self) -> None:
        self.actions.close()


def test_the_same_message_twice_and_from_two_threads_at_once_runs_its_action_once(tmp_path: Path, booked: Path) -> None:
    actions = Counting(InProcess(PACKAGE))
    desk = BookingDesk(tmp_path, actions)
    desk.say("I want to book")
    desk.say("2")
    together = threading.Barrier(2)

    def send(_: int) -> list[str]:
        together.wait(30)
        return desk.say("friday", "same")

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(send, range(2))) == [["Booked: 2.", "See you on Friday."]] * 2
    assert desk.say("friday", "same") == ["Booked: 2.", "See you on Friday."]
    assert actions.ran.count("action_book") == 1
    assert len(booked.read_text().splitlines()) == 1
    desk.close()


def test_a_turn_that_was_lost_is_made_again_with_the_same_key(
    tmp_path: Path, booked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the process dies after the action has run and before the turn is written."""
    actions = Counting(InProcess(PACKAGE))
    desk = BookingDesk(tmp_path, actions)
    desk.say("I want to book")
    desk.say("2")

    def dies(*_: object, **__: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(ConversationStore, "write", dies)
        with pytest.raises(OSError, match="disk full"):
            desk.say("friday", "lost")
    assert desk.say("friday", "lost") == ["Booked: 2.", "See you on Friday."]
    assert actions.ran.count("action_book") == 2
    assert len(booked.read_text().splitlines()) == 1
    desk.close()


@pytest.fixture
def desk(tmp_path: Path, booked: Path) -> Iterator[BookingDesk]:
    """Actions in process."""
    desk = BookingDesk(tmp_path, InProcess(PACKAGE))
    yield desk
    desk.close()


def test_where_a_validating_action_declines_nothing_was_extracted_and_it_is_asked_again(
    desk: BookingDesk, server: tuple[ActionServer, Path], tmp_path: Path
) -> None:
    (tmp_path / "remote").mkdir()
    elsewhere = BookingDesk(tmp_path / "remote", remote(server[0]))
    for each in (desk, elsewhere):
        each.say("I want to book")
        assert each.say("0 of us") == ["How many seats?"]
        assert (each.state().slots["seats"], each.state().active_form) == (None, "booking_form")
        assert each.say("2 then") == ["Which day?"]
    elsewhere.close()


def test_a_form_that_an_action_begins_checks_what_is_known_and_asks_for_the_rest(desk: BookingDesk) -> None:
    assert desk.say("start") == ["Which day?"]
    assert (desk.state().active_form, desk.state().requested_slot) == ("booking_form", "day")
    assert desk.say("friday") == ["Booked: 3.", "See you on Friday."]


def test_an_action_that_wants_what_nobody_knows_gets_an_apology_and_the_turn_ends(desk: BookingDesk) -> None:
    assert desk.say("follow") == [SORRY]


def test_a_conversation_that_an_action_has_paused_is_silent_until_it_is_given_back(desk: BookingDesk) -> None:
    assert desk.say("pause") == ["A colleague goes on."]
    assert (desk.say("I want to book"), desk.state().held_by) == ([], "paused")
    desk.conversations.hold("c1", "")
    assert desk.say("I want to book") == ["How many seats?"]


def test_an_action_that_hangs_costs_an_apology_and_the_conversation_goes_on(tmp_path: Path, booked: Path) -> None:
    go_on = threading.Event()

    class Hanging(InProcess):
        def performed(self, name: str, call: Any) -> Any:
            go_on.wait(30)
            return super().performed(name, call)

    desk = BookingDesk(tmp_path, Hanging(PACKAGE), seconds=0.05)
    assert desk.say("I want to book", "first") == [SORRY]
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "validate_booking_form":
            thread.join(30)
    desk.close()
    desk = BookingDesk(tmp_path, InProcess(PACKAGE))
    assert desk.say("I want to book", "second") == ["How many seats?"]
    assert desk.state().turn == 2
    desk.close()


def break_templates(desk: BookingDesk) -> None:
    def broken(step: Step, evidence: Evidence, state: State) -> Outcome:
        raise ProjectError("The file of responses is damaged.")

    kept = keeping(broken, Speaker(PROJECT.domain))
    desk.assistant.responders = {**desk.assistant.responders, "template": kept}


def test_what_an_action_has_changed_is_kept_where_a_later_step_fails(
    desk: BookingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """A failed turn is sent again: the action would run twice."""
    break_templates(desk)
    assert desk.say("remember", "m1") == [SORRY]
    assert desk.say("remember", "m1") == [SORRY]
    assert (desk.state().turn, desk.state().slots["remembered"]) == (1, True)
    assert caplog.messages == ["template 'utter_done' in conversation c1 failed after other steps: ProjectError"]


def test_where_nothing_was_done_yet_a_failed_turn_may_be_tried_again(desk: BookingDesk) -> None:
    break_templates(desk)
    with pytest.raises(ProjectError):
        desk.say("say")
    assert desk.state().turn == 0
