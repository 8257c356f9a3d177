from __future__ import annotations

import multiprocessing
import threading
from dataclasses import replace
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from knowledge_base.errors import Duplicate, DuplicateQuestion, InvalidPair, PairNotFound, StoreError
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore, Wanted

TODAY = date(2025, 6, 15)
ORDER = Pair(
    "Where is my order?", "On its way.", similar=("Track my parcel", "订单在哪"), category="orders", language="en"
)


def test_a_stored_pair_is_read_back_whole(store: PairStore) -> None:
    full = replace(
        ORDER, valid_from=date(2025, 1, 1), valid_until=date(2025, 12, 31), source_url="https://shop.example/a"
    )
    added = store.add(full)
    assert added == replace(full, id=1)
    assert store.get(1) == added
    assert store.pairs([1, 2]) == {1: added}


def test_an_id_is_never_used_again(store: PairStore) -> None:
    with pytest.raises(DuplicateQuestion):
        store.add_many([ORDER, ORDER])
    assert store.add(ORDER).id == 1
    store.withdraw(1)
    assert store.add(ORDER).id == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": " "}, "question is empty."),
        ({"answer": "\n"}, "answer is empty."),
        ({"question": "?!"}, "question '?!' has no letter and no digit."),
        ({"question": "x" * 501}, "question has 501 characters; at most 500 are allowed."),
        ({"similar": ("x" * 501,)}, "similar question has 501 characters; at most 500 are allowed."),
        ({"answer": "x" * 8001}, "answer has 8001 characters; at most 8000 are allowed."),
        ({"answer": "a\0b"}, "answer holds a character that is no text (NUL or half a surrogate pair)."),
        ({"question": "a\ud83d"}, "question holds a character that is no text (NUL or half a surrogate pair)."),
        ({"language": "fr"}, "language is 'fr'; 'en', 'zh' or nothing is allowed."),
        ({"state": "gone"}, "state is 'gone'; draft, published, withdrawn are allowed."),
        (
            {"source_url": "javascript:alert(1)"},
            "source_url is 'javascript:alert(1)'; it must begin with http:// or https://.",
        ),
        (
            {"valid_from": date(2025, 2, 1), "valid_until": date(2025, 1, 1)},
            "valid_from 2025-02-01 is after valid_until 2025-01-01.",
        ),
    ],
)
def test_a_pair_that_breaks_a_rule_is_refused_by_name(
    store: PairStore, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidPair) as refusal:
        store.add(replace(ORDER, **changes))  # type: ignore[arg-type]
    assert str(refusal.value) == message
    assert store.count() == 0


def test_wordings_are_tidied(store: PairStore) -> None:
    added = store.add(Pair(" Two\nlines? ", "a\r\nb ", similar=("two lines", "", "Other  words", "OTHER WORDS!")))
    assert (added.question, added.answer, added.similar) == ("Two lines?", "a\nb", ("Other words",))


def test_a_published_question_is_refused_a_second_time(store: PairStore) -> None:
    store.add(ORDER)
    with pytest.raises(DuplicateQuestion) as refusal:
        store.add(Pair("How are you?", "Fine.", similar=("track MY parcel?",), language="en"))
    assert str(refusal.value) == (
        "The question 'track MY parcel?' is already answered by pair 1. Change that pair, or word this one apart."
    )
    assert refusal.value.duplicates == (Duplicate(0, "track MY parcel?", pair_id=1),)


@pytest.mark.parametrize(
    "other",
    [
        replace(ORDER, language="zh"),
        replace(ORDER, state="draft"),
        replace(ORDER, valid_from=date(2025, 7, 1)),
    ],
)
def test_the_same_question_for_other_customers_or_days_is_no_duplicate(store: PairStore, other: Pair) -> None:
    store.add(replace(ORDER, valid_until=date(2025, 6, 30)))
    assert store.add(other).id == 2


def test_a_pair_of_every_language_meets_every_language(store: PairStore) -> None:
    store.add(replace(ORDER, language=""))
    with pytest.raises(DuplicateQuestion):
        store.add(ORDER)


def test_many_are_stored_all_or_none(store: PairStore) -> None:
    with pytest.raises(DuplicateQuestion) as refusal:
        store.add_many([ORDER, Pair("Hello?", "Hi."), Pair("hello", "Hey."), ORDER])
    assert [(duplicate.position, duplicate.other_position) for duplicate in refusal.value.duplicates] == [
        (2, 1),
        (3, 0),
    ]
    assert (store.count(), store.changes_since(0)) == (0, (0, set()))


def test_duplicates_can_be_skipped(store: PairStore) -> None:
    added = store.add_many([ORDER, replace(ORDER, answer="Other."), Pair("Hello?", "Hi.")], on_duplicate="skip")
    assert [pair.question for pair in added] == ["Where is my order?", "Hello?"]


def test_kept_duplicates_with_different_answers_are_not_matched_exactly(store: PairStore) -> None:
    first, second = store.add_many([ORDER, replace(ORDER, answer="Lost.")], on_duplicate="keep")
    assert store.exact("where is my order") is None
    store.update(replace(second, answer="Lost, sorry."))  # a kept duplicate can be changed
    store.update(replace(second, answer=first.answer))
    assert store.exact("where is my order") == first


