"""So many compute at once and no more: nobody is overtaken, nobody waits forever, and a fault gives the place back."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pytest

from chatbot.places import Places

SOON = 20.0
"""Seconds after which something that should have happened is taken for never."""


class Graph:
    """Computes in a place: the answer to a text is its length.

    calls: the texts, in the order they began. most: how many ran at once. It computes while `open` is set; it raises
    for the texts in `faults`.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.calls: list[str] = []
        self.threads: list[int] = []
        self.faults: dict[str, BaseException] = {}
        self.open = threading.Event()
        self.open.set()
        self.lock = threading.Lock()
        self.running = self.most = 0

    def run(self, text: str) -> int:
        with self.places.one():
            with self.lock:
                self.calls.append(text)
                self.threads.append(threading.get_ident())
                self.running += 1
                self.most = max(self.most, self.running)
            try:
                assert self.open.wait(SOON)
                if text in self.faults:
                    raise self.faults[text]
                return len(text)
            finally:
                with self.lock:
                    self.running -= 1


@pytest.fixture
def graph() -> Graph:
    """With one place."""
    return Graph(Places(1))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as threads:
        yield threads


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def in_line(pool: ThreadPoolExecutor, graph: Graph, texts: Sequence[str]) -> list[Future[int]]:
    """A caller for each text, each in the line before the next comes."""
    asked = []
    for text in texts:
        waiting = len(graph.places.line)
        asked.append(pool.submit(graph.run, text))
        until(lambda before=waiting: len(graph.places.line) > before)  # type: ignore[misc]
    return asked


def busy(pool: ThreadPoolExecutor, graph: Graph) -> Future[int]:
    """A caller that computes until the graph is opened."""
    graph.open.clear()
    running = pool.submit(graph.run, "running")
    until(lambda: graph.running == 1)
    return running


# --- turns -----------------------------------------------------------------------------------------------------------


def test_who_finds_nobody_computing_computes_at_once_in_its_own_thread(graph: Graph) -> None:
    assert graph.run("hi") == 2
    assert graph.threads == [threading.get_ident()]


def test_never_more_compute_at_once_than_there_are_places(pool: ThreadPoolExecutor) -> None:
    places = Places(2)
    english, chinese = Graph(places), Graph(places)  # they share the cores
    for graph in (english, chinese):
        graph.open.clear()
    asked = [pool.submit(graph.run, "x" * n) for n in range(1, 9) for graph in (english, chinese)]
    until(lambda: len(places.line) == 14)
    assert len(english.calls) + len(chinese.calls) == 2
    for graph in (english, chinese):
        graph.open.set()
    assert [one.result(SOON) for one in asked] == [n for n in range(1, 9) for _ in range(2)]
    assert max(english.most, chinese.most) <= 2


def test_who_comes_first_is_served_first(graph: Graph, pool: ThreadPoolExecutor) -> None:
    busy(pool, graph)
    asked = in_line(pool, graph, list("abcdefgh"))
    graph.open.set()
    for one in asked:
        one.result(SOON)
    assert graph.calls == ["running", *"abcdefgh"]


def test_who_computes_many_texts_lets_a_customer_in_after_the_first(graph: Graph, pool: ThreadPoolExecutor) -> None:
    graph.open.clear()
    importing = pool.submit(lambda: [graph.run(text) for text in ("p1", "p2", "p3")])
    until(lambda: graph.running == 1)
    (customer,) = in_line(pool, graph, ["where is my parcel"])
    graph.open.set()
    customer.result(SOON)
    importing.result(SOON)
    assert graph.calls == ["p1", "where is my parcel", "p2", "p3"]


@pytest.mark.parametrize("places", [0, -1])
def test_no_place_at_all_is_refused(places: int) -> None:
    with pytest.raises(ValueError, match=rf"places is {places}; at least 1"):
        Places(places)


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [RuntimeError("damaged"), KeyboardInterrupt()])
def test_a_fault_reaches_its_caller_alone_and_the_next_goes_on(
    graph: Graph, pool: ThreadPoolExecutor, fault: BaseException
) -> None:
    graph.faults = {"boom": fault}
    busy(pool, graph)
    before, broken, after = in_line(pool, graph, ["a", "boom", "bb"])
    graph.open.set()
    assert broken.exception(SOON) is fault
    assert [one.result(SOON) for one in (before, after)] == [1, 2]


def test_who_is_interrupted_while_waiting_leaves_the_line(graph: Graph, pool: ThreadPoolExecutor) -> None:
    running = busy(pool, graph)
    (ahead,) = in_line(pool, graph, ["ahead"])

    def interrupt() -> None:
        until(lambda: len(graph.places.line) == 2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    pool.submit(interrupt)
    with pytest.raises(KeyboardInterrupt):
        graph.run("interrupted")
    (after,) = in_line(pool, graph, ["after"])
    graph.open.set()
    for one in (running, ahead, after):
        one.result(SOON)
    assert graph.calls == ["running", "ahead", "after"]
    assert graph.most == 1


def test_a_place_handed_to_one_who_has_just_gone_goes_on_to_the_next(pool: ThreadPoolExecutor) -> None:
    places = Places(1)
    places.take()
    waiting = pool.submit(places.take)
    until(lambda: len(places.line) == 1)
    places.leave(threading.Lock())  # a ticket that is no longer in line: its place has been handed over
    waiting.result(SOON)
    assert (places.free, len(places.line)) == (0, 0)


def test_after_any_crowd_every_place_is_free_again(pool: ThreadPoolExecutor) -> None:
    graph = Graph(Places(3))
    graph.faults = {"x" * n: RuntimeError("damaged") for n in (5, 11)}

    def client(_: int) -> int:
        served = 0
        for n in range(1, 21):
            with suppress(RuntimeError):
                served += graph.run("x" * n) == n
        return served

    assert list(pool.map(client, range(32), timeout=SOON)) == [18] * 32
    assert graph.most <= 3
    assert (graph.places.free, len(graph.places.line)) == (3, 0)
