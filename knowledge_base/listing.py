"""The list that staff page through: which pairs, in which order, and a page of them; the same at 100,000 pairs.

Each order has an index that holds all that a filter looks at, so the table itself, with its long answers, is read for
the rows of one page only. A search is looked up in an index of trigrams; see `_matches`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from sqlite_utils import Database

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.pairs import PairState
from knowledge_base.rows import day_of, folded
from knowledge_base.text import normalise_question

Sort = Literal["id", "question", "updated", "category", "review"]

_SQL = tuple[str, dict[str, Any]]
_LONGEST = 200  # characters of a search that count; SQLite refuses patterns of 50,000 bytes
_MANY = 20_000  # pairs that may hold a text, from which on reading all texts takes less time; measured
_BATCH = 10_000  # questions looked up at once
# index, what it is ordered by, and what is added in ascending order: a pair without a day for its review comes last
_ORDERS: dict[Sort, tuple[str, str, str]] = {
    "id": ("pairs_by_id", "id", ""),
    "question": ("pairs_by_question", "question COLLATE NOCASE", ""),
    "updated": ("pairs_by_updated", "updated_at", ""),
    "category": ("pairs_by_category", "category", ""),
    "review": ("pairs_by_review", "review_by", "NULLS LAST"),
}
_SELECT_ROW = """SELECT id, question, answer, category, language, valid_from, valid_until, source_url, state, review_by,
    owner, (SELECT count(*) FROM phrasings WHERE pair_id = pairs.id AND position > 0), revision, updated_at, updated_by
    FROM pairs WHERE id IN (SELECT value FROM json_each(?))"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which pairs are listed; None: of any, '': of none.

    search: a part of a question, a similar question or the answer, whatever its case; its first 200 characters count.
    due: only those whose review_by is today or earlier.
    """

    search: str = ""
    category: str | None = None
    language: str | None = None
    state: PairState | None = None
    owner: str | None = None
    due: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A pair in the list. similar_count: how many similar questions it has, which are not read."""

    id: int
    question: str
    answer: str
    category: str
    language: str
    valid_from: date | None
    valid_until: date | None
    source_url: str
    state: PairState
    review_by: date | None
    owner: str
    similar_count: int
    revision: int
    updated_at: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the pairs that were asked for; total: how many there are in all."""

    total: int
    rows: list[Row]


def page(db: Database, filters: Filters, sort: Sort, descending: bool, limit: int, offset: int, today: date) -> Page:
    """The pairs from `offset` on, at most `limit`. A tie is decided by id."""
    ids = found_ids(db, filters, sort, descending, today)
    shown = ids[offset : offset + limit]
    found = {row[0]: _row(row) for row in db.execute(_SELECT_ROW, [json.dumps(shown)])}
    return Page(len(ids), [found[id_] for id_ in shown])


def found_ids(db: Database, filters: Filters, sort: Sort, descending: bool, today: date) -> list[int]:
    """Ids of all pairs that the filters let through, in order: 60 ms for 100,000."""
    if sort not in _ORDERS:
        raise KnowledgeBaseError(f"The list cannot be sorted by '{sort}'; {', '.join(get_args(Sort))} are allowed.")
    index, key, ascending = _ORDERS[sort]
    where, parameters = _where(db, filters, today)
    direction = "DESC" if descending else f"ASC {ascending}"
    order = f"{key} {direction}, id {'DESC' if descending else 'ASC'}"
    sql = f"SELECT id FROM pairs INDEXED BY {index} WHERE {where} ORDER BY {order}"  # noqa: S608 - constants
    return [row[0] for row in db.execute(sql, parameters)]


def count(db: Database, filters: Filters, today: date) -> int:
    """How many pairs the filters let through."""
    where, parameters = _where(db, filters, today)
    sql = f"SELECT count(*) FROM pairs INDEXED BY pairs_by_id WHERE {where}"  # noqa: S608 - constants
    return int(db.execute(sql, parameters).fetchone()[0])


def distinct(db: Database, column: Literal["category", "owner"]) -> tuple[str, ...]:
    """The categories, or the owners, that stored pairs have, in order."""
    sql = f"SELECT DISTINCT {column} FROM pairs INDEXED BY pairs_by_category WHERE {column} != '' ORDER BY {column}"  # noqa: S608 - one of two names
    return tuple(row[0] for row in db.execute(sql))


def with_question(db: Database, questions: Iterable[str]) -> dict[str, list[int]]:
    """Normalised questions with the pairs that have each; see PairStore.with_question."""
    forms = list({normalise_question(question) for question in questions} - {""})
    owners: dict[str, list[int]] = {}
    for start in range(0, len(forms), _BATCH):
        found = db.execute(
            """SELECT DISTINCT normalised, pair_id FROM phrasings
            WHERE normalised IN (SELECT value FROM json_each(?)) ORDER BY pair_id""",
            [json.dumps(forms[start : start + _BATCH])],
        )
        for form, pair_id in found:
            owners.setdefault(form, []).append(pair_id)
    return owners


def _where(db: Database, filters: Filters, today: date) -> _SQL:
    conditions = ["TRUE"]
    parameters: dict[str, Any] = {}
    for column in ("category", "language", "state", "owner"):
        if (wanted := getattr(filters, column)) is not None:
            conditions.append(f"{column} = :{column}")
            parameters[column] = wanted
    if filters.due:
        conditions.append("review_by <= :today")
        parameters["today"] = today.isoformat()
    if needle := folded(filters.search[:_LONGEST]):
        matches, more = _matches(db, needle)
        conditions.append(f"id IN ({matches})")
        parameters |= more
    return " AND ".join(conditions), parameters


def _matches(db: Database, needle: str) -> _SQL:
    """A query for the ids of the pairs whose text holds this one.

    The trigrams of a needle tell the few pairs that may hold it. One of one or two characters, such as 退款, is the
    beginning of trigrams, of all of which the index names the pairs. Where these are many (的, order), all texts are
    read instead: that takes 60 ms for 100,000 pairs, and less time than to look at each of the many.
    """
    if len(needle) >= 3:
        trigrams = {needle[at : at + 3].replace('"', '""') for at in range(len(needle) - 2)}
        may_hold = "SELECT rowid FROM searched WHERE searched MATCH :trigrams"
        parameters = {"trigrams": " AND ".join(f'"{trigram}"' for trigram in trigrams), "needle": needle}
        few = f"{may_hold} AND instr(text, :needle)"
    else:
        may_hold = "SELECT doc FROM searched_trigrams WHERE term >= :needle AND term < :after"
        parameters = {"needle": needle, "after": needle + "\U0010ffff"}
        few = may_hold
    seen = db.execute(f"SELECT count(*) FROM ({may_hold} LIMIT {_MANY})", parameters)  # noqa: S608 - constants
    if seen.fetchone()[0] < _MANY:
        return few, parameters
    escaped = needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return "SELECT rowid FROM searched WHERE text LIKE :like ESCAPE '\\'", {"like": f"%{escaped}%"}


def _row(row: Sequence[Any]) -> Row:
    id_, question, answer, category, language, first, last, url, state, review_by, *others = row
    days = day_of(first), day_of(last)
    return Row(id_, question, answer, category, language, *days, url, state, day_of(review_by), *others)
