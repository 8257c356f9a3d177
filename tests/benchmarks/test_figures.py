"""The arithmetic, on cases that can be done by hand; and what a process tells of itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from chatbot.benchmarks.apart import apart, within
from chatbot.benchmarks.errors import BenchmarkError, OutOfTimeError
from chatbot.benchmarks.figures import AtBudget, Percentiles, Ranking, at_budget, percentiles, place_of, ranking
from chatbot.benchmarks.intent_sets import folder_sets
from chatbot.benchmarks.memory import field_mb, peak_mb, processor_seconds, resident_mb
from chatbot.benchmarks.provenance import report


def test_percentiles_lie_between_the_values_by_the_straight_line() -> None:
    assert percentiles([float(n) for n in range(101)]) == Percentiles(50.0, 95.0, 99.0)
    assert percentiles([1.0, 2.0]) == Percentiles(1.5, 1.95, 1.99)
    assert percentiles([7.0]) == Percentiles(7.0, 7.0, 7.0)


def test_the_best_placed_of_several_right_pairs_counts() -> None:
    found = ["a", "b", "c"]
    assert [place_of(found, frozenset(gold)) for gold in ({"a"}, {"c", "b"}, {"z"}, set())] == [1, 2, 0, 0]


def test_recall_and_reciprocal_rank_are_as_by_hand() -> None:
    assert ranking([1, 2, 0, 10]) == Ranking(r_at_1=0.25, r_at_5=0.5, mrr=pytest.approx((1 + 0.5 + 0.1) / 4))
    assert ranking([1, 1]) == Ranking(1.0, 1.0, 1.0)


def test_coverage_and_error_at_the_budget_are_as_by_hand() -> None:
    assert at_budget([True, True, True, False], [1, 2, 0, 1]) == AtBudget(coverage=0.75, error=0.6667)
    assert at_budget([False], [1]) == AtBudget(0.0, 0.0)


def test_a_process_of_its_own_has_its_own_memory() -> None:
    ballast = bytearray(300_000_000)
    small, large = apart(peak_mb), peak_mb()
    assert ballast
    if small is None or large is None:
        pytest.skip("no /proc here")
    assert small < 200 < 300 < large


def test_memory_that_cannot_be_told_is_none_and_not_zero() -> None:
    assert field_mb("no process", "VmRSS") is None
    assert field_mb("self", "VmNothing") is None
    assert resident_mb() is None or resident_mb() > 1  # type: ignore[operator]


def test_processor_time_grows_with_work() -> None:
    before, until = processor_seconds(os.getpid()), time.process_time() + 0.05
    while time.process_time() < until:
        pass
    after = processor_seconds(os.getpid())
    if before is None or after is None:
        pytest.skip("no /proc here")
    assert after > before


def test_an_error_of_the_other_process_comes_back_as_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"train\.csv and test\.csv missing"):
        apart(folder_sets, tmp_path)


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(BenchmarkError, match="ended with code 3"):
        apart(os._exit, 3)


def test_a_process_that_takes_too_long_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(OutOfTimeError):
        within(1.0, time.sleep, 60)
    assert time.monotonic() - began < 20


def test_every_report_tells_machine_versions_day_and_seed() -> None:
    told = report("nlu", "scripts/bench nlu", False, results=[])
    assert list(told["machine"]) == ["cpu", "cores", "memory_gb"]
    assert {"frontdesk", "torch", "transformers", "onnxruntime", "faiss-cpu", "python"} == set(told["versions"])
    assert "-" not in told["versions"].values()
    assert (told["seed"], told["full"], told["results"]) == (13, False, [])
