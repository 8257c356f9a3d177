from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlite_utils import Database

from knowledge_base.connections import Connections
from knowledge_base.errors import SchemaTooNew, StoreError
from knowledge_base.migrations import MIGRATIONS, migrate
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore, Wanted
from tests.knowledge_base.old_database import write_old_database

OLD = [Pair(f"Old question {number}?", f"Old answer {number}. " * 40, (f"Old {number}",)) for number in range(200)]


def schema_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT max(number) FROM migrations").fetchone()[0])


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


# ---- the copy


def test_an_old_database_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    write_old_database(tmp_path / "knowledge.db", OLD)
    (tmp_path / "knowledge.db").chmod(0o640)
    (tmp_path / ".knowledge.before-003.db.tmp").write_text("of a process that was killed")
    (tmp_path / ".knowledge.before-003.db.tmp-journal").write_text("likewise")
    store = PairStore(tmp_path / "knowledge.db")
    store.withdraw(1)
    store.close()
    assert files_of(tmp_path) == ["knowledge.before-003.db", "knowledge.db"]
    copy = tmp_path / "knowledge.before-003.db"
    assert (schema_of(copy), schema_of(tmp_path / "knowledge.db")) == (2, len(MIGRATIONS))
    assert copy.stat().st_mode & 0o777 == 0o640
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM pairs WHERE state = 'published'").fetchone() == (len(OLD),)


def test_the_copy_put_back_is_migrated_again(tmp_path: Path) -> None:
    write_old_database(tmp_path / "knowledge.db", OLD)
    store = PairStore(tmp_path / "knowledge.db")
    store.withdraw(1)
    store.close()
    (tmp_path / "knowledge.before-003.db").replace(tmp_path / "knowledge.db")
    store = PairStore(tmp_path / "knowledge.db")
    assert store.get(1) == replace(OLD[0], id=1)
    store.close()
    assert files_of(tmp_path) == ["knowledge.before-003.db", "knowledge.db"]


def test_what_holds_no_pairs_is_not_copied(tmp_path: Path) -> None:
    PairStore(tmp_path / "new.db").close()
    write_old_database(tmp_path / "empty.db", [])
    PairStore(tmp_path / "empty.db").close()
    write_old_database(tmp_path / "other.db", OLD)
    Connections(tmp_path / "other.db").close()  # as the log of conversations, which must not outlive its erasure
    assert files_of(tmp_path) == ["empty.db", "new.db", "other.db"]


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    def m004_broken(db: Database) -> None:
        db.execute("DELETE FROM changes")
        raise RuntimeError("power cut")

    write_old_database(tmp_path / "knowledge.db", OLD)
    with pytest.raises(RuntimeError):
        Connections(tmp_path / "knowledge.db", [*MIGRATIONS, m004_broken], precious="pairs")
    assert schema_of(tmp_path / "knowledge.db") == 2
    store = PairStore(tmp_path / "knowledge.db")
    assert (store.count(), store.latest_change()) == (len(OLD), len(OLD))
    store.close()


def test_four_processes_that_open_an_old_database_at_once_make_one_copy(tmp_path: Path) -> None:
    write_old_database(tmp_path / "knowledge.db", OLD)
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(4)
    path = tmp_path / "knowledge.db"
    processes = [spawn.Process(target=_open_and_add, args=(path, number, start)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert files_of(tmp_path) == ["knowledge.before-003.db", "knowledge.db"]
    with closing(sqlite3.connect(tmp_path / "knowledge.before-003.db")) as db:
        assert db.execute("SELECT count(*) FROM pairs").fetchone() == (len(OLD),)  # before anybody added one
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT number FROM migrations").fetchall() == [
            (number,) for number in range(1, len(MIGRATIONS) + 1)
        ]
    store = PairStore(path)
    assert [pair.question for pair in store.list(limit=-1)][:3:-1] == [pair.question for pair in OLD]
    assert {pair.question for pair in store.list(limit=4)} == {f"Question {number}?" for number in range(4)}
    store.close()


def _open_with_little_room(path: Path, told: Connection) -> None:
    import resource  # not there on Windows

    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 2, most))  # bytes that a file may have
    try:
        PairStore(path)
    except StoreError as error:
        told.send((str(error), schema_of(path), files_of(path.parent)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    store = PairStore(path)
    told.send(store.count())
    store.close()


def test_where_there_is_no_room_for_the_copy_nothing_is_migrated(tmp_path: Path) -> None:
    write_old_database(tmp_path / "knowledge.db", OLD)
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    other = spawn.Process(target=_open_with_little_room, args=(tmp_path / "knowledge.db", there))
    other.start()
    there.close()
    message, schema, files = here.recv()
    assert "could not be copied to knowledge.before-003.db before: " in message
    assert "Nothing was changed. Make room for 1 MB in" in message
    assert (schema, [name for name in files if "before" in name]) == (2, [])
    assert here.recv() == len(OLD)  # with room again, all of it is there
    other.join(60)
    assert (other.exitcode, schema_of(tmp_path / "knowledge.before-003.db")) == (0, 2)
