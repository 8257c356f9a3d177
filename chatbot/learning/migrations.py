"""The schema of inbox.db, as a list of steps; each is applied once, and recorded in the database."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from knowledge_base.connections import Connections
from knowledge_base.migrations import Migration


def inbox_file(path: Path) -> Connections:
    """The file, brought up to date. It holds keys and vectors of texts, and no customer's words."""
    return Connections(path, MIGRATIONS, precious="handlings")


def m001_inbox(db: Database) -> None:
    """What was done about which texts, and the vectors of texts, so that none is computed twice."""
    db.executescript(
        """
        CREATE TABLE handlings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            how TEXT NOT NULL CHECK (how IN ('pair', 'similar', 'outside')),
            subject TEXT NOT NULL,
            at TEXT NOT NULL,
            by TEXT NOT NULL,
            answered REAL CHECK (answered BETWEEN 0 AND 1)
        ) STRICT;
        CREATE TABLE handled_texts (
            text_key TEXT NOT NULL,
            handling_id INTEGER NOT NULL REFERENCES handlings (id),
            PRIMARY KEY (text_key, handling_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX handled_texts_handling ON handled_texts (handling_id);
        -- key: a hash of the encoder and the text. vector: float32, little-endian.
        CREATE TABLE vectors (
            id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, vector BLOB NOT NULL
        ) STRICT;
        """
    )


MIGRATIONS: list[Migration] = [m001_inbox]
