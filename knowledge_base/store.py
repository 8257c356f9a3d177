"""The company's pairs in SQLite: the truth, of which the index is only a copy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from sqlite_utils import Database

from knowledge_base import rows
from knowledge_base.checking import checked
from knowledge_base.connections import Connections
from knowledge_base.errors import Duplicate, DuplicateQuestion
from knowledge_base.pairs import Pair, PairState, Phrasing
from knowledge_base.text import normalise_question

OnDuplicate = Literal["refuse", "skip", "keep"]
Pairs = list[Pair]  # inside PairStore the name `list` is its method

_FOUND = """WHERE (:category IS NULL OR category = :category) AND (:language IS NULL OR language = :language)
    AND (:state IS NULL OR state = :state)
    AND (:like IS NULL OR answer LIKE :like ESCAPE '\\'
         OR EXISTS (SELECT 1 FROM phrasings WHERE pair_id = pairs.id AND text LIKE :like ESCAPE '\\'))"""
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


class PairStore:
    """Question-answer pairs in one SQLite file, for several threads and processes at once.

    What a method has written is on the disk when it returns. Raises StoreError if SQLite fails, SchemaTooNew if the
    file was written by a newer version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connections = Connections(self.path)

    def close(self) -> None:
        """Close the connections of all threads."""
        self._connections.close()

    # ---- writing

    def add(self, pair: Pair, on_duplicate: OnDuplicate = "refuse") -> Pair:
        """Store a new pair, and return it with its id ('skip': as it was given, if its question is taken).

        Raises InvalidPair; DuplicateQuestion if it is published and a published pair of its language (or of any)
        that is valid on the same days has one of its phrasings already.
        """
        return (self.add_many([pair], on_duplicate) or [pair])[0]

    def add_many(self, pairs: Iterable[Pair], on_duplicate: OnDuplicate = "refuse") -> Pairs:
        """Store many in one transaction, all or nothing; returns those stored, with their ids.

        on_duplicate: 'refuse' raises DuplicateQuestion naming each; 'skip' leaves out a pair of which one phrasing is
        taken; 'keep' stores it beside the other: both are found by search, neither by exact match if they differ.
        """
        clean = [checked(replace(pair, id=0)) for pair in pairs]
        places: dict[int, int] = {}  # where among `clean` each stored pair is, by its id
        refused: list[Duplicate] = []
        with self._connections.writing() as db:
            for place, pair in enumerate(clean):
                if on_duplicate != "keep" and (found := rows.taken(db, pair)):
                    refused.append(_duplicate(place, *found, places))
                else:
                    places[rows.insert(db, pair)] = place
            if refused and on_duplicate == "refuse":
                raise DuplicateQuestion(tuple(refused))
        return [replace(clean[place], id=pair_id) for pair_id, place in places.items()]

    def update(self, pair: Pair, on_duplicate: Literal["refuse", "keep"] = "refuse") -> Pair:
        """Replace the stored pair of the same id, its state included.

        Raises PairNotFound, InvalidPair; DuplicateQuestion as `add`, unless the pair was a kept duplicate before.
        """
        pair = checked(pair)
        with self._connections.writing() as db:
            return _replaced(db, rows.existing(db, pair.id), pair, "updated", on_duplicate)

    def withdraw(self, pair_id: int) -> Pair:
        """Take a pair out of service; it stays stored. Not an error if it is withdrawn already."""
        with self._connections.writing() as db:
            old = rows.existing(db, pair_id)
            return _replaced(db, old, replace(old, state="withdrawn"), "withdrawn", "keep")

    def restore(self, pair_id: int, on_duplicate: Literal["refuse", "keep"] = "refuse") -> Pair:
        """Publish a pair that was withdrawn or a draft. Raises DuplicateQuestion if its question is taken now."""
        with self._connections.writing() as db:
            old = rows.existing(db, pair_id)
            return _replaced(db, old, replace(old, state="published"), "restored", on_duplicate)

    # ---- reading, for staff

    def get(self, pair_id: int) -> Pair:
        """The pair in any state. Raises PairNotFound."""
        with self._connections.reading() as db:
            return rows.existing(db, pair_id)

    def pairs(self, ids: Iterable[int]) -> dict[int, Pair]:
        """The pairs of these ids as they are now, in any state; unknown ids are left out."""
        with self._connections.reading() as db:
            sql = rows.SELECT_PAIR + "WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
            found = db.execute(sql, [json.dumps(list(ids))])
            return {pair.id: pair for pair in map(rows.pair_of, found)}

    def list(
        self,
        search: str = "",
        category: str | None = None,
        language: str | None = None,
        state: PairState | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Pairs:
        """Pairs, newest first. search: a part of a question or of the answer; None: any; limit -1: all."""
        found = _found(search, category, language, state) | {"limit": limit, "offset": offset}
        with self._connections.reading() as db:
            sql = rows.SELECT_PAIR + _FOUND + " ORDER BY id DESC LIMIT :limit OFFSET :offset"
            return [rows.pair_of(row) for row in db.execute(sql, found)]

    def count(
        self,
        search: str = "",
        category: str | None = None,
        language: str | None = None,
        state: PairState | None = None,
    ) -> int:
        """How many pairs `list` would give without a limit."""
        with self._connections.reading() as db:
            sql = "SELECT count(*) FROM pairs " + _FOUND  # noqa: S608 - constants
            row = db.execute(sql, _found(search, category, language, state)).fetchone()
        return int(row[0])

    def categories(self) -> tuple[str, ...]:
        """The categories that stored pairs have, in order."""
        with self._connections.reading() as db:
            found = db.execute("SELECT DISTINCT category FROM pairs WHERE category != '' ORDER BY category").fetchall()
        return tuple(row[0] for row in found)

    # ---- reading, for answers

    def exact(self, text: str, language: str | None = None, today: date | None = None) -> Pair | None:
        """The pair of which a phrasing equals this text when both are normalised; None if there is none.

        Only what is published and valid today (UTC). None also if several pairs have it with different answers: then
        the words alone do not decide.
        """
        match = self.exact_match(text, Wanted(today or datetime.now(UTC).date(), language))
        return match[0] if match else None

    def exact_match(self, text: str, wanted: Wanted, without: Iterable[int] = ()) -> tuple[Pair, str] | None:
        """As `exact`, with the stored wording. without: ids of phrasings that do not count."""
        if not (normalised := normalise_question(text)):
            return None
        with self._connections.snapshot() as db:
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

    def served_phrasings(self, ids: Iterable[int], wanted: Wanted) -> dict[int, tuple[int, str]]:
        """Of these phrasings, by id, the pair's id and the text of those that may be served."""
        with self._connections.reading() as db:
            found = db.execute(
                f"""SELECT phrasings.id, pair_id, text FROM phrasings JOIN pairs ON pairs.id = pair_id
                WHERE phrasings.id IN (SELECT value FROM json_each(:ids)) AND {_SERVED}""",  # noqa: S608 - constants
                wanted.parameters() | {"ids": json.dumps(list(ids))},
            )
            return {row[0]: (row[1], row[2]) for row in found}

    def phrasings_with(self, words: Sequence[str], wanted: Wanted, limit: int) -> Sequence[int]:
        """Ids of the phrasings that have any of these words and may be served, best first by BM25."""
        match = " OR ".join('"' + word.replace('"', '""') + '"' for word in words)
        if not match:
            return []
        with self._connections.reading() as db:
            found = db.execute(
                f"""SELECT words.rowid FROM words JOIN phrasings ON phrasings.id = words.rowid
                JOIN pairs ON pairs.id = pair_id
                WHERE words MATCH :match AND {_SERVED} ORDER BY words.rank LIMIT :limit""",  # noqa: S608 - constants
                wanted.parameters() | {"match": match, "limit": limit},
            )
            return [row[0] for row in found]

    def word_counts(self, words: Iterable[str]) -> Mapping[str, int]:
        """In how many published phrasings each of these words is; a word that is in none is left out."""
        with self._connections.reading() as db:
            sql = "SELECT term, doc FROM words_vocabulary WHERE term IN (SELECT value FROM json_each(?))"
            return dict(db.execute(sql, [json.dumps(list(words))]).fetchall())

    def words_like(self, pattern: str) -> Mapping[str, int]:
        """The words that a pattern of SQL's LIKE fits ('退_', '_款'), with in how many published phrasings each is."""
        with self._connections.reading() as db:
            return dict(db.execute("SELECT term, doc FROM words_vocabulary WHERE term LIKE ?", [pattern]).fetchall())

    # ---- reading, for the index

    def changes_since(self, seq: int) -> tuple[int, set[int]]:
        """The number of the latest change (0: none yet), and the ids of the pairs changed after `seq`."""
        with self._connections.snapshot() as db:
            latest = int(db.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0])
            if latest == seq:
                return latest, set()
            found = db.execute("SELECT DISTINCT pair_id FROM changes WHERE seq > ?", [seq]).fetchall()
        return latest, {row[0] for row in found}

    def phrasings(self, pair_ids: Iterable[int] | None = None) -> Sequence[Phrasing]:
        """The published phrasings (of these pairs; None: of all), by id; those not yet or no longer valid, too."""
        ids = None if pair_ids is None else json.dumps(list(pair_ids))
        with self._connections.reading() as db:
            found = db.execute(
                """SELECT phrasings.id, pair_id, text, hash, category, language, valid_from, valid_until,
                    question, answer
                FROM phrasings JOIN pairs ON pairs.id = pair_id
                WHERE state = 'published' AND (:ids IS NULL OR pair_id IN (SELECT value FROM json_each(:ids)))
                ORDER BY phrasings.id""",
                {"ids": ids},
            ).fetchall()
        return [rows.phrasing_of(row) for row in found]


def _duplicate(place: int, question: str, pair_id: int, places: Mapping[int, int]) -> Duplicate:
    if pair_id in places:
        return Duplicate(place, question, other_position=places[pair_id])
    return Duplicate(place, question, pair_id)


def _replaced(db: Database, old: Pair, new: Pair, kind: rows.ChangeKind, on_duplicate: OnDuplicate) -> Pair:
    if on_duplicate == "refuse" and not rows.taken(db, old) and (found := rows.taken(db, new)):
        raise DuplicateQuestion((_duplicate(0, *found, {}),))
    rows.replace_pair(db, new, kind)
    return new


def _found(search: str, category: str | None, language: str | None, state: str | None) -> dict[str, str | int | None]:
    escaped = search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = f"%{escaped}%" if escaped else None
    return {"category": category, "language": language, "state": state, "like": like}
