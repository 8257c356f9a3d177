from __future__ import annotations

import multiprocessing
import sqlite3
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlite_utils import Database

from knowledge_base.errors import SchemaTooNew, StoreError
from knowledge_base.migrations import MIGRATIONS, migrate
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore, Wanted


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
    def m999_broken(db: Database) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")
        raise RuntimeError("power cut")

    db = Database(sqlite3.connect(tmp_path / "knowledge.db"))
    with pytest.raises(RuntimeError):
        migrate(db, [*MIGRATIONS, m999_broken])
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


@pytest.fixture
def old_database(tmp_path: Path) -> Path:
    """A database from before m002: forms and words of traditional characters as they were then, and any hash."""
    path = tmp_path / "old.db"
    db = Database(sqlite3.connect(path))
    migrate(db, MIGRATIONS[:1])
    for id_, text, form, words in (
        (1, "怎麼退貨？", "怎麼退貨", "怎麼 麼退 退貨"),
        (2, "Where is it?", "where is it", "where is it"),
    ):
        db.execute("INSERT INTO pairs VALUES (?, ?, 'A.', '', '', NULL, NULL, '', 'published', '')", [id_, text])
        db.execute("INSERT INTO phrasings VALUES (?, ?, 0, ?, ?, 7)", [id_, id_, text, form])
        db.execute("INSERT INTO words (rowid, tokens) VALUES (?, ?)", [id_, words])
    db.execute("INSERT INTO pairs VALUES (3, '草稿貨', 'A.', '', '', NULL, NULL, '', 'draft', '')")
    db.execute("INSERT INTO phrasings VALUES (3, 3, 0, '草稿貨', '草稿貨', 7)")
    db.conn.commit()
    db.close()
    return path


def test_an_old_databases_traditional_characters_are_found_by_simplified_ones(old_database: Path) -> None:
    store = PairStore(old_database)
    wanted = Wanted(date(2025, 6, 15))
    assert (pair := store.exact("怎么退货")) is not None
    assert (pair.id, pair.question) == (1, "怎麼退貨？")  # as staff wrote it
    assert store.phrasings_with(["退货"], wanted, 5) == [1]
    assert store.phrasings_with(["退貨"], wanted, 5) == []
    assert store.phrasings_with(["where"], wanted, 5) == [2]
    assert store.phrasings_with(["草稿"], wanted, 5) == []  # a draft has no words
    store.close()


def test_an_old_databases_hashes_are_those_that_saving_would_give(old_database: Path) -> None:
    store = PairStore(old_database)
    before = store.phrasings()
    store.update(replace(store.get(1), category="returns"))
    after = store.phrasings()
    assert [(each.id, each.hash) for each in before] == [(each.id, each.hash) for each in after]
    store.close()
