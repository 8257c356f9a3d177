from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from knowledge_base.errors import SchemaTooNew, StoreError
from knowledge_base.migrations import MIGRATIONS, migrate
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore


def test_each_step_is_applied_once_and_recorded(tmp_path: Path) -> None:
    PairStore(tmp_path / "knowledge.db").close()
    PairStore(tmp_path / "knowledge.db").close()
    with sqlite3.connect(tmp_path / "knowledge.db") as db:
        recorded = db.execute("SELECT number, name FROM migrations").fetchall()
    db.close()
    assert recorded == [(number, step.__name__) for number, step in enumerate(MIGRATIONS, 1)]


def test_a_database_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    PairStore(tmp_path / "knowledge.db").close()
    with sqlite3.connect(tmp_path / "knowledge.db") as db:
        db.execute("INSERT INTO migrations VALUES (99, 'm099_future', '2099-01-01')")
    db.close()
    with pytest.raises(SchemaTooNew, match=r"schema 99; this program knows up to \d+\. Install the newer version"):
        PairStore(tmp_path / "knowledge.db")


def test_a_step_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def m002_broken(db: Database) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")
        raise RuntimeError("power cut")

    db = Database(sqlite3.connect(tmp_path / "knowledge.db"))
    with pytest.raises(RuntimeError):
        migrate(db, [*MIGRATIONS, m002_broken])
    assert db.table_names() == []
    db.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "knowledge.db").write_text("this is a letter to the bank, not a database" * 50)
    with pytest.raises(StoreError, match=r"knowledge\.db failed: file is not a database"):
        PairStore(tmp_path / "knowledge.db")


def _open_and_add(path: Path, number: int, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    store = PairStore(path)
    store.add(Pair(f"Question {number}?", "Answer."))
    store.close()


def test_four_processes_open_a_fresh_database_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(4)
    processes = [spawn.Process(target=_open_and_add, args=(tmp_path / "k.db", number, start)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    store = PairStore(tmp_path / "k.db")
    assert sorted(pair.question for pair in store.list()) == [f"Question {number}?" for number in range(4)]
    store.close()
