"""What is read of the store to answer customers, and by the index: only what is published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlite_utils import Database

from knowledge_base import rows
from knowledge_base.pairs import Pair, Phrasing

_SERVED = """pairs.state = 'published'
    AND (pairs.valid_from IS NULL OR pairs.valid_from <= :today)
    AND (pairs.valid_until IS NULL OR pairs.valid_until >= :today)
    AND (:language IS NULL OR pairs.language IN (:language, ''))
    AND (:category IS NULL OR pairs.category = :category)"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pairs may be served: those of a language (and of ''), of a category, on a day; None: of any."""

    today: date
    language: str | None = None
    category: str | None = None

    def allows(self, pair: Pair) -> bool:
        """Whether this pair may be served."""
        return (
            pair.state == "published"
            and (pair.valid_from is None or pair.valid_from <= self.today)
            and (pair.valid_until is None or pair.valid_until >= self.today)
            and self.language in (None, pair.language or self.language)
            and self.category in (None, pair.category)
        )

    def parameters(self) -> dict[str, str | None]:
        """As SQL parameters."""
        return {"today": self.today.isoformat(), "language": self.language, "category": self.category}


def exact_match(db: Database, normalised: str, wanted: Wanted, without: Iterable[int]) -> tuple[Pair, str] | None:
    """The one pair that has this normalised wording, with the stored wording; None if their answers differ."""
    found = db.execute(
        f"""SELECT pairs.id, pairs.answer, phrasings.text FROM phrasings JOIN pairs ON pairs.id = pair_id
        WHERE normalised = :normalised AND {_SERVED}
        AND phrasings.id NOT IN (SELECT value FROM json_each(:without))
        ORDER BY pairs.id LIMIT 1000""",  # noqa: S608 - constants
        wanted.parameters() | {"normalised": normalised, "without": json.dumps(list(without))},
    ).fetchall()
    if len({answer for _, answer, _ in found}) != 1:
        return None
    return rows.existing(db, found[0][0]), found[0][2]


def served_phrasings(db: Database, ids: Iterable[int], wanted: Wanted) -> dict[int, tuple[int, str]]:
    """Of these phrasings, by id, the pair's id and the text of those that may be served."""
    found = db.execute(
        f"""SELECT phrasings.id, pair_id, text FROM phrasings JOIN pairs ON pairs.id = pair_id
        WHERE phrasings.id IN (SELECT value FROM json_each(:ids)) AND {_SERVED}""",  # noqa: S608 - constants
        wanted.parameters() | {"ids": json.dumps(list(ids))},
    )
    return {row[0]: (row[1], row[2]) for row in found}


def phrasings_with(db: Database, words: Sequence[str], wanted: Wanted, limit: int) -> list[int]:
    """Ids of the phrasings that have any of these words and may be served, best first by BM25."""
    match = " OR ".join('"' + word.replace('"', '""') + '"' for word in words)
    if not match:
        return []
    found = db.execute(
        f"""SELECT words.rowid FROM words JOIN phrasings ON phrasings.id = words.rowid
        JOIN pairs ON pairs.id = pair_id
        WHERE words MATCH :match AND {_SERVED} ORDER BY words.rank LIMIT :limit""",  # noqa: S608 - constants
        wanted.parameters() | {"match": match, "limit": limit},
    )
    return [row[0] for row in found]


def word_counts(db: Database, words: Iterable[str]) -> dict[str, int]:
    """In how many published phrasings each of these words is; a word that is in none is left out."""
    sql = "SELECT term, doc FROM words_vocabulary WHERE term IN (SELECT value FROM json_each(?))"
    return dict(db.execute(sql, [json.dumps(list(words))]).fetchall())


def words_like(db: Database, pattern: str) -> dict[str, int]:
    """The words that a pattern of SQL's LIKE fits, with in how many published phrasings each is."""
    return dict(db.execute("SELECT term, doc FROM words_vocabulary WHERE term LIKE ?", [pattern]).fetchall())


def latest_change(db: Database) -> int:
    """The number of the latest change; 0: none yet."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0])


def changed_since(db: Database, seq: int) -> set[int]:
    """Ids of the pairs that changed after this change."""
    return {row[0] for row in db.execute("SELECT DISTINCT pair_id FROM changes WHERE seq > ?", [seq])}


def phrasings(db: Database, pair_ids: Iterable[int] | None) -> list[Phrasing]:
    """The published phrasings (of these pairs; None: of all), by id; those not yet or no longer valid, too."""
    found = db.execute(
        """SELECT phrasings.id, pair_id, text, hash, category, language, valid_from, valid_until, question, answer
        FROM phrasings JOIN pairs ON pairs.id = pair_id
        WHERE state = 'published' AND (:ids IS NULL OR pair_id IN (SELECT value FROM json_each(:ids)))
        ORDER BY phrasings.id""",
        {"ids": None if pair_ids is None else json.dumps(list(pair_ids))},
    )
    return [rows.phrasing_of(row) for row in found]
