"""The schema of the knowledge base, as a list of steps; each is applied once, and recorded in the database."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlite_utils import Database

from knowledge_base.copying import copy_beside
from knowledge_base.errors import SchemaTooNew
from knowledge_base.rows import hash_of, searched
from knowledge_base.text import normalise_question, tokens

_WAL_PATIENCE = 30.0  # seconds
_MIGRATION_PATIENCE = 900.0  # seconds


def m001_pairs(db: Database) -> None:
    """Pairs, their phrasings, the sequence of changes, and the words of what is published."""
    db.executescript(
        """
        CREATE TABLE pairs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            question TEXT NOT NULL,
            answer TEXT NOT NULL,
            category TEXT NOT NULL,
            language TEXT NOT NULL CHECK (language IN ('', 'en', 'zh')),
            valid_from TEXT,
            valid_until TEXT,
            source_url TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('draft', 'published', 'withdrawn')),
            updated_at TEXT NOT NULL
        ) STRICT;
        -- position 0 is the question, the others its similar questions; an id is never used for another text
        CREATE TABLE phrasings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            pair_id INTEGER NOT NULL REFERENCES pairs (id),
            position INTEGER NOT NULL,
            text TEXT NOT NULL,
            normalised TEXT NOT NULL,
            hash INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX phrasings_normalised ON phrasings (normalised);
        CREATE INDEX phrasings_pair ON phrasings (pair_id, position);
        CREATE TABLE changes (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            pair_id INTEGER NOT NULL REFERENCES pairs (id),
            kind TEXT NOT NULL CHECK (kind IN ('added', 'updated', 'withdrawn', 'restored')),
            at TEXT NOT NULL
        ) STRICT;
        -- rowid is the phrasing's id; only published phrasings are in it. Words come ready from text.tokens.
        CREATE VIRTUAL TABLE words USING fts5 (tokens, tokenize = 'unicode61 remove_diacritics 0');
        CREATE VIRTUAL TABLE words_vocabulary USING fts5vocab (words, 'row');
        """
    )


def m002_simplified_characters(db: Database) -> None:
    """Normalised forms, words and hashes made anew, of simplified characters; what staff wrote stays."""
    found = db.execute(
        "SELECT phrasings.id, text, question, answer FROM phrasings JOIN pairs ON pairs.id = pair_id"
    ).fetchall()
    for id_, text, question, answer in found:
        row = [normalise_question(text), hash_of(text, question, answer), id_]
        db.execute("UPDATE phrasings SET normalised = ?, hash = ? WHERE id = ?", row)
        db.execute("UPDATE words SET tokens = ? WHERE rowid = ?", [" ".join(tokens(text)), id_])


def m003_histories(db: Database) -> None:
    """Revisions, imports, reviews with owners, and what lists of 100,000 pairs need to be fast.

    A pair that is there already is revision 1; its first change keeps it as that.
    """
    db.executescript(
        """
        ALTER TABLE pairs ADD COLUMN review_by TEXT;
        ALTER TABLE pairs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
        ALTER TABLE pairs ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE pairs ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
        CREATE TABLE imports (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            who TEXT NOT NULL,
            name TEXT NOT NULL,
            added INTEGER NOT NULL,
            replaced INTEGER NOT NULL,
            skipped INTEGER NOT NULL,
            undone_at TEXT,
            undone_by TEXT NOT NULL
        ) STRICT;
        CREATE TABLE revisions (
            pair_id INTEGER NOT NULL REFERENCES pairs (id),
            revision INTEGER NOT NULL,
            at TEXT NOT NULL,
            who TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN
                ('earlier', 'added', 'updated', 'withdrawn', 'restored', 'back', 'imported', 'undone')),
            pair TEXT NOT NULL,  -- JSON
            import_id INTEGER REFERENCES imports (id),
            PRIMARY KEY (pair_id, revision)
        ) STRICT;
        CREATE INDEX revisions_import ON revisions (import_id, pair_id) WHERE import_id IS NOT NULL;
        -- for each order of the list all columns that it filters by: the long answers are not read
        CREATE INDEX pairs_by_id ON pairs (id, category, language, state, owner, review_by);
        CREATE INDEX pairs_by_question ON pairs
            (question COLLATE NOCASE, id, category, language, state, owner, review_by);
        CREATE INDEX pairs_by_updated ON pairs (updated_at, id, category, language, state, owner, review_by);
        CREATE INDEX pairs_by_category ON pairs (category, id, language, state, owner, review_by);
        CREATE INDEX pairs_by_review ON pairs (review_by, id, category, language, state, owner);
        -- rowid is the pair's id; text is rows.searched, folded already. Without places it is a third as large.
        CREATE VIRTUAL TABLE searched USING fts5 (text, tokenize = 'trigram case_sensitive 1', detail = none);
        CREATE VIRTUAL TABLE searched_trigrams USING fts5vocab (searched, 'instance');
        """
    )
    for id_, question, answer, similar in db.execute(
        """SELECT id, question, answer, (SELECT json_group_array(text) FROM
            (SELECT text FROM phrasings WHERE pair_id = pairs.id AND position > 0 ORDER BY position)) FROM pairs"""
    ):
        text = searched(question, json.loads(similar), answer)
        db.execute("INSERT INTO searched (rowid, text) VALUES (?, ?)", [id_, text])


Migration = Callable[[Database], None]
MIGRATIONS: list[Migration] = [m001_pairs, m002_simplified_characters, m003_histories]


def migrate(db: Database, migrations: list[Migration] = MIGRATIONS, precious: str = "") -> None:
    """Bring a database up to date. Several processes may do so at once: one works, the others wait.

    precious: a table; a database of an older schema that has rows in it is first copied beside itself, as
    `knowledge.before-003.db` if step 3 is the first that it lacks. To go back to the older program, stop this one, and
    put the copy in the database's place (without its -wal and -shm files). The copy stays until somebody removes it.
    Raises SchemaTooNew if it holds a step that this program does not know, StoreError if it cannot be copied.
    """
    _use_wal(db)
    if _is_current(db, len(migrations)):
        return
    with _patience(db):
        _migrate(db, migrations, precious)


def _migrate(db: Database, migrations: list[Migration], precious: str) -> None:
    db.execute("BEGIN EXCLUSIVE")
    try:
        if 0 < _applied(db) < len(migrations) and precious and _has_rows(db, precious):
            copy_beside(db, f"before-{_applied(db) + 1:03d}")
        db.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT, applied_at TEXT)")
        for number in range(_applied(db) + 1, len(migrations) + 1):
            step = migrations[number - 1]
            step(db)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            db.execute("INSERT INTO migrations VALUES (?, ?, ?)", [number, step.__name__, now])
        db.commit()
    except BaseException:
        db.rollback()
        raise


@contextmanager
def _patience(db: Database) -> Iterator[None]:
    """Waits for the process that migrates: a minute for 100,000 pairs, and longer on a slow disk."""
    (usual,) = db.execute("PRAGMA busy_timeout").fetchone()
    db.execute(f"PRAGMA busy_timeout = {int(_MIGRATION_PATIENCE * 1000)}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA busy_timeout = {usual}")


def _is_current(db: Database, known: int) -> bool:
    """A newer program never takes steps back, so no lock is needed to see this."""
    if (applied := _applied(db)) > known:
        raise SchemaTooNew(
            f"The database has schema {applied}; this program knows up to {known}. Install the newer version."
        )
    return applied == known


def _applied(db: Database) -> int:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
        return 0
    return int(db.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()[0])


def _has_rows(db: Database, table: str) -> bool:
    return db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None  # noqa: S608 - a name of ours


def _use_wal(db: Database) -> None:
    """Switch to write-ahead logging; SQLite does not apply its busy timeout to this, so it is tried again here."""
    give_up = time.monotonic() + _WAL_PATIENCE
    while db.conn.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            db.conn.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
