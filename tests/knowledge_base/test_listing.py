from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from knowledge_base import listing
from knowledge_base.errors import InvalidPair, KnowledgeBaseError
from knowledge_base.listing import Filters, Row, Sort
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore
from tests.knowledge_base.old_database import write_old_database

TODAY = date(2025, 6, 15)
PAIRS = [
    Pair("banana?", "Yellow: abcd, bcde.", category="fruit", language="en", owner="mei", review_by=date(2025, 6, 15)),
    Pair("Apple?", "Green or RED, as Café Zoë says.", ("apples",), "fruit", "en", review_by=date(2025, 6, 16)),
    Pair("100% sure?", "Yes_no: 12345.", language="en", state="draft", owner="tan", review_by=date(2025, 6, 1)),
    Pair("怎么退款？", "三天内退貨，款项原路退回。", ("钱怎么还我",), "orders", "zh", owner="mei"),
]


@pytest.fixture
def filled(store: PairStore) -> PairStore:
    store.add_many(PAIRS)
    return store


def ids(store: PairStore, filters: Filters = Filters(), sort: Sort = "id", descending: bool = False) -> list[int]:  # noqa: B008 - it is frozen
    page = store.page(filters, sort, descending, today=TODAY)
    assert page.total == len(page.rows)
    return [row.id for row in page.rows]


def test_a_row_says_all_of_a_pair_but_its_similar_questions(filled: PairStore) -> None:
    kept = store_pair = replace(PAIRS[1], valid_from=date(2025, 1, 1), source_url="https://shop.example/a", id=2)
    filled.update(store_pair, by="tan")
    stored = filled.stored(2)
    assert filled.page(Filters("apples")).rows == [
        Row(2, kept.question, kept.answer, "fruit", "en", kept.valid_from, None, kept.source_url, "published",
            kept.review_by, "", 1, 2, stored.updated_at, "tan")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), [1, 2, 3, 4]),
        (Filters(category="fruit"), [1, 2]),
        (Filters(category=""), [3]),
        (Filters(language="zh"), [4]),
        (Filters(state="draft"), [3]),
        (Filters(owner="mei"), [1, 4]),
        (Filters(owner=""), [2]),
        (Filters(due=True), [1, 3]),
        (Filters(due=True, state="published"), [1]),
        (Filters(category="fruit", owner="mei", search="yell"), [1]),
        (Filters(category="fruit", owner="tan"), []),
    ],
)
def test_filters_narrow_the_list(filled: PairStore, filters: Filters, found: list[int]) -> None:
    assert ids(filled, filters) == found


@pytest.mark.parametrize("many", [listing._MANY, 1], ids=["by the index", "by reading"])
@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ello", [1]),  # in the middle of a word of an answer
        ("abcde", []),  # though abc, bcd and cde are there
        ("APPLE", [2]),
        ("apples", [2]),
        ("green OR red", [2]),
        (" green\n or ", [2]),
        ("café zoë", [2]),
        ("ＡＰＰＬＥ", [2]),  # full width
        ("退款", [4]),
        ("退货", [4]),  # the answer has 退貨
        ("退貨", [4]),
        ("我", [4]),
        ("退回。", [4]),
        ("退回", [4]),
        ("。", [4]),  # the very end
        ("款", [4]),
        ("还我", [4]),
        ("12345", [3]),
        ("34", [3]),
        ("5.", [3]),
        ("%", [3]),
        ("_", [3]),
        ("s_n", [3]),
        ("s%n", []),
        ("0%", [3]),
        ("*", []),
        ("e*l", []),
        ("[a-z]", []),
        ('"', []),
        ('a" OR "b', []),
        ("' OR 1=1 --", []),
        ("apple?apples", []),  # a question and a similar one are two texts
        ("\\", []),
        ("sure AND yes", []),
    ],
)
def test_a_search_finds_parts_of_texts(
    filled: PairStore, monkeypatch: pytest.MonkeyPatch, many: int, search: str, found: list[int]
) -> None:
    monkeypatch.setattr(listing, "_MANY", many)
    assert ids(filled, Filters(search)) == found
    assert filled.count(search) == len(found)


def test_a_blank_search_finds_all(filled: PairStore) -> None:
    assert ids(filled, Filters(" \n")) == [1, 2, 3, 4]


def test_a_search_of_any_length_is_answered(filled: PairStore) -> None:
    assert ids(filled, Filters("x" * 100_000)) == []


def test_a_search_follows_changes(filled: PairStore) -> None:
    filled.update(replace(PAIRS[0], id=1, answer="Blue."))
    assert (ids(filled, Filters("yellow")), ids(filled, Filters("blue")), ids(filled, Filters("ue"))) == ([], [1], [1])
    filled.withdraw(1)
    assert ids(filled, Filters("blue")) == [1]  # staff find what is withdrawn
    filled.back(1, to=1)
    assert (ids(filled, Filters("yellow")), ids(filled, Filters("blue"))) == ([1], [])


