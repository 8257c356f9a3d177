from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.comparing import Repeat
from knowledge_base.errors import ImportFileError, PairChanged
from knowledge_base.exporting import ENDINGS, ExportFormat, write_pairs
from knowledge_base.imports import Changed, Source, preview, run
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore

Given = Callable[[str], Source]
JANUARY, FEBRUARY = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))


@pytest.fixture
def given(tmp_path: Path) -> Given:
    def write(text: str) -> Source:
        (tmp_path / "upload.csv").write_text(text, encoding="utf-8", newline="")
        return Source(tmp_path / "upload.csv", "faq.csv")

    return write


def answers(store: PairStore) -> dict[str, str]:
    return {f"{pair.id} {pair.question}": pair.answer for pair in store.list(state="published")[::-1]}


def test_a_preview_tells_what_is_new_the_same_changed_repeated_and_wrong(store: PairStore, given: Given) -> None:
    store.add_many([Pair("Same?", "1", language="en"), Pair("Changed?", "2", ("Altered?",), language="en")])
    seen = preview(
        store,
        given("question,answer\nNew?,n\nSame?,1\nchanged,3\nNEW,o\nbad,\nAltered?,4\nSame?,1\n"),
    )
    assert (seen.format, seen.rows, seen.new, seen.same) == ("frontdesk", 7, 1, 1)
    assert (seen.changed, seen.changed_count) == ((Changed(4, 2, "Changed?", "2", "3", ("question", "answer")),), 1)
    assert seen.repeats == (Repeat(5, "NEW", 2), Repeat(7, "Altered?", 4), Repeat(8, "Same?", 3))
    assert (seen.repeat_count, seen.errors, seen.error_count) == (3, ((6, "answer is empty."),), 1)
    assert seen.sample[0] == Pair("New?", "n", language="en")
    assert len(store.list()) == 2


def test_a_preview_shows_the_first_of_many(store: PairStore, given: Given) -> None:
    numbers = range(120)
    store.add_many([Pair(f"Old {number}?", "x", language="en") for number in numbers])
    seen = preview(
        store, given("question,answer\n" + "".join(f"Old {n}?,y\nNew {n}?,n\nNew {n}?,n\nx,\n" for n in numbers))
    )
    assert (len(seen.changed), seen.changed_count, seen.new) == (50, 120, 120)
    assert (len(seen.repeats), seen.repeat_count, len(seen.errors), seen.error_count) == (100, 120, 100, 120)
    assert len(seen.sample) == 5


@pytest.mark.parametrize(
    ("duplicates", "counts", "left"),
    [
        ("skip", (1, 0, 3), {"1 Same?": "1", "2 Old?": "2", "3 New?": "n"}),
        ("replace", (1, 1, 2), {"1 Same?": "1", "2 Old?": "3", "3 New?": "n"}),
        ("keep", (3, 0, 1), {"1 Same?": "1", "2 Old?": "2", "3 New?": "n", "4 Old?": "3", "5 new": "o"}),
    ],
)
def test_what_changes_a_pair_is_left_out_written_over_it_or_stored_beside_it(
    store: PairStore, given: Given, duplicates: str, counts: tuple[int, int, int], left: dict[str, str]
) -> None:
    store.add_many([Pair("Same?", "1", language="en"), Pair("Old?", "2", language="en")])
    done = run(store, given("question,answer\nSame?,1\nNew?,n\nOld?,3\nnew,o\n"), duplicates, "mei")  # type: ignore[arg-type]
    assert (done.added, done.replaced, done.skipped, done.name, done.by) == (*counts, "faq.csv", "mei")
    assert answers(store) == left


def test_undone_it_is_as_it_was_and_can_be_imported_again(store: PairStore, given: Given) -> None:
    store.add_many([Pair("Same?", "1", language="en"), Pair("Old?", "2", language="en")])
    source = given("question,answer\nSame?,1\nNew?,n\nOld?,3\n")
    before = answers(store)
    store.undo(run(store, source, "replace").id)
    assert answers(store) == before
    assert (preview(store, source).new, preview(store, source).changed_count) == (1, 1)
    assert run(store, source, "replace").added == 1
    assert list(answers(store).values()) == ["1", "3", "n"]


def test_one_wrong_row_and_nothing_is_imported(store: PairStore, given: Given) -> None:
    with pytest.raises(ImportFileError, match=r"^faq\.csv line 3: answer is empty\. Nothing was imported\.$"):
        run(store, given("question,answer\nGood?,Yes.\nBad?,\n"), "skip")
    assert (store.list(), store.imports()) == ([], [])


def test_what_the_file_has_no_column_for_stays(store: PairStore, given: Given) -> None:
    whole = Pair(
        "Where?", "Here.", ("Whither?",), "orders", "", *JANUARY, "https://a.example", "draft", FEBRUARY[0], "mei"
    )  # fmt: skip
    store.add(whole)
    assert run(store, given("question,answer\nWhere?,There.\n"), "replace").replaced == 1
    assert store.get(1) == replace(whole, id=1, answer="There.")
    run(store, given("question,answer,category,state,language,similar_1\nWhere?,There.,,,,\n"), "replace")
    assert store.get(1) == replace(whole, id=1, answer="There.", category="", similar=())


