from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.errors import (
    AlreadyUndone,
    DuplicateQuestion,
    ImportNotFound,
    InvalidPair,
    PairChanged,
    PairNotFound,
    RevisionNotFound,
    StoreError,
)
from knowledge_base.history import Undone
from knowledge_base.pairs import Pair, Stored
from knowledge_base.store import PairStore
from tests.knowledge_base.old_database import write_old_database

ORDER = Pair("Where is my order?", "On its way.", similar=("Track my parcel", "订单在哪"), language="en")
HOURS = Pair("When are you open?", "From 9 to 18.")


def told(store: PairStore, pair_id: int) -> list[tuple[int, str, str, str]]:
    """Revision, kind, who and answer, newest first."""
    return [(each.revision, each.kind, each.by, each.pair.answer) for each in store.history(pair_id)]


# ---- revisions


def test_every_change_is_kept_with_who_made_it(store: PairStore) -> None:
    full = replace(ORDER, valid_from=date(2025, 1, 1), review_by=date(2025, 7, 1), owner="tan", category="orders")
    first = store.add(full, by="mei")
    second = store.update(replace(first, answer="Lost.", similar=()), by="tan")
    store.withdraw(1, by="li")
    store.restore(1)
    assert told(store, 1) == [
        (4, "restored", "", "Lost."),
        (3, "withdrawn", "li", "Lost."),
        (2, "updated", "tan", "Lost."),
        (1, "added", "mei", "On its way."),
    ]
    assert [each.pair for each in store.history(1)][::-1] == [first, second, replace(second, state="withdrawn"), second]
    latest = store.history(1)[0]
    assert store.stored(1) == Stored(second, 4, latest.at, "")
    assert store.stored(1).updated_at > store.history(1)[-1].at


def test_a_change_that_changes_nothing_is_none(store: PairStore) -> None:
    pair = store.add(ORDER, by="mei")
    assert store.update(replace(pair, question=" Where is  my order? "), by="tan") == pair
    assert store.restore(1, by="tan") == pair
    assert store.back(1, to=1, by="tan") == pair
    assert (len(store.history(1)), store.stored(1).updated_by, store.latest_change()) == (1, "mei", 1)


def test_what_is_refused_leaves_no_trace(store: PairStore) -> None:
    store.add(ORDER)
    store.add(HOURS)
    for refused in (replace(HOURS, question=ORDER.question, id=2), replace(HOURS, answer="", id=2)):
        with pytest.raises((DuplicateQuestion, InvalidPair)):
            store.update(refused)
    assert told(store, 2) == [(1, "added", "", "From 9 to 18.")]
    assert store.latest_change() == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.update(replace(ORDER, id=1, answer="Mine."), revision=1, by="mei"),
        lambda store: store.withdraw(1, revision=1, by="mei"),
        lambda store: store.restore(1, revision=1, by="mei"),
        lambda store: store.back(1, to=1, revision=1, by="mei"),
    ],
)
def test_who_looked_at_an_older_revision_is_told_and_overwrites_nothing(
    store: PairStore, change: Callable[[PairStore], Pair]
) -> None:
    store.add(ORDER, by="mei")
    theirs = store.update(replace(ORDER, id=1, answer="Theirs."), revision=1, by="tan")
    with pytest.raises(PairChanged) as refusal:
        change(store)
    assert refusal.value.now == store.stored(1)
    assert refusal.value.now.pair == theirs
    at = refusal.value.now.updated_at
    assert str(refusal.value) == (
        f"Pair 1 was changed by tan on {at[:10]} at {at[11:16]} (UTC): look at what it says now before you change it."
    )
    assert len(store.history(1)) == 2


def test_who_looked_at_the_present_revision_may_change_it(store: PairStore) -> None:
    store.add(ORDER)
    store.update(replace(ORDER, id=1, answer="A."), revision=1)
    store.withdraw(1, revision=2)
    store.restore(1, revision=3)
    store.back(1, to=1, revision=4)
    assert store.stored(1).revision == 5


def test_an_earlier_revision_comes_back_whole_as_a_new_one(store: PairStore) -> None:
    first = store.add(replace(ORDER, owner="tan", valid_until=date(2030, 1, 1)))
    store.update(Pair("Other?", "Other.", id=1, state="draft"))
    assert store.back(1, to=1, by="mei") == first == store.get(1)
    assert store.exact("track my parcel") == first
    assert told(store, 1)[0] == (3, "back", "mei", "On its way.")


def test_an_earlier_revision_whose_question_is_taken_now_is_refused(store: PairStore) -> None:
    store.add(ORDER)
    store.update(replace(HOURS, id=1))
    store.add(ORDER)
    with pytest.raises(DuplicateQuestion, match="pair 2"):
        store.back(1, to=1)
    assert store.back(1, to=1, on_duplicate="keep") == replace(ORDER, id=1)


