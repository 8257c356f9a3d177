from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.learning.handled import Handled, Handling
from chatbot.learning.migrations import MIGRATIONS, inbox_file


@pytest.fixture
def handled(tmp_path: Path) -> Iterator[Handled]:
    kept = inbox_file(tmp_path / "training" / "inbox.db")
    yield Handled(kept)
    kept.close()


def test_what_was_last_done_about_a_text_is_told(handled: Handled) -> None:
    first = handled.add(["a", "b"], "outside", "", "mei")
    second = handled.add(["b", "c"], "pair", "218", "li")
    assert first == Handling(first.id, "outside", "", first.at, "mei")
    assert handled.latest(["a", "b", "c", "d"]) == {"a": first, "b": second, "c": second}
    assert handled.latest([]) == {}
    assert (first.pair_id, second.pair_id) == (None, 218)


def test_it_is_known_which_texts_it_was_about(handled: Handled) -> None:
    first, second = handled.add(["a", "b"], "outside", "", "mei"), handled.add(["b"], "similar", "1", "mei")
    found = [handled.keys(handling_id) for handling_id in (first.id, second.id, 99)]
    assert found == [frozenset("ab"), frozenset("b"), frozenset()]


def test_the_share_that_is_answered_is_kept_and_may_be_measured_again(handled: Handled) -> None:
    handling = handled.add(["a"], "pair", "3", "mei")
    for share in (0.25, 1.0):
        handled.measured(handling.id, share)
        assert handled.latest(["a"]) == {"a": replace(handling, answered=share)}


def test_handlings_are_there_after_reopening(handled: Handled, tmp_path: Path) -> None:
    handling = handled.add(["a"], "pair", "3", "mei")
    again = inbox_file(tmp_path / "training" / "inbox.db")
    assert Handled(again).latest(["a"]) == {"a": handling}
    again.close()


def test_eight_threads_lose_no_handling(handled: Handled) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: handled.add([f"t{n}", "all"], "pair", str(n), "mei"), range(80)))
    latest = handled.latest([f"t{n}" for n in range(80)])
    assert {key: handling.subject for key, handling in latest.items()} == {f"t{n}": str(n) for n in range(80)}


def test_each_step_of_the_schema_is_recorded(handled: Handled) -> None:
    with handled.kept.reading() as db:
        recorded = db.execute("SELECT number, name FROM migrations").fetchall()
    assert recorded == [(number, step.__name__) for number, step in enumerate(MIGRATIONS, 1)]
