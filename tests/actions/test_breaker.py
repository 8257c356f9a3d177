from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.actions.breaker import OPEN_FOR, OPENS_AFTER, Breaker, Circuit
from chatbot.actions.calls import ActionRejectedError, ActionUnavailableError, Call, Result
from chatbot.errors import ActionError

DONE: Result = {"events": [], "responses": []}
CALL: Call = {"next_action": "action_look_up"}


class Server:
    """Does what it is told to do. calls: how many have reached it."""

    def __init__(self, does: Callable[[], Result]) -> None:
        self.does, self.calls = does, 0

    def run(self, call: Call, seconds: float) -> Result:
        self.calls += 1
        return self.does()

    def close(self) -> None:
        pass


class Clock:
    """Seconds, as the test says."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def down() -> Result:
    raise ActionUnavailableError("refused")


def failing() -> Result:
    raise ActionError("status 500")


def call(breaker: Breaker) -> str:
    """What came of a call: 'answered', or what the error says."""
    try:
        breaker.run(CALL, 1.0)
    except ActionError as error:
        return str(error)
    return "answered"


NOT_CALLED = "The action 'action_look_up' was not called: its server does not answer."


def test_after_so_many_failures_in_a_row_nobody_waits_for_the_server(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(down)
    breaker = Breaker(server, Clock())
    assert [call(breaker) for _ in range(OPENS_AFTER + 2)] == ["refused"] * OPENS_AFTER + [NOT_CALLED] * 2
    assert server.calls == OPENS_AFTER
    assert [(r.levelno, r.message) for r in caplog.records] == [
        (logging.ERROR, "the action server does not answer: not called again for 10 s")
    ]


def test_one_call_sees_whether_it_is_back_and_closes_the_circuit(caplog: pytest.LogCaptureFixture) -> None:
    server, clock = Server(down), Clock()
    breaker = Breaker(server, clock)
    for _ in range(OPENS_AFTER):
        call(breaker)
    clock.now += OPEN_FOR
    assert [call(breaker), call(breaker)] == ["refused", NOT_CALLED]
    clock.now += OPEN_FOR
    server.does = lambda: DONE
    assert [call(breaker), call(breaker)] == ["answered", "answered"]
    assert breaker.circuit == Circuit()
    assert caplog.messages[-1] == "the action server answers again"


def test_an_action_that_fails_or_declines_is_an_answer_of_its_server() -> None:
    """One action with a mistake in it must not shut out all others."""
    server = Server(failing)
    breaker = Breaker(server, Clock())
    assert [call(breaker) for _ in range(9)] == ["status 500"] * 9

    def declines() -> Result:
        raise ActionRejectedError("declined")

    server.does = declines
    assert call(breaker) == "declined"
    assert breaker.circuit == Circuit()


def test_what_nobody_foresaw_counts_as_no_answer_and_leaves_no_trial_open() -> None:
    def breaks() -> Result:
        raise KeyboardInterrupt

    server, clock = Server(down), Clock()
    breaker = Breaker(server, clock)
    for _ in range(OPENS_AFTER):
        call(breaker)
    clock.now += OPEN_FOR
    server.does = breaks
    with pytest.raises(KeyboardInterrupt):
        call(breaker)
    assert breaker.circuit == Circuit(OPENS_AFTER + 1, clock.now)


def test_of_many_threads_one_tries_whether_the_server_is_back() -> None:
    clock, together, release = Clock(), threading.Barrier(8), threading.Event()
    server = Server(down)
    breaker = Breaker(server, clock)
    for _ in range(OPENS_AFTER):
        call(breaker)
    clock.now += OPEN_FOR

    def answers() -> Result:
        assert release.wait(30)
        return DONE

    server.does, server.calls = answers, 0

    def ask(_: int) -> str:
        together.wait(30)
        said = call(breaker)
        if said == NOT_CALLED:
            refused.release()
        return said

    refused = threading.Semaphore(0)
    with ThreadPoolExecutor(8) as threads:
        asked = threads.map(ask, range(8))
        for _ in range(7):
            assert refused.acquire(timeout=30)
        release.set()
        assert sorted(asked) == [NOT_CALLED] * 7 + ["answered"]
    assert server.calls == 1


steps = st.lists(st.tuples(st.sampled_from(["call", "answered", "failed"]), st.floats(0, OPEN_FOR * 2)), max_size=60)


@given(steps)
def test_whatever_happens_in_whatever_order_the_circuit_keeps_its_word(happens: list[tuple[str, float]]) -> None:
    """It opens only after enough failures in a row, never has two trials at once, and any answer closes it."""
    circuit, now, under_way, in_a_row = Circuit(), 0.0, 0, 0
    for what, later in happens:
        now += later
        was_open = circuit.opened is not None
        if what == "call" and circuit.lets_through(now):
            assert not (was_open and circuit.trying)
            circuit, under_way = circuit.called(), under_way + 1
            assert circuit.trying == was_open
        elif what == "answered" and under_way:
            circuit, under_way, in_a_row = circuit.answered(), under_way - 1, 0
            assert circuit == Circuit()
        elif what == "failed" and under_way:
            circuit, under_way, in_a_row = circuit.failed(now), under_way - 1, in_a_row + 1
        assert (circuit.opened is not None) == (in_a_row >= OPENS_AFTER)
        assert circuit.opened is None or circuit.trying or circuit.lets_through(circuit.opened + OPEN_FOR)
