"""The schema of the knowledge base, as a list of steps; each is applied once, and recorded in the database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlite_utils import Database

from knowledge_base.errors import SchemaTooNew
from knowledge_base.rows import hash_of
from knowledge_base.text import normalise_question, tokens

_WAL_PATIENCE = 30.0  # seconds


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


Migration = Callable[[Database], None]
MIGRATIONS: list[Migration] = [m001_pairs, m002_simplified_characters]


def migrate(db: Database, migrations: list[Migration] = MIGRATIONS) -> None:
    """Bring a database up to date. Several processes may do so at once: one works, the others wait.

    Raises SchemaTooNew if it holds a step that this program does not know.
    """
    _use_wal(db)
    if _is_current(db, len(migrations)):
        return
    db.execute("BEGIN EXCLUSIVE")
    try:
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