def test_pairs_of_an_old_database_are_found_and_listed(tmp_path: Path) -> None:
    write_old_database(tmp_path / "k.db", [replace(pair, review_by=None, owner="") for pair in PAIRS])
    store = PairStore(tmp_path / "k.db")
    assert (ids(store, Filters("退货")), ids(store, Filters("apples")), ids(store)) == ([4], [2], [1, 2, 3, 4])
    store.close()


@pytest.mark.parametrize(
    ("sort", "ascending", "descending"),
    [
        ("id", [1, 2, 3, 4], [4, 3, 2, 1]),
        ("question", [3, 2, 1, 4], [4, 1, 2, 3]),
        ("updated", [1, 3, 4, 2], [2, 4, 3, 1]),
        ("category", [3, 1, 2, 4], [4, 2, 1, 3]),
        ("review", [3, 1, 2, 4], [2, 1, 3, 4]),  # without a day: last, both ways
    ],
)
def test_the_list_is_sorted(filled: PairStore, sort: Sort, ascending: list[int], descending: list[int]) -> None:
    with filled._connections.writing() as db:
        for pair_id, day in ((1, "01"), (3, "02"), (4, "03"), (2, "04")):
            db.execute("UPDATE pairs SET updated_at = ? WHERE id = ?", [f"2025-01-{day}", pair_id])
    assert ids(filled, sort=sort) == ascending
    assert ids(filled, sort=sort, descending=True) == descending


def test_ties_are_decided_by_id_so_that_pages_never_overlap(store: PairStore) -> None:
    store.add_many([Pair(f"Question {number}?", "Yes.", category="c") for number in range(10)])
    for sort in ("category", "review"):
        pages = [store.page(sort=sort, limit=3, offset=offset) for offset in (0, 3, 6, 9, 12)]
        assert [[row.id for row in page.rows] for page in pages] == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10], []]
        assert {page.total for page in pages} == {10}


def test_an_order_that_there_is_not_is_named(store: PairStore) -> None:
    with pytest.raises(KnowledgeBaseError, match="cannot be sorted by 'colour'; id, question, updated, category, re"):
        store.page(sort="colour")  # type: ignore[arg-type]


@pytest.mark.parametrize("sort", get_args(Sort))
@pytest.mark.parametrize("descending", [False, True])
def test_a_list_in_any_order_reads_no_answers_and_sorts_nothing(
    filled: PairStore, monkeypatch: pytest.MonkeyPatch, sort: Sort, descending: bool
) -> None:
    """What makes it fast at 100,000 pairs: an index has the order and all that is filtered by."""
    monkeypatch.setattr(listing, "_MANY", 1)
    asked = Filters("apple", "fruit", "en", "published", "mei", due=True)
    seen: list[str] = []
    with filled._connections.reading() as db, db.tracer(lambda sql, parameters: seen.append(sql)):
        listing.found_ids(db, asked, sort, descending, TODAY)
    sql = seen[-1]
    parameters = dict.fromkeys(("category", "language", "state", "owner", "today", "like"), "")
    with filled._connections.reading() as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    assert "USING COVERING INDEX pairs_by_" in plan[0]
    assert not any("TEMP B-TREE" in step for step in plan)


def test_owners_are_listed_in_order(filled: PairStore) -> None:
    assert (filled.owners(), filled.categories()) == (("mei", "tan"), ("fruit", "orders"))


def test_an_owner_is_a_line_of_64_characters(store: PairStore) -> None:
    assert store.add(replace(PAIRS[0], owner=" Mei\n Tan ")).owner == "Mei Tan"
    with pytest.raises(InvalidPair, match="owner has 65 characters; at most 64 are allowed"):
        store.add(replace(PAIRS[1], owner="x" * 65))


def test_pairs_are_found_by_questions(store: PairStore) -> None:
    store.add_many(
        [
            Pair("Similar?", "1", ("Main?",)),
            Pair("Main?", "2", state="draft"),
            Pair("main", "3", language="zh"),
            Pair("Gone?", "4", state="withdrawn"),
            Pair("WiFi?", "5", language="en"),
            Pair("WiFi?", "6", language="zh"),
        ],
        on_duplicate="keep",
    )
    asked = ["  MAIN", "similar", "gone?", "unknown", "?!", "WiFi"]
    assert store.with_question(asked) == {"main": [1, 2, 3], "similar": [1], "gone": [4], "wifi": [5, 6]}
    assert store.with_question([]) == {}


def test_more_questions_than_one_look_takes_are_found(store: PairStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_BATCH", 3)
    store.add_many([Pair(f"Question {number}?", "Yes.") for number in range(10)])
    found = store.with_question(f"question {number}" for number in range(20))
    assert found == {f"question {number}": [number + 1] for number in range(10)}
