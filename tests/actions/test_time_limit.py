from __future__ import annotations

import re
import threading

import pytest

from chatbot.actions.calls import ActionUnavailableError
from chatbot.actions.time_limit import TimeLimit, TurnBudget


def test_work_that_ends_in_time_gives_what_it_gives() -> None:
    assert TimeLimit().run("action_quick", lambda: 42, 30) == 42


@pytest.mark.parametrize("error", [TimeoutError("a socket's, not ours"), ValueError("text"), SystemExit(1)])
def test_work_that_raises_raises_just_that(error: BaseException) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        TimeLimit().run("action_fails", fails, 30)
    assert raised.value is error


def test_what_hangs_is_waited_for_only_so_long_and_its_late_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    go_on, limit = threading.Event(), TimeLimit(most=1)
    with pytest.raises(ActionUnavailableError) as refusal:
        limit.run("action_hangs", lambda: go_on.wait(30), 0.01)
    assert str(refusal.value) == "The action 'action_hangs' took longer than 0.0 s."
    with pytest.raises(ActionUnavailableError) as refusal:
        limit.run("action_next", lambda: None, 30)
    assert str(refusal.value) == "The action 'action_next' was not begun: 1 calls have not ended yet."
    assert caplog.messages == []
    hanging = next(thread for thread in threading.enumerate() if thread.name == "action_hangs")
    assert hanging.daemon
    go_on.set()
    hanging.join(30)
    (late,) = caplog.messages
    assert re.sub(r"[\d.]+ s", "N s", late) == (
        "action action_hangs ended after N s, too late: what it said and changed was dropped"
    )
    assert limit.run("action_next", lambda: "there is room again", 30) == "there is room again"


def test_the_actions_of_a_turn_share_its_seconds() -> None:
    budget, turn, next_turn = TurnBudget(40), object(), object()
    assert budget.left(turn) == 40
    budget.spend(30)
    assert budget.left(turn) == 10
    budget.spend(30)
    assert budget.left(turn) == 0
    assert budget.left(next_turn) == 40


def test_turns_of_other_threads_have_seconds_of_their_own() -> None:
    budget, turn = TurnBudget(40), object()
    budget.left(turn)
    budget.spend(30)
    found: list[float] = []
    other = threading.Thread(target=lambda: found.append(budget.left(turn)))
    other.start()
    other.join(30)
    assert found == [40]
