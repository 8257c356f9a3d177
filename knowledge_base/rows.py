"""Rows of the store: how a pair is written to its tables and read back; always inside the caller's transaction."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from knowledge_base import history
from knowledge_base.errors import PairNotFound
from knowledge_base.history import Change
from knowledge_base.pairs import Pair, Phrasing, Stored
from knowledge_base.text import normalise_question, simplified, tokens

SELECT_PAIR = """SELECT id, question, answer, category, language, valid_from, valid_until, source_url, state, review_by,
    owner, (SELECT json_group_array(text) FROM
        (SELECT text FROM phrasings WHERE pair_id = pairs.id AND position > 0 ORDER BY position)),
    revision, updated_at, updated_by FROM pairs """

_TEXTS_OF_PAIR = "SELECT text, hash, id FROM phrasings WHERE pair_id = ?"
# The sequence of changes knows four kinds, which the indexes need not tell apart
_CHANGE_KINDS = {"imported": "updated", "back": "updated", "undone": "updated"}
_form = lru_cache(maxsize=1024)(normalise_question)  # looked up once and written once


def existing(db: Database, pair_id: int) -> Pair:
    """The pair of this id. Raises PairNotFound."""
    return stored(db, pair_id).pair


def stored(db: Database, pair_id: int) -> Stored:
    """The pair of this id with its revision. Raises PairNotFound."""
    row = db.execute(SELECT_PAIR + "WHERE id = ?", [pair_id]).fetchone()
    if row is None:
        raise PairNotFound(pair_id)
    return Stored(pair_of(row), *row[12:])


def pairs_of(db: Database, ids: Sequence[int]) -> dict[int, Pair]:
    """The pairs of these ids that there are, in the order of `ids`."""
    sql = SELECT_PAIR + "WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
    found = db.execute(sql, [json.dumps(ids)])
    pairs = {pair.id: pair for pair in map(pair_of, found)}
    return {id_: pairs[id_] for id_ in ids if id_ in pairs}


def pair_of(row: Sequence[Any]) -> Pair:
    """The pair in a row of SELECT_PAIR."""
    return Pair(
        id=row[0],
        question=row[1],
        answer=row[2],
        category=row[3],
        language=row[4],
        valid_from=day_of(row[5]),
        valid_until=day_of(row[6]),
        source_url=row[7],
        state=row[8],
        review_by=day_of(row[9]),
        owner=row[10],
        similar=tuple(json.loads(row[11])),
    )


def phrasing_of(row: Sequence[Any]) -> Phrasing:
    """The phrasing in a row of its columns, in their order."""
    id_, pair_id, text, hash_, category, language, first, last, question, answer = row
    context = f"{question} {answer}"
    return Phrasing(id_, pair_id, text, hash_, category, language, day_of(first), day_of(last), context)


def day_of(text: str | None) -> date | None:
    """The day that a column names."""
    return date.fromisoformat(text) if text else None


def taken(db: Database, pair: Pair) -> list[tuple[str, int]]:
    """This pair's phrasings that others have, with their ids: published both, on some day, in one language."""
    if pair.state != "published":
        return []
    texts = {_form(text): text for text in reversed((pair.question, *pair.similar))}
    found = db.execute(
        """SELECT normalised, pair_id FROM phrasings JOIN pairs ON pairs.id = pair_id
        WHERE normalised IN (SELECT value FROM json_each(:texts)) AND pair_id != :id AND state = 'published'
        AND (language IN (:language, '') OR :language = '')
        AND (valid_from IS NULL OR :valid_until IS NULL OR valid_from <= :valid_until)
        AND (valid_until IS NULL OR :valid_from IS NULL OR valid_until >= :valid_from)
        ORDER BY pair_id""",
        _columns(pair) | {"texts": json.dumps(list(texts)), "id": pair.id},
    ).fetchall()
    return [(texts[form], pair_id) for form, pair_id in found]


