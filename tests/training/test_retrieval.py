"""The search calibrated on its own stored questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.deciding import Policy, decide
from chatbot.dialogue.domain import Domain
from chatbot.dialogue.rules import Rules
from chatbot.messages import Evidence, State, Step
from chatbot.models.thresholds import Band, Trials
from chatbot.training.retrieval import ENOUGH, NOTHING, calibrated
from chatbot.understanding.pairs import PairCalibration, SureSearch
from chatbot.wiring import thresholds
from knowledge_base.fusing import GRID
from knowledge_base.pairs import Pair
from knowledge_base.search import WEIGHT, KnowledgeBase
from knowledge_base.trials import Confirmed
from tests.fakes import knowledge_base

TOPICS = [
    ("lamp", "voltage"),
    ("sofa", "fabric"),
    ("mirror", "crack"),
    ("carpet", "stain"),
    ("drawer", "handle"),
    ("pillow", "feather"),
    ("curtain", "length"),
    ("bench", "varnish"),
    ("voucher", "expiry"),
    ("parcel", "customs"),
    ("invoice", "vatnumber"),
    ("refund", "paypal"),
    ("courier", "signature"),
    ("basket", "checkout"),
    ("account", "password"),
    ("newsletter", "unsubscribe"),
    ("wardrobe", "hinge"),
    ("mattress", "firmness"),
    ("ladder", "weight"),
    ("toolbox", "padlock"),
    ("blanket", "washing"),
    ("kettle", "descaling"),
    ("teapot", "lid"),
    ("cushion", "zip"),
    ("bookshelf", "anchor"),
    ("stool", "wobble"),
    ("clock", "battery"),
    ("candle", "wick"),
    ("plant", "watering"),
    ("frame", "glass"),
    ("rug", "backing"),
    ("tray", "scratch"),
    ("vase", "leak"),
    ("hook", "adhesive"),
    ("basin", "plug"),
    ("towel", "lint"),
    ("shower", "mould"),
    ("bucket", "rust"),
    ("broom", "bristle"),
    ("heater", "thermostat"),
]
SHOP = [
    Pair(f"{one} {other}?", f"All about {one}.", (f"the {other} of a {one}", f"my {one}, its {other}"), language="en")
    for one, other in TOPICS
]
ONE, OTHER = TOPICS[0]
STORED, NEAR = f"{ONE} {OTHER.upper()}", f"{ONE} and {OTHER}"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """40 pairs of three phrasings each."""
    with knowledge_base(tmp_path_factory.mktemp("shop"), SHOP) as base:
        yield base


@pytest.fixture(scope="module")
def found(base: KnowledgeBase) -> PairCalibration:
    return calibrated(base)


def mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)


def next_step(base: KnowledgeBase, calibration: PairCalibration, text: str) -> Step:
    """What is done with a text that no intent is known of."""
    search = SureSearch(base, calibration)
    hits = tuple(search.search(text, "en", 5, search.encode(text)))
    bands = thresholds(Band(1.0, 1.0, 0.03, False, 0, 0.0, 0.0, 0), calibration.band)
    return decide(Evidence(text, text, "en", hits=hits), State("c", turn=1), Policy(empty(), Rules(), bands))


def empty() -> Domain:
    return Domain((), {}, {}, {}, ())


def test_every_phrasing_is_tried_and_a_tenth_of_them_once_more_without_its_pair(found: PairCalibration) -> None:
    assert found.trials.inside == (True,) * 120 + (False,) * 12
    assert len(found.trials.scores) == len(found.trials.right) == len(found.trials.among) == 132
    assert found.band.trials == 132


def test_what_has_no_stored_answer_is_never_right_and_is_less_sure(found: PairCalibration) -> None:
    own, absent = found.trials.scores[:120], found.trials.scores[120:]
    assert mean(absent) < mean(own) - 0.2
    assert not any(found.trials.right[120:] + found.trials.among[120:])
    assert sum(found.trials.right[:120]) > 60


def test_a_right_answer_is_among_the_best_three(found: PairCalibration) -> None:
    assert [
        at
        for at, (right, among) in enumerate(zip(found.trials.right, found.trials.among, strict=True))
        if right and not among
    ] == []


def test_the_weight_is_fitted_and_what_was_asked_is_noted(base: KnowledgeBase, found: PairCalibration) -> None:
    assert found.weight in GRID
    assert min(found.weights) >= 0
    assert (found.index, found.encoder, found.pairs) == (base.version, "hashing-1", 40)


def test_the_search_itself_is_left_as_it_was_and_the_same_questions_give_the_same(
    base: KnowledgeBase, found: PairCalibration
) -> None:
    steps: list[tuple[int, int]] = []
    assert calibrated(base, progress=lambda done, total: steps.append((done, total))) == found
    assert base.weight == WEIGHT
    assert steps == [(32, 120), (64, 120), (96, 120), (120, 120)]


def test_a_stricter_budget_answers_less_and_is_kept_in_the_trials(base: KnowledgeBase, found: PairCalibration) -> None:
    lax = calibrated(base, budget=0.3)
    assert lax.trials == found.trials
    assert (found.band.budget, lax.band.budget) == (0.03, 0.3)
    assert lax.band.answer <= found.band.answer
    assert lax.band.coverage >= found.band.coverage
    assert lax.band.coverage > 0


def asked_by_customers(count: int) -> list[Confirmed]:
    """Each topic in words that nobody stored, and every fifth question about something else."""
    return [
        Confirmed(f"question {number}: tell me everything", "en", 0)
        if number % 5 == 4
        else Confirmed(f"{TOPICS[number % 40][0]} number {number}, its {TOPICS[number % 40][1]}", "en", number % 40 + 1)
        for number in range(count)
    ]


def test_enough_confirmed_questions_are_asked_alone_and_fewer_not_at_all(
    base: KnowledgeBase, found: PairCalibration
) -> None:
    assert calibrated(base, asked_by_customers(ENOUGH)).trials.inside == (True,) * 160 + (False,) * 40
    assert calibrated(base, asked_by_customers(ENOUGH - 1)) == found


def test_confirmed_questions_tell_what_is_stored_from_what_is_not(base: KnowledgeBase) -> None:
    trials = calibrated(base, asked_by_customers(ENOUGH)).trials
    assert sum(trials.right[:160]) > 140
    assert not any(trials.right[160:] + trials.among[160:])
    assert mean(trials.scores[160:]) < mean(trials.scores[:160]) - 0.5


def test_a_base_without_similar_questions_answers_nothing_but_exact_matches(tmp_path: Path) -> None:
    with knowledge_base(tmp_path, [replace(pair, similar=()) for pair in SHOP]) as base:
        steps: list[tuple[int, int]] = []
        found = calibrated(base, budget=0.05, progress=lambda done, total: steps.append((done, total)))
        assert found.band == replace(NOTHING, budget=0.05)
        assert (found.weight, found.trials, found.pairs, steps) == (WEIGHT, Trials((), (), (), ()), 40, [])
        assert next_step(base, found, STORED).reason == "equals a stored phrasing"
        assert next_step(base, found, NEAR).kind == "fallback"


def test_an_empty_base_can_be_calibrated(tmp_path: Path) -> None:
    with knowledge_base(tmp_path, []) as base:
        found = calibrated(base)
        assert (found.band, found.pairs) == (NOTHING, 0)
        assert next_step(base, found, NEAR).kind == "fallback"


def test_a_handful_of_trials_proves_nothing_so_that_only_exact_matches_are_answered(tmp_path: Path) -> None:
    with knowledge_base(tmp_path, SHOP[:2]) as base:
        found = calibrated(base)
        assert (found.band.answer, found.band.coverage, found.band.certified) == (1.0, 0.0, False)
        assert found.trials.inside == (True,) * 6 + (False,)
        assert next_step(base, found, STORED).reason == "equals a stored phrasing"
        assert next_step(base, found, NEAR).kind == "clarify"


def test_pairs_of_one_language_only_are_calibrated_too(tmp_path: Path) -> None:
    chinese = Pair("怎么申请退款？", "十四天内。", ("如何申请退款",), language="zh")
    with knowledge_base(tmp_path, [chinese]) as base:  # with its pair left out, nothing at all is found
        found = calibrated(base)
        assert (found.trials.inside, found.trials.right) == ((True, True, False), (True, True, False))
        assert found.trials.scores[2] == 0.0
