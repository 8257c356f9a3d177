"""How sure the search is of a pair."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chatbot.errors import ModelError
from chatbot.models.thresholds import as_json
from chatbot.understanding.pairs import (
    FILE,
    SureSearch,
    confident,
    read_calibration,
    signs,
    write_calibration,
)
from knowledge_base.pairs import Hit, Pair
from knowledge_base.search import KnowledgeBase
from tests.fakes import CALIBRATION, knowledge_base

SHOP = (
    Pair("How do I get a refund?", "Within 14 days.", ("I want my money back",), language="en"),
    Pair("Where is my order?", "On its way.", ("Track my parcel",), language="en"),
    Pair("怎么申请退款？", "十四天内。", ("Refund 怎么弄",), language="zh"),
    Pair("发票怎么开？", "在订单页。", language="zh"),
)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with knowledge_base(tmp_path, SHOP) as base:
        yield base


def hit(id_: int, score: float, lexical: float = 0.0, exact: bool = False) -> Hit:
    return Hit(Pair("q", "a", id=id_), "q", score, score, lexical, exact)


def found(search: SureSearch, text: str, language: str) -> list[Hit]:
    return search.search(text, language, 5, search.encode(text))


# --- signs and confidence ---------------------------------------------------------------------------------------------


def test_the_signs_are_the_score_the_lead_over_the_best_other_hit_and_the_common_words() -> None:
    hits = [hit(1, 0.8, 0.5), hit(2, 0.6, 0.1), hit(3, 0.7, 0.0)]
    assert signs(hits) == pytest.approx(np.array([[0.8, 0.1, 0.5], [0.6, -0.2, 0.1], [0.7, -0.1, 0.0]]))


def test_a_hit_without_others_leads_by_its_whole_score() -> None:
    assert signs([hit(1, 0.8, 0.5)]).tolist() == [[0.8, 0.8, 0.5]]
    assert signs([]).shape == (0, 3)


def test_the_score_of_a_hit_becomes_the_probability_that_it_is_right() -> None:
    # log-odds: 2 * 0.75 + 4 * 0.25 + 1 * 0.5 - 3 = 0, and 2 * 0.5 + 4 * -0.25 + 1 * 0 - 3 = -3
    sure = confident([hit(1, 0.75, 0.5), hit(2, 0.5)], (2.0, 4.0, 1.0), -3.0)
    assert [each.pair.id for each in sure] == [1, 2]
    assert [each.score for each in sure] == pytest.approx([0.5, 1 / (1 + 20.0855)], rel=1e-4)
    assert [(each.dense, each.lexical) for each in sure] == [(0.75, 0.5), (0.5, 0.0)]
    assert confident([], (2.0, 4.0, 1.0), -3.0) == []


def test_the_surest_hit_comes_first_even_where_another_has_the_higher_score() -> None:
    sure = confident([hit(1, 0.8, 0.0), hit(2, 0.75, 1.0)], (1.0, 0.0, 5.0), 0.0)
    assert [each.pair.id for each in sure] == [2, 1]


def test_an_exact_hit_stays_first_at_score_one_however_little_its_signs_count() -> None:
    hits = [hit(1, 1.0, 1.0, exact=True), hit(2, 0.9, 1.0)]
    sure = confident(hits, (-50.0, -50.0, 0.0), 40.0)
    assert [(each.pair.id, each.exact) for each in sure] == [(1, True), (2, False)]
    assert sure[0] == hits[0]
    assert sure[1].score < 1


# --- the search -------------------------------------------------------------------------------------------------------


def test_the_search_takes_the_weight_of_the_calibration(base: KnowledgeBase) -> None:
    SureSearch(base, replace(CALIBRATION, weight=0.55))
    assert base.weight == 0.55


def test_a_search_finds_what_the_knowledge_base_finds_with_confidences_for_scores(base: KnowledgeBase) -> None:
    search = SureSearch(base, CALIBRATION)
    text = "refund for my order"
    raw = base.search(text, "en")
    assert found(search, text, "en") == confident(raw, CALIBRATION.weights, CALIBRATION.bias)
    assert found(search, text, "en") != raw
    assert search.version == base.version


def test_a_stored_question_is_found_first_at_score_one(base: KnowledgeBase) -> None:
    first = found(SureSearch(base, CALIBRATION), "where is my ORDER", "en")[0]
    assert (first.pair.id, first.score, first.exact) == (2, 1.0, True)


def test_another_language_is_searched_only_where_this_one_has_nothing_near(base: KnowledgeBase) -> None:
    search = SureSearch(base, CALIBRATION)
    assert {each.pair.language for each in found(search, "refund", "en")} == {"en"}
    assert "Refund" in base.search("refund", "zh")[0].phrasing  # so there would be something
    base.store.withdraw(1)
    base.store.withdraw(2)
    assert [each.pair.id for each in found(search, "refund", "en")] == [3]


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_calibration_that_is_written_is_read_again(tmp_path: Path) -> None:
    write_calibration(tmp_path, CALIBRATION)
    assert read_calibration(tmp_path) == CALIBRATION
    later = replace(CALIBRATION, weight=0.5, pairs=9)
    write_calibration(tmp_path, later)
    assert read_calibration(tmp_path) == later
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


DAMAGED = {
    "no JSON": "{",
    "nothing": "",
    "no object": "[]",
    "no keys": "{}",
    "an unknown key": json.dumps({**as_json(CALIBRATION), "pair_lead": 0.1}),
    "a weight above 1": json.dumps({**as_json(CALIBRATION), "weight": 1.5}),
    "a bias that is no number": json.dumps({**as_json(CALIBRATION), "bias": float("nan")}),
}


@pytest.mark.parametrize("text", [None, *DAMAGED.values()], ids=["no file", *DAMAGED])
def test_a_missing_or_damaged_calibration_is_told_with_the_command_that_makes_it(
    tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / FILE).write_text(text)
    with pytest.raises(ModelError) as refusal:
        read_calibration(tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path / FILE}: ")
    assert str(refusal.value).endswith(". Compute it again: chatbot thresholds")


def test_one_letter_finds_only_what_equals_it(base: KnowledgeBase) -> None:
    assert base.search("r", "en")
    assert found(SureSearch(base, CALIBRATION), "r", "en") == []