def test_restoring_onto_a_taken_question_is_refused(store: PairStore) -> None:
    store.add(ORDER)
    store.withdraw(1)
    store.add(ORDER)
    with pytest.raises(DuplicateQuestion, match="pair 2"):
        store.restore(1)
    assert store.restore(1, on_duplicate="keep").state == "published"


def test_an_unknown_pair_is_named(store: PairStore) -> None:
    for use in (store.get, store.withdraw, store.restore, lambda id_: store.update(replace(ORDER, id=id_))):
        with pytest.raises(PairNotFound, match="There is no pair 7"):
            use(7)


def test_a_wording_that_stays_keeps_its_phrasing_id(store: PairStore) -> None:
    store.add(ORDER)
    before = {phrasing.text: phrasing.id for phrasing in store.phrasings()}
    store.update(replace(ORDER, id=1, similar=("订单在哪", "Where is it?")))
    after = {phrasing.text: phrasing.id for phrasing in store.phrasings()}
    assert after == {
        "Where is my order?": before["Where is my order?"],
        "订单在哪": before["订单在哪"],
        "Where is it?": 4,
    }
    assert store.get(1).similar == ("订单在哪", "Where is it?")


def test_wordings_get_new_ids_when_the_answer_changes_because_their_vectors_do(store: PairStore) -> None:
    store.add(ORDER)
    before = {phrasing.id for phrasing in store.phrasings()}
    store.update(replace(ORDER, id=1, answer="Somewhere else."))
    assert not before & {phrasing.id for phrasing in store.phrasings()}


@pytest.mark.parametrize(
    ("changes", "language", "found"),
    [
        ({}, None, True),
        ({}, "en", True),
        ({}, "zh", False),
        ({"language": ""}, "zh", True),
        ({"state": "draft"}, None, False),
        ({"state": "withdrawn"}, None, False),
        ({"valid_until": TODAY}, None, True),
        ({"valid_until": date(2025, 6, 14)}, None, False),
        ({"valid_from": TODAY}, None, True),
        ({"valid_from": date(2025, 6, 16)}, None, False),
    ],
)
def test_exact_match_serves_only_what_may_be_served(
    store: PairStore, changes: dict[str, object], language: str | None, found: bool
) -> None:
    store.add(replace(ORDER, **changes))  # type: ignore[arg-type]
    match = store.exact("track my PARCEL??", language, TODAY)
    assert (match is not None) == found
    wanted = Wanted(TODAY, language)
    assert wanted.allows(store.get(1)) == found
    assert bool(store.phrasings_with(["parcel"], wanted, 5)) == found
    assert bool(store.served_phrasings([1, 2, 3], wanted)) == found


def test_nothing_matches_a_text_that_asks_nothing(store: PairStore) -> None:
    store.add(ORDER)
    assert store.exact("???") is None


def test_staff_find_pairs_by_part_and_kind(store: PairStore) -> None:
    store.add_many([ORDER, Pair("100% sure?", "Yes_no.", language="en"), Pair("怎么退款", "三天", language="zh")])
    store.withdraw(2)

    def found(**filters: object) -> list[int]:
        pairs = store.list(**filters)  # type: ignore[arg-type]
        assert store.count(**filters) == len(pairs)  # type: ignore[arg-type]
        return [pair.id for pair in pairs]

    assert found() == [3, 2, 1]
    assert found(search="PARCEL") == [1]
    assert found(search="退款") == [3]
    assert found(search="三") == [3]
    assert found(search="%") == found(search="_") == [2]
    assert found(search="' OR 1=1 --") == []
    assert found(category="orders") == [1]
    assert found(language="zh") == [3]
    assert found(state="withdrawn") == [2]
    assert [pair.id for pair in store.list(limit=1, offset=1)] == [2]
    assert store.categories() == ("orders",)


def test_changes_are_numbered(store: PairStore) -> None:
    assert store.changes_since(0) == (0, set())
    store.add_many([ORDER, Pair("Hello?", "Hi.")])
    assert store.changes_since(0) == (2, {1, 2})
    store.withdraw(1)
    assert store.changes_since(2) == (3, {1})
    assert store.changes_since(3) == (3, set())


def test_threads_have_connections_of_their_own(store: PairStore) -> None:
    def add(number: int) -> None:
        for part in range(5):
            store.add(Pair(f"Question {number}.{part}?", "Answer."))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count() == 40


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = PairStore(tmp_path / "k.db")
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.count()


def _add_for_ever(path: Path, acknowledged: Connection) -> None:
    store = PairStore(path)
    for number in range(1_000_000):
        acknowledged.send(store.add(Pair(f"Question {number}?", "Answer.", similar=(f"Wording {number}",))).id)


def test_a_killed_writer_loses_no_acknowledged_pair(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    writer = spawn.Process(target=_add_for_ever, args=(tmp_path / "k.db", there))
    writer.start()
    there.close()
    ids = [here.recv() for _ in range(100)]
    writer.kill()
    writer.join()
    while here.poll():
        try:
            ids.append(here.recv())
        except EOFError:
            break
    here.close()
    store = PairStore(tmp_path / "k.db")
    stored = {pair.id: pair for pair in store.list(limit=-1)}
    assert set(ids) <= stored.keys()
    assert all(len(pair.similar) == 1 for pair in stored.values())  # none is half there
    assert store.changes_since(0)[1] == stored.keys()
    store.close()