def test_revisions_and_pairs_that_are_not_there_are_named(store: PairStore) -> None:
    store.add(ORDER)
    with pytest.raises(RevisionNotFound, match="Pair 1 has no revision 7"):
        store.back(1, to=7)
    for use in (store.history, store.stored, lambda pair_id: store.back(pair_id, to=1)):
        with pytest.raises(PairNotFound, match="There is no pair 7"):
            use(7)


def test_the_first_change_of_an_old_pair_keeps_what_it_was(tmp_path: Path) -> None:
    write_old_database(tmp_path / "k.db", [ORDER, HOURS])
    store = PairStore(tmp_path / "k.db")
    assert store.get(1) == replace(ORDER, id=1)
    assert [(each.revision, each.kind, each.at) for each in store.history(1)] == [(1, "earlier", "2025-01-01")]
    store.update(replace(ORDER, id=1, answer="Lost."), revision=1, by="mei")
    store.withdraw(1, by="mei")
    assert told(store, 1) == [
        (3, "withdrawn", "mei", "Lost."),
        (2, "updated", "mei", "Lost."),
        (1, "earlier", "", "On its way."),
    ]
    assert store.history(1)[-1].at == "2025-01-01"
    assert store.back(1, to=1) == replace(ORDER, id=1)
    store.close()


# ---- imports


def test_an_import_adds_replaces_and_skips_and_is_remembered(store: PairStore) -> None:
    order, hours = store.add_many([ORDER, HOURS], by="tan")
    changed = replace(order, answer="Lost.", owner="li")
    done = store.import_pairs("faq.csv", [Pair("New?", "Yes.")], [changed, hours], by="mei", skipped=4)
    assert (done.id, done.name, done.by, done.added, done.replaced, done.skipped) == (1, "faq.csv", "mei", 1, 1, 5)
    assert (done.undone_at, done.undone_by) == (None, "")
    assert store.imports() == [done]
    assert store.get(1) == changed
    assert [(each.kind, each.by, each.import_id) for each in store.history(1)] == [
        ("imported", "mei", 1),
        ("added", "tan", None),
    ]
    assert [(each.kind, each.import_id) for each in store.history(3)] == [("imported", 1)]
    assert len(store.history(2)) == 1
    assert store.changes_since(2) == (4, {1, 3})


