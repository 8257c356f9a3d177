"""What must never happen to the company's pairs: a save that is lost, an import that is half there, a lock that stays.

Short here; `scripts/test --slow` does the same for longer.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from knowledge_base.errors import DuplicateQuestion, PairChanged, StoreError
from knowledge_base.index import KnowledgeIndex
from knowledge_base.listing import Filters
from knowledge_base.pairs import Pair
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import PairStore
from tests.fakes import HashingEncoder

SEED = 20250615
ROWS = 60  # pairs of an import
SPAWN = multiprocessing.get_context("spawn")


# ---- kill -9


def _work(folder: Path, round_: int) -> None:
    """Saves, changes, imports and undoes for ever, and writes to a ledger what the store has acknowledged."""
    store = PairStore(folder / "knowledge.db")
    index = KnowledgeIndex(store, HashingEncoder(16), folder / "index")
    ledger = os.open(folder / "ledger.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def acknowledged(**what: object) -> None:
        os.write(ledger, (json.dumps(what) + "\n").encode())

    for number in range(1_000_000):
        name = f"{round_}.{number}"
        saved = store.add(Pair(f"Saved {name}?", "Answer 0", (f"Wording {name}",)), by="mei")
        acknowledged(saved=saved.id, answer=0)
        for answer in (1, 2):
            store.update(replace(saved, answer=f"Answer {answer}"), revision=answer, by="tan")
            acknowledged(saved=saved.id, answer=answer)
        new = [Pair(f"Imported {name}.{row}?", "Answer.") for row in range(ROWS)]
        done = store.import_pairs(name, new, [replace(saved, answer="Answer 3")], by="li")
        acknowledged(imported=done.id, saved=saved.id, answer=3)
        if number % 2:
            store.undo(done.id, by="li")
            acknowledged(undone=done.id)
        if number % 3 == 0:
            index.refresh()
            index.fold()


def _is_whole(folder: Path) -> None:
    """What was acknowledged is there, imports are there whole or not at all, and so are undos."""
    entries = _ledger(folder)
    with closing(sqlite3.connect(folder / "knowledge.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for table in ("words", "searched"):
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")  # raises if it is not
    store = PairStore(folder / "knowledge.db")
    pairs = {pair.id: pair for pair in store.list(limit=-1)}
    imports = {each.id: each for each in store.imports(limit=-1)}
    assert {entry["saved"] for entry in entries if "saved" in entry} <= pairs.keys()
    assert {entry["imported"] for entry in entries if "imported" in entry} <= imports.keys()
    assert {entry["undone"] for entry in entries if "undone" in entry} <= {
        each.id for each in imports.values() if each.undone_at
    }
    _check_answers(store, pairs, entries)
    assert all((each.added, each.replaced) == (ROWS, 1) for each in imports.values())
    found = {each.name: [0, 0] for each in imports.values()}
    for pair in pairs.values():
        if pair.question.startswith("Imported "):
            found[pair.question.split(" ")[1].rpartition(".")[0]][pair.state == "withdrawn"] += 1
    assert found == {each.name: [0, ROWS] if each.undone_at else [ROWS, 0] for each in imports.values()}
    assert all(len(pair.similar) == 1 for pair in pairs.values() if pair.question.startswith("Saved "))
    assert store.changes_since(0)[1] == pairs.keys()
    store.close()


def _check_answers(store: PairStore, pairs: Mapping[int, Pair], entries: list[dict[str, Any]]) -> None:
    """Each pair is as acknowledged last, or one step further; each step has its revision."""
    last = {entry["saved"]: entry["answer"] for entry in entries if "saved" in entry}
    undone = {entry["undone"] for entry in entries if "undone" in entry}
    ends = {entry["saved"] for entry in entries if entry.get("imported") in undone}
    for pair_id, answer in last.items():
        steps = [int(each.pair.answer.removeprefix("Answer ")) for each in store.history(pair_id)][::-1]
        assert steps == [0, 1, 2, 3, 2][: len(steps)]
        assert len(steps) in ((5,) if pair_id in ends else (answer + 1, answer + 2))
        assert pairs[pair_id].answer == f"Answer {steps[-1]}"


def _ledger(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "ledger.jsonl").read_text() if (folder / "ledger.jsonl").exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _finds_what_was_saved(folder: Path) -> None:
    """The index rebuilds itself from whatever the killed process left of it."""
    store = PairStore(folder / "knowledge.db")
    index = KnowledgeIndex(store, HashingEncoder(16), folder / "index")
    index.refresh()
    assert (index.lacking, len(index.snapshot.rows)) == (0, len(store.phrasings()))
    saved = max(entry["saved"] for entry in _ledger(folder) if "saved" in entry)
    found = KnowledgeBase(store, index).search(store.get(saved).similar[0])
    assert found[0].pair == store.get(saved)
    assert found[0].dense > 0.5
    index.close()
    store.close()


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_a_process_killed_at_any_moment_loses_nothing_that_it_acknowledged(tmp_path: Path, times: int) -> None:
    chance = random.Random(SEED)
    for round_ in range(times):
        worker = SPAWN.Process(target=_work, args=(tmp_path, round_))
        before = len(_ledger(tmp_path))
        worker.start()
        enough = before + chance.randint(1, 25)
        _wait_for(tmp_path, enough, worker)
        time.sleep(chance.uniform(0, 0.1))  # a moment inside of whatever it does next
        worker.kill()
        worker.join()
        _is_whole(tmp_path)
        _finds_what_was_saved(tmp_path)
    assert len(_ledger(tmp_path)) >= times


def _wait_for(folder: Path, entries: int, worker: BaseProcess) -> None:
    give_up = time.monotonic() + 120
    while len(_ledger(folder)) < entries:
        assert worker.is_alive()
        assert time.monotonic() < give_up
        time.sleep(0.005)


# ---- many at once


def _write_and_read(path: Path, process: int, seconds: float, told: Connection) -> None:
    """Five writers and five readers in one process; tells the answers that were acknowledged, and every error."""
    store, stop = PairStore(path), threading.Event()
    acknowledged: dict[int, str] = {}
    errors: list[str] = []
    reads = [0] * 5

    def write(number: int) -> None:
        name = f"{process}.{number}"
        for step in range(1_000_000):
            pair = store.add(Pair(f"Question {name}.{step}?", "Added.", (f"Wording {name}.{step}",)), by=name)
            acknowledged[pair.id] = pair.answer
            changed = store.update(replace(pair, answer=f"Changed by {name}."), revision=1, by=name)
            acknowledged[pair.id] = changed.answer
            if step % 5 == 4:
                new = [Pair(f"Import {name}.{step}.{row}?", "Imported.") for row in range(20)]
                store.import_pairs(name, new, by=name)
            _change_what_all_change(store, name)
            if stop.is_set():
                return

    def read(number: int) -> None:
        while True:
            page = store.page(Filters("changed"), "updated", descending=True, limit=20)
            assert page.total >= len(page.rows)
            assert all(row.similar_count == 1 for row in page.rows)
            for pair in store.list(limit=5, search="Wording"):
                assert pair.similar == (pair.question.replace("Question", "Wording").rstrip("?"),)
                assert store.history(pair.id)[-1].pair.answer == "Added."
                assert store.exact(pair.similar[0]) is not None
            assert store.count() >= page.total
            reads[number] += 1
            if stop.is_set():
                return

    def guarded(work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=guarded, args=(work, number)) for work in (write, read) for number in range(5)]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    told.send((acknowledged, errors, min(reads)))
    store.close()


def _change_what_all_change(store: PairStore, name: str) -> None:
    """Counts up in a pair that all writers share: a change on top of one not seen would lose a count."""
    while True:
        shared = store.stored(1)
        counted = replace(shared.pair, answer=str(int(shared.pair.answer) + 1))
        try:
            store.update(counted, revision=shared.revision, by=name)
        except PairChanged:
            continue
        return


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_ten_writers_and_ten_readers_lose_nothing_and_meet_no_error(tmp_path: Path, seconds: float) -> None:
    store = PairStore(tmp_path / "knowledge.db")
    store.add(Pair("How many?", "0"))
    told = [SPAWN.Pipe(duplex=False) for _ in range(2)]
    processes = [
        SPAWN.Process(target=_write_and_read, args=(tmp_path / "knowledge.db", number, seconds, there))
        for number, (_, there) in enumerate(told)
    ]
    for process in processes:
        process.start()
    for _, there in told:
        there.close()
    results = [here.recv() for here, _ in told]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert [errors for _, errors, _ in results] == [[], []]
    assert all(reads > 0 for _, _, reads in results)
    acknowledged = {pair_id: answer for answers, _, _ in results for pair_id, answer in answers.items()}
    pairs = {pair.id: pair for pair in store.list(limit=-1)}
    assert {pair_id: pairs[pair_id].answer for pair_id in acknowledged} == acknowledged
    assert len(pairs) == 1 + len(acknowledged) + 20 * len(store.imports(limit=-1))
    assert pairs[1].answer == str(store.stored(1).revision - 1) == str(len(acknowledged))  # no count was lost
    store.close()


# ---- a full disk


@pytest.fixture
def nearly_full(store: PairStore) -> Callable[[int], None]:
    """A store whose file may grow by so many pages of 4 KB."""

    def limit(pages: int) -> None:
        with store._connections.reading() as db:
            now = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count = {now + pages}")

    store.add_many([Pair(f"Question {number}?", "Answer.") for number in range(20)])
    return limit


def test_on_a_full_disk_a_save_is_refused_and_nothing_is_half_written(
    store: PairStore, nearly_full: Callable[[int], None]
) -> None:
    before = (store.list(), store.latest_change(), store.imports())
    many = [Pair(f"More {number}?", "Answer. " * 50, (f"Wording {number}",)) for number in range(500)]
    nearly_full(10)
    with pytest.raises(StoreError, match="database or disk is full"):
        store.import_pairs("more.csv", many, [replace(store.get(1), answer="Changed.")])
    with pytest.raises(StoreError, match="database or disk is full"):
        store.add_many(many)
    with pytest.raises(StoreError, match="database or disk is full"):
        store.update(replace(store.get(2), answer="x" * 8000, similar=tuple(f"{'x' * 400} {n}" for n in range(100))))
    assert (store.list(), store.latest_change(), store.imports()) == before
    nearly_full(100_000)
    assert store.import_pairs("more.csv", many, [replace(store.get(1), answer="Changed.")]).added == 500
    assert store.exact("wording 499") is not None


def _save_where_files_are_short(path: Path, told: Connection) -> None:
    import resource  # not there on Windows

    store = PairStore(path)
    saved = store.add(Pair("First?", "Answer."))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, most))  # bytes that a file may have
    many = [Pair(f"Question {number}?", "Answer. " * 500) for number in range(300)]
    for attempt in (
        lambda: store.add_many(many),
        lambda: store.import_pairs("many.csv", many, [replace(saved, answer="Changed.")]),
    ):
        try:
            attempt()
        except StoreError as error:
            told.send(str(error))
    told.send((store.list(), store.imports(), store.latest_change()))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    told.send(store.import_pairs("many.csv", many).added)
    store.close()


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path) -> None:
    here, there = SPAWN.Pipe(duplex=False)
    other = SPAWN.Process(target=_save_where_files_are_short, args=(tmp_path / "knowledge.db", there))
    other.start()
    there.close()
    for _ in range(2):
        assert "failed: disk I/O error. Check the file, its folder and the disk." in here.recv()
    assert here.recv() == ([Pair("First?", "Answer.", id=1)], [], 1)
    assert here.recv() == 300
    other.join(60)
    assert other.exitcode == 0
    with closing(sqlite3.connect(tmp_path / "knowledge.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_refused_save_leaves_no_lock_behind(store: PairStore) -> None:
    store.add(Pair("Question?", "Answer."))
    with pytest.raises(DuplicateQuestion):
        store.add(Pair("Question?", "Other."))
    other = PairStore(store.path)
    assert other.add(Pair("Another?", "Answer.")).id == 2
    other.close()
