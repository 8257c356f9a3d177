"""Rows of the store: how a pair is written to its tables and read back; always inside the caller's transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlite_utils import Database

from knowledge_base.errors import PairNotFound
from knowledge_base.pairs import Pair, Phrasing
from knowledge_base.text import normalise_question, simplified, tokens

ChangeKind = Literal["added", "updated", "withdrawn", "restored"]

SELECT_PAIR = """SELECT id, question, answer, category, language, valid_from, valid_until, source_url, state,
    (SELECT json_group_array(text) FROM
        (SELECT text FROM phrasings WHERE pair_id = pairs.id AND position > 0 ORDER BY position)) FROM pairs """


_TEXTS_OF_PAIR = "SELECT text, hash, id FROM phrasings WHERE pair_id = ?"


def existing(db: Database, pair_id: int) -> Pair:
    """The pair of this id. Raises PairNotFound."""
    row = db.execute(SELECT_PAIR + "WHERE id = ?", [pair_id]).fetchone()
    if row is None:
        raise PairNotFound(pair_id)
    return pair_of(row)


def pair_of(row: Sequence[Any]) -> Pair:
    """The pair in a row of SELECT_PAIR."""
    return Pair(
        id=row[0],
        question=row[1],
        answer=row[2],
        category=row[3],
        language=row[4],
        valid_from=_day_of(row[5]),
        valid_until=_day_of(row[6]),
        source_url=row[7],
        state=row[8],
        similar=tuple(json.loads(row[9])),
    )


def phrasing_of(row: Sequence[Any]) -> Phrasing:
    """The phrasing in a row of its columns, in their order."""
    id_, pair_id, text, hash_, category, language, first, last, question, answer = row
    context = f"{question} {answer}"
    return Phrasing(id_, pair_id, text, hash_, category, language, _day_of(first), _day_of(last), context)


def _day_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def taken(db: Database, pair: Pair) -> tuple[str, int] | None:
    """A phrasing of this pair that another one has, and that one's id: published both, on some day, in one language."""
    if pair.state != "published":
        return None
    texts = {normalise_question(text): text for text in reversed((pair.question, *pair.similar))}
    row = db.execute(
        """SELECT normalised, pair_id FROM phrasings JOIN pairs ON pairs.id = pair_id
        WHERE normalised IN (SELECT value FROM json_each(:texts)) AND pair_id != :id AND state = 'published'
        AND (language IN (:language, '') OR :language = '')
        AND (valid_from IS NULL OR :valid_until IS NULL OR valid_from <= :valid_until)
        AND (valid_until IS NULL OR :valid_from IS NULL OR valid_until >= :valid_from)
        ORDER BY pair_id LIMIT 1""",
        _columns(pair) | {"texts": json.dumps(list(texts)), "id": pair.id},
    ).fetchone()
    return (texts[row[0]], row[1]) if row else None


def insert(db: Database, pair: Pair) -> int:
    """Write a new pair; returns its id."""
    cursor = db.execute(
        """INSERT INTO pairs
        (question, answer, category, language, valid_from, valid_until, source_url, state, updated_at) VALUES
        (:question, :answer, :category, :language, :valid_from, :valid_until, :source_url, :state, :updated_at)""",
        _columns(pair),
    )
    pair_id = int(cursor.lastrowid or 0)
    _write_phrasings(db, pair_id, pair)
    record(db, pair_id, "added")
    return pair_id


def replace_pair(db: Database, pair: Pair, kind: ChangeKind) -> None:
    """Write a pair over the stored one of its id."""
    db.execute(
        """UPDATE pairs SET question = :question, answer = :answer, category = :category, language = :language,
        valid_from = :valid_from, valid_until = :valid_until, source_url = :source_url, state = :state,
        updated_at = :updated_at WHERE id = :id""",
        _columns(pair) | {"id": pair.id},
    )
    _write_phrasings(db, pair.id, pair)
    record(db, pair.id, kind)


def record(db: Database, pair_id: int, kind: ChangeKind) -> None:
    """Add to the sequence of changes, from which the indexes of all processes learn of them."""
    db.execute("INSERT INTO changes (pair_id, kind, at) VALUES (?, ?, ?)", [pair_id, kind, _now()])


def _columns(pair: Pair) -> dict[str, str | int | None]:
    return {
        "question": pair.question,
        "answer": pair.answer,
        "category": pair.category,
        "language": pair.language,
        "valid_from": pair.valid_from.isoformat() if pair.valid_from else None,
        "valid_until": pair.valid_until.isoformat() if pair.valid_until else None,
        "source_url": pair.source_url,
        "state": pair.state,
        "updated_at": _now(),
    }


def _write_phrasings(db: Database, pair_id: int, pair: Pair) -> None:
    """Bring the phrasings and their words up to date; one whose text and answer stay keeps id and vector."""
    old = {(text, hash_): id_ for text, hash_, id_ in db.execute(_TEXTS_OF_PAIR, [pair_id]).fetchall()}
    if old:
        ids = json.dumps(list(old.values()))
        db.execute("DELETE FROM words WHERE rowid IN (SELECT value FROM json_each(?))", [ids])
    for position, text in enumerate((pair.question, *pair.similar)):
        hash_ = hash_of(text, pair.question, pair.answer)
        if (phrasing_id := old.pop((text, hash_), None)) is None:
            row = [pair_id, position, text, normalise_question(text), hash_]
            sql = "INSERT INTO phrasings (pair_id, position, text, normalised, hash) VALUES (?, ?, ?, ?, ?)"
            phrasing_id = db.execute(sql, row).lastrowid
        else:
            db.execute("UPDATE phrasings SET position = ? WHERE id = ?", [position, phrasing_id])
        if pair.state == "published":
            db.execute("INSERT INTO words (rowid, tokens) VALUES (?, ?)", [phrasing_id, " ".join(tokens(text))])
    if old:
        gone = json.dumps(list(old.values()))
        db.execute("DELETE FROM phrasings WHERE id IN (SELECT value FROM json_each(?))", [gone])


def hash_of(text: str, question: str, answer: str) -> int:
    """64 bits of what a phrasing's vector is made of, signed as SQLite's integers are."""
    encoded = simplified(f"{text}\n{question}\n{answer}")
    return int.from_bytes(hashlib.blake2b(encoded.encode(), digest_size=8).digest(), "big", signed=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