def insert(db: Database, pair: Pair, change: Change) -> Stored:
    """Write a new pair, whose id it gets now."""
    new = Stored(pair, 1, now(), change.by)
    cursor = db.execute(
        """INSERT INTO pairs (question, answer, category, language, valid_from, valid_until, source_url, state,
            review_by, owner, revision, updated_at, updated_by)
        VALUES (:question, :answer, :category, :language, :valid_from, :valid_until, :source_url, :state,
            :review_by, :owner, :revision, :updated_at, :updated_by)""",
        _columns(pair) | _stamp(new),
    )
    new = replace(new, pair=replace(pair, id=int(cursor.lastrowid or 0)))
    _write_phrasings(db, new.pair)
    text = searched(*_wording(pair))
    db.execute("INSERT INTO searched (rowid, text) VALUES (?, ?)", [new.pair.id, text])
    _record(db, new, change)
    return new


def replace_pair(db: Database, old: Stored, pair: Pair, change: Change) -> Stored:
    """Write a pair over the stored one of its id."""
    history.record_earlier(db, old)
    new = Stored(pair, old.revision + 1, now(), change.by)
    db.execute(
        """UPDATE pairs SET question = :question, answer = :answer, category = :category, language = :language,
        valid_from = :valid_from, valid_until = :valid_until, source_url = :source_url, state = :state,
        review_by = :review_by, owner = :owner,
        revision = :revision, updated_at = :updated_at, updated_by = :updated_by WHERE id = :id""",
        _columns(pair) | _stamp(new) | {"id": pair.id},
    )
    if _wording(pair) != _wording(old.pair) or pair.state != old.pair.state:
        _write_phrasings(db, pair)
    if _wording(pair) != _wording(old.pair):
        db.execute("UPDATE searched SET text = ? WHERE rowid = ?", [searched(*_wording(pair)), pair.id])
    _record(db, new, change)
    return new


def _wording(pair: Pair) -> tuple[str, tuple[str, ...], str]:
    return pair.question, pair.similar, pair.answer


def _record(db: Database, new: Stored, change: Change) -> None:
    """Add to the pair's history, and to the sequence of changes, from which the indexes of all processes learn."""
    history.record(db, new, change)
    kind = "added" if new.revision == 1 else _CHANGE_KINDS.get(change.kind, change.kind)
    db.execute("INSERT INTO changes (pair_id, kind, at) VALUES (?, ?, ?)", [new.pair.id, kind, new.updated_at])


def _stamp(new: Stored) -> dict[str, str | int | None]:
    return {"revision": new.revision, "updated_at": new.updated_at, "updated_by": new.updated_by}


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
        "review_by": pair.review_by.isoformat() if pair.review_by else None,
        "owner": pair.owner,
    }


def _write_phrasings(db: Database, pair: Pair) -> None:
    """Bring the phrasings and their words up to date; one whose text and answer stay keeps id and vector."""
    old = {(text, hash_): id_ for text, hash_, id_ in db.execute(_TEXTS_OF_PAIR, [pair.id]).fetchall()}
    if old:
        ids = json.dumps(list(old.values()))
        db.execute("DELETE FROM words WHERE rowid IN (SELECT value FROM json_each(?))", [ids])
    for position, text in enumerate((pair.question, *pair.similar)):
        hash_ = hash_of(text, pair.question, pair.answer)
        if (phrasing_id := old.pop((text, hash_), None)) is None:
            row = [pair.id, position, text, _form(text), hash_]
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


def searched(question: str, similar: Sequence[str], answer: str) -> str:
    """What staff's search reads of a pair: its wordings and its answer, folded.

    Two ends of lines come last: each character then begins a trigram, so that the index finds short texts at the end.
    The store keeps this: whoever changes it, or `folded`, adds a migration.
    """
    return "\n".join(map(folded, (question, *similar, answer))) + "\n\n"


def folded(text: str) -> str:
    """A text as staff's search compares it: whatever the case, the width, the kind of Han characters and of blanks."""
    return " ".join(simplified(unicodedata.normalize("NFKC", text).casefold()).split())


def now() -> str:
    """This moment, as the store keeps it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