def test_an_import_is_all_or_nothing(store: PairStore) -> None:
    order = store.add(ORDER)
    before = store.latest_change()
    new = [Pair("New?", "Yes."), Pair("track my parcel!", "No.", language="en"), Pair("new", "Again.")]
    with pytest.raises(DuplicateQuestion) as refusal:
        store.import_pairs("faq.csv", new, [replace(order, answer="Lost.")])
    found = [(each.position, each.pair_id, each.other_position) for each in refusal.value.duplicates]
    assert found == [(1, 0, 3), (2, 0, 0)]  # 3: the pair that is replaced, after the three new ones

    def fail(done: int, total: int) -> None:
        assert (done, total) == (1, 1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.import_pairs("faq.csv", [Pair("New?", "Yes.")], progress=fail)
    with pytest.raises(InvalidPair):
        store.import_pairs("faq.csv", [Pair("New?", "Yes."), Pair("", "Yes.")])
    with pytest.raises(PairNotFound):
        store.import_pairs("faq.csv", [Pair("New?", "Yes.")], [replace(HOURS, id=7)])
    assert (store.count(), store.get(1), store.imports(), store.latest_change()) == (1, order, [], before)


def test_an_imports_duplicates_can_be_skipped_or_kept(store: PairStore) -> None:
    _, hours = store.add_many([ORDER, HOURS])
    clashing = replace(hours, question="Where is my order?")
    done = store.import_pairs("a.csv", [ORDER], [clashing], on_duplicate="skip")
    assert (done.added, done.replaced, done.skipped, store.get(2)) == (0, 0, 2, hours)
    done = store.import_pairs("b.csv", [ORDER], [clashing], on_duplicate="keep")
    assert (done.added, done.replaced, done.skipped, store.get(2)) == (1, 1, 0, clashing)


def test_a_new_pair_may_have_the_question_that_a_replaced_one_gives_up(store: PairStore) -> None:
    order = store.add(ORDER)
    done = store.import_pairs("a.csv", [ORDER], [replace(HOURS, id=order.id)])
    assert (done.added, done.replaced) == (1, 1)


def test_what_somebody_changed_since_the_preview_is_not_replaced(store: PairStore) -> None:
    order, hours = store.add_many([ORDER, HOURS])
    seen = store.latest_change()
    store.update(replace(order, answer="Theirs."), by="tan")
    with pytest.raises(PairChanged, match="Pair 1 was changed by tan"):
        store.import_pairs("a.csv", [Pair("New?", "Yes.")], [replace(order, answer="Lost.")], since=seen)
    assert store.count() == 2
    store.import_pairs("a.csv", [], [replace(hours, answer="Closed.")], since=seen)
    assert store.get(2).answer == "Closed."


def test_an_imports_progress_is_told(store: PairStore) -> None:
    order = store.add(ORDER)
    steps: list[tuple[int, int]] = []
    new = [Pair(f"Question {number}?", "Yes.") for number in range(450)]
    store.import_pairs("a.csv", new, [replace(order, answer="B.")], progress=lambda *step: steps.append(step))
    assert steps == [(200, 451), (400, 451), (451, 451)]


def test_an_undone_import_leaves_the_pairs_as_they_were(store: PairStore) -> None:
    order, hours = store.add_many([ORDER, replace(HOURS, state="draft")])
    new = [Pair("New?", "Yes."), Pair("Newer?", "Yes.", state="draft")]
    store.import_pairs("a.csv", new, [replace(order, answer="Lost."), replace(HOURS, id=2)])
    assert store.undo(1, by="mei") == Undone(withdrawn=2, restored=2, kept=())
    assert [pair.state for pair in store.list()] == ["withdrawn", "withdrawn", "draft", "published"]
    assert (store.get(1), store.get(2)) == (order, hours)
    latest = store.history(1)[0]
    assert (latest.kind, latest.by, latest.import_id) == ("undone", "mei", 1)
    (done,) = store.imports()
    assert done.undone_at is not None
    assert done.undone_by == "mei"


def test_what_was_changed_since_the_import_is_kept_and_named(store: PairStore) -> None:
    order, hours = store.add_many([ORDER, HOURS])
    new = [Pair("New?", "Yes."), Pair("Newer?", "Yes.")]
    store.import_pairs("a.csv", new, [replace(order, answer="Lost."), replace(hours, answer="Closed.")])
    edited = store.update(replace(store.get(1), answer="Found."), by="tan")
    published = store.update(replace(store.get(4), answer="No."), by="tan")
    assert store.undo(1) == Undone(withdrawn=1, restored=1, kept=(1, 4))
    assert (store.get(1), store.get(2), store.get(4)) == (edited, hours, published)


def test_imports_on_top_of_each_other_are_undone_from_the_top(store: PairStore) -> None:
    order = store.add(ORDER)
    store.import_pairs("a.csv", [], [replace(order, answer="A.")])
    store.import_pairs("b.csv", [], [replace(order, answer="B.")])
    assert store.undo(2) == Undone(0, 1, ())
    assert store.get(1).answer == "A."
    assert store.undo(1) == Undone(0, 1, ())  # it is what that import made of it, though not by that import
    assert store.get(1) == order


def test_a_replaced_pair_whose_question_was_given_away_since_is_kept(store: PairStore) -> None:
    order = store.add(ORDER)
    store.import_pairs("a.csv", [], [replace(HOURS, id=order.id)])
    store.add(ORDER)
    assert store.undo(1) == Undone(0, 0, (1,))
    assert store.get(1) == replace(HOURS, id=1)


def test_a_question_that_an_import_gave_to_another_pair_goes_back(store: PairStore) -> None:
    order, hours = store.add_many([ORDER, HOURS])
    away, taker = replace(order, question="Away?", similar=()), replace(hours, question=ORDER.question)
    store.import_pairs("a.csv", [], [away, taker])
    assert store.undo(1) == Undone(0, 2, ())
    assert (store.get(1), store.get(2)) == (order, hours)


def test_kept_duplicates_go_back_as_well(store: PairStore) -> None:
    _, second = store.add_many([ORDER, ORDER], on_duplicate="keep")
    store.import_pairs("a.csv", [], [replace(second, answer="Lost.")])
    assert store.undo(1) == Undone(0, 1, ())


def test_an_import_is_undone_once(store: PairStore) -> None:
    store.import_pairs("a.csv", [ORDER])
    store.undo(1, by="mei")
    store.restore(1)
    with pytest.raises(AlreadyUndone, match=r"The import of a\.csv was undone by mei on 20\d\d-.* \(UTC\) already"):
        store.undo(1)
    with pytest.raises(ImportNotFound, match="There is no import 7"):
        store.undo(7)
    assert store.get(1).state == "published"


def test_an_undo_that_fails_undoes_nothing(store: PairStore, tmp_path: Path) -> None:
    store.import_pairs("a.csv", [Pair(f"Question {number}?", "Yes.") for number in range(300)])
    with store._connections.reading() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(StoreError, match="full"):
        store.undo(1)
    assert (store.count(state="published"), store.imports()[0].undone_at) == (300, None)
    with store._connections.reading() as db:
        db.execute("PRAGMA max_page_count = 1000000")
    assert store.undo(1).withdrawn == 300
