"""Several threads and several processes on one file."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chatbot.conversations import store as store_module
from chatbot.errors import ConversationError
from chatbot.messages import Evidence, Message, Outcome, SlotSet, Step, Utterance
from tests.conversations.workers import (
    die_inside_a_turn,
    meet_inside_turns,
    opened,
    read_secret,
    take_turn,
    take_turns,
)

PROCESSES = multiprocessing.get_context("spawn")


def run(*work: tuple[Callable[..., None], tuple[Any, ...]]) -> list[int | None]:
    started = [PROCESSES.Process(target=target, args=args) for target, args in work]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
    return [process.exitcode for process in started]


def turns_of(journal: Path) -> list[str]:
    """The turns in the journal; fails if one begins before the one before it has ended."""
    lines = journal.read_text().splitlines()
    assert lines[::2] == [line.replace("end", "begin") for line in lines[1::2]], "turns interleave"
    return [line.removeprefix("end ") for line in lines[1::2]]


def test_a_message_sent_from_eight_threads_at_once_is_answered_once(tmp_path: Path) -> None:
    store, together = opened(tmp_path), threading.Barrier(8)

    def send(_: int) -> str:
        together.wait(30)
        return take_turn(store, "c1", "m1", tmp_path / "journal", 0.01)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(send, range(8))) == {"m1 is number 1"}
    assert turns_of(tmp_path / "journal") == ["c1 m1"]
    assert (store.state("c1").turn, dict(store.state("c1").slots)) == (1, {"count": 1})
    assert store.waiting == {}
    store.close()


def test_turns_of_one_conversation_never_interleave_between_threads(tmp_path: Path) -> None:
    store, together = opened(tmp_path), threading.Barrier(8)

    def send(number: int) -> str:
        together.wait(30)
        return take_turn(store, "c1", f"m{number}", tmp_path / "journal", 0.005)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))
    assert sorted(answer.split()[-1] for answer in answers) == list("12345678")
    assert len(turns_of(tmp_path / "journal")) == 8
    assert store.state("c1").turn == 8
    store.close()


def test_different_conversations_are_answered_at_the_same_time(tmp_path: Path) -> None:
    """Each turn waits inside for the other: one after the other they would never end."""
    store, both = opened(tmp_path), threading.Barrier(2)

    def send(conversation_id: str) -> str:
        with store.turn(Message(conversation_id, "hello", "m1")) as turn:
            turn.begin(Evidence("hello", "hello", "en"))
            both.wait(30)
            turn.take(Step("template", "test"), Outcome((Utterance("met"),)))
            return turn.reply.text

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(send, ["c1", "c2"])) == ["met", "met"]
    store.close()


def test_two_processes_answer_a_message_once_and_take_turns(tmp_path: Path) -> None:
    ready, ids = PROCESSES.Barrier(2), ["m1", "m2", "m3"]
    one = (take_turns, (tmp_path, ready, "c1", [*ids, "a1", "a2"], 0.02))
    other = (take_turns, (tmp_path, ready, "c1", [*ids, "b1", "b2"], 0.02))
    assert run(one, other) == [0, 0]
    done = turns_of(tmp_path / "journal")
    assert sorted(done) == [f"c1 {name}" for name in ("a1", "a2", "b1", "b2", "m1", "m2", "m3")]
    expected = {f"{turn.removeprefix('c1 ')} is number {number}" for number, turn in enumerate(done, start=1)}
    assert set((tmp_path / "answers").read_text().splitlines()) == expected
    store = opened(tmp_path)
    assert (store.state("c1").turn, dict(store.state("c1").slots)) == (7, {"count": 7})
    store.close()


def test_two_processes_answer_different_conversations_at_the_same_time(tmp_path: Path) -> None:
    opened(tmp_path).close()
    both = PROCESSES.Barrier(2)
    assert run((meet_inside_turns, (tmp_path, both, "c1")), (meet_inside_turns, (tmp_path, both, "c2"))) == [0, 0]
    store = opened(tmp_path)
    assert [store.history(name)[0].reply.text for name in ("c1", "c2")] == ["met", "met"]
    store.close()


def lease(home: Path, holder: str, until: float) -> None:
    with sqlite3.connect(home / "conversations.db") as db:
        db.execute("INSERT OR REPLACE INTO leases VALUES ('c1', ?, ?)", [holder, until])
    db.close()


def leases(home: Path) -> list[Any]:
    with sqlite3.connect(home / "conversations.db") as db:
        rows = db.execute("SELECT * FROM leases").fetchall()
    db.close()
    return rows


def test_the_lease_of_a_dead_process_is_waited_for_and_then_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path).close()
    assert run((die_inside_a_turn, (tmp_path,))) == [9]
    assert [row[0] for row in leases(tmp_path)] == ["c1"]
    store = opened(tmp_path)
    monkeypatch.setattr(store_module, "PATIENCE", 0.05)
    with pytest.raises(ConversationError) as refusal:
        take_turn(store, "c1", "m1", tmp_path / "journal", 0)
    assert str(refusal.value) == ("The message before this one is still being answered. Send it again in a minute.")
    lease(tmp_path, leases(tmp_path)[0][1], until=1.0)  # its time has passed
    assert take_turn(store, "c1", "m1", tmp_path / "journal", 0) == "m1 is number 1"
    assert leases(tmp_path) == []
    store.close()


def test_a_message_waits_only_so_long_for_a_thread_that_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path)
    monkeypatch.setattr(store_module, "PATIENCE", 0.05)
    with store.turn(Message("c1", "hello", "m1")) as turn, ThreadPoolExecutor(1) as other:
        turn.begin(Evidence("hello", "hello", "en"))
        later = other.submit(take_turn, store, "c1", "m2", tmp_path / "journal", 0)
        with pytest.raises(ConversationError, match="is still being answered"):
            later.result(30)
    assert store.waiting == {}
    assert take_turn(store, "c1", "m2", tmp_path / "journal", 0) == "m2 is number 1"
    store.close()


def test_a_turn_that_outlives_its_lease_writes_nothing_over_the_later_one(tmp_path: Path) -> None:
    slow, fast = opened(tmp_path), opened(tmp_path)

    def outlived() -> None:
        with slow.turn(Message("c1", "slow", "m1")) as turn:
            turn.begin(Evidence("slow", "slow", "en"))
            lease(tmp_path, "dead", until=1.0)
            assert take_turn(fast, "c1", "m2", tmp_path / "journal", 0) == "m2 is number 1"
            turn.take(Step("template", "test"), Outcome((), (SlotSet("count", 99),)))

    with pytest.raises(ConversationError) as refusal:
        outlived()
    assert str(refusal.value) == "The turn took longer than 60 s, and a later one has begun. Try again."
    assert [exchange.message_id for exchange in fast.history("c1")] == ["m2"]
    assert dict(fast.state("c1").slots) == {"count": 1}
    for store in (slow, fast):
        store.close()


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    ready = PROCESSES.Barrier(4)
    assert run(*[(read_secret, (tmp_path, ready))] * 4) == [0] * 4
    assert len(set((tmp_path / "secrets").read_text().splitlines())) == 1
    assert [path.name for path in (tmp_path / "fresh").iterdir()] == ["secret.key"]