def test_a_question_may_be_reworded_with_the_old_one_beside_it(store: PairStore, given: Given) -> None:
    store.add_many([Pair("Where?", "Here.", language="en"), Pair("When?", "Now.", ("How soon?",), language="en")])
    text = "question,answer,similar_1\nWhere is it?,Here.,Where?\nHow soon?,Now.,When?\n"
    seen = preview(store, given(text))
    assert [(changed.pair_id, changed.fields) for changed in seen.changed] == [
        (1, ("question", "similar")),
        (2, ("question", "similar")),
    ]


def test_a_pair_that_only_shares_a_similar_question_is_never_written_over(store: PairStore, given: Given) -> None:
    store.add(Pair("Refund?", "Three days.", ("Money back?",), language="en"))
    source = given("question,answer,similar_1\nTo my card?,Yes.,Money back?\n")
    assert preview(store, source).repeats == (Repeat(2, "To my card?", pair_id=1),)
    assert run(store, source, "replace").skipped == 1
    assert run(store, source, "keep").added == 1


def test_pairs_of_other_days_and_languages_are_no_repeats(store: PairStore, given: Given) -> None:
    source = given(
        "question,answer,language,valid_from,valid_until\nSale?,J,en,2026-01-01,2026-01-31\n"
        "Sale?,F,en,2026-02-01,2026-02-28\nSale?,Z,zh,2026-01-01,2026-01-31\nSale?,A,any,2026-02-28,\n"
    )
    assert preview(store, source).repeats == (Repeat(5, "Sale?", 3),)
    assert run(store, source, "skip").added == 3


def test_a_repeat_that_is_not_published_is_none(store: PairStore, given: Given) -> None:
    source = given("question,answer,state\nWhere?,1,published\nWhere?,2,draft\nWhere?,3,withdrawn\n")
    assert preview(store, source).repeats == ()
    assert run(store, source, "skip").added == 3


def test_a_wording_that_a_changed_pair_gives_up_is_free_for_a_new_one(store: PairStore, given: Given) -> None:
    store.add(Pair("Refund?", "Three days.", ("To my card?",), language="en"))
    source = given("question,answer,similar_1\nRefund?,Two days.,\nTo my card?,Yes.,\n")
    seen = preview(store, source)
    assert (seen.new, seen.changed_count, seen.repeat_count) == (1, 1, 0)
    done = run(store, source, "replace")
    assert (done.added, done.replaced, done.skipped) == (1, 1, 0)


def test_what_was_changed_after_the_preview_is_not_written_over(store: PairStore, given: Given) -> None:
    pair = store.add(Pair("Where?", "Here.", language="en"))
    source = given("question,answer\nNew?,n\nWhere?,There.\n")
    since = preview(store, source).since
    store.update(replace(pair, answer="Upstairs."), by="li")
    with pytest.raises(PairChanged):
        run(store, source, "replace", since=since)
    assert answers(store) == {"1 Where?": "Upstairs."}


def test_progress_reaches_the_end(store: PairStore, given: Given) -> None:
    told: list[tuple[int, int]] = []
    source = given("question,answer\n" + "".join(f"Question {number}?,x\n" for number in range(1_000)))
    run(store, source, "skip", progress=lambda done, total: told.append((done, total)))
    assert len(told) > 2
    assert told[-1] == (1_000, 1_000)
    assert told == sorted(told)


KEPT = [
    Pair("Sale?", "January", (), "", "en", *JANUARY),
    Pair("Sale?", "February", (), "", "en", *FEBRUARY),
    Pair("Twice?", "One.", ("Double?",), language="en"),
    Pair("Twice?", "Two.", ("Double?",), language="en"),
    Pair("Mixed?", "English", language="en"),
    Pair("Mixed?", "中文", language="zh"),
    Pair("Both?", "Draft", language="", state="draft"),
    Pair("Both?", "Published", language=""),
    Pair("Gone?", "Was.", language="en", state="withdrawn", owner="mei", review_by=date(2026, 3, 1)),
]


@pytest.mark.parametrize("format", ENDINGS)
def test_an_export_changes_nothing_when_it_is_imported_again(
    store: PairStore, tmp_path: Path, format: ExportFormat
) -> None:
    store.add_many(KEPT, on_duplicate="keep")
    path = tmp_path / f"export{ENDINGS[format]}"
    write_pairs(path, store.list(limit=-1)[::-1], format)
    seen = preview(store, Source(path, "export"))
    assert (seen.same, seen.new, seen.changed, seen.repeats, seen.errors) == (len(KEPT), 0, (), (), ())
    fresh = PairStore(tmp_path / "fresh.db")
    assert run(fresh, Source(path, "export"), "keep").added == len(KEPT)
    assert [replace(pair, id=0) for pair in fresh.list(limit=-1)[::-1]] == KEPT
    fresh.close()
