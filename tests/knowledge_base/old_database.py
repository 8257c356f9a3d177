"""A knowledge base as the first two migrations made it, before there were histories."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from sqlite_utils import Database

from knowledge_base.migrations import MIGRATIONS, migrate
from knowledge_base.pairs import Pair
from knowledge_base.rows import hash_of
from knowledge_base.text import normalise_question, tokens


def write_old_database(path: Path, pairs: Sequence[Pair]) -> None:
    """A database of schema 2 with these pairs, numbered from 1."""
    db = Database(sqlite3.connect(path))
    migrate(db, MIGRATIONS[:2])
    db.execute("BEGIN")
    for id_, pair in enumerate(pairs, start=1):
        row = [id_, pair.question, pair.answer, pair.category, pair.language, pair.source_url, pair.state]
        db.execute("INSERT INTO pairs VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?, '2025-01-01')", row)
        for position, text in enumerate((pair.question, *pair.similar)):
            hash_ = hash_of(text, pair.question, pair.answer)
            sql = "INSERT INTO phrasings (pair_id, position, text, normalised, hash) VALUES (?, ?, ?, ?, ?)"
            phrasing_id = db.execute(sql, [id_, position, text, normalise_question(text), hash_]).lastrowid
            if pair.state == "published":
                words = " ".join(tokens(text))
                db.execute("INSERT INTO words (rowid, tokens) VALUES (?, ?)", [phrasing_id, words])
        db.execute("INSERT INTO changes (pair_id, kind, at) VALUES (?, 'added', '2025-01-01')", [id_])
    db.commit()
    db.close()
