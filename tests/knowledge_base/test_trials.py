"""The stored questions asked with themselves left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from knowledge_base.pairs import Pair
from knowledge_base.search import KnowledgeBase
from knowledge_base.trials import Confirmed, Trial, absent_trials, confirmed_trials, own_trials
from tests.fakes import HashingEncoder

REFUND = Pair("How do I get a refund?", "Within 14 days.", ("How can I get my refund", "refund please"), language="en")
PARCEL = Pair("Where is my parcel?", "On its way.", ("Track my parcel",), language="en")
ALONE = Pair("Do you sell lamps?", "Yes.", language="en")
RETURNS = Pair("怎么申请退款？", "十四天内。", ("如何申请退款",))


@pytest.fixture
def shop(knowledge: KnowledgeBase) -> KnowledgeBase:
    knowledge.store.add_many([REFUND, PARCEL, ALONE, RETURNS])
    knowledge.index.refresh()
    return knowledge


def asked(trials: list[Trial]) -> list[tuple[str, str, int]]:
    return [(trial.text, trial.language, trial.pair_id) for trial in trials]


def test_every_phrasing_of_a_pair_with_several_is_asked(shop: KnowledgeBase) -> None:
    expected = [
        ("How do I get a refund?", "en", 1),
        ("How can I get my refund", "en", 1),
        ("refund please", "en", 1),
        ("Where is my parcel?", "en", 2),
        ("Track my parcel", "en", 2),
        ("怎么申请退款？", "zh", 4),
        ("如何申请退款", "zh", 4),
    ]
    assert asked(own_trials(shop)) == asked(absent_trials(shop)) == expected


def test_a_question_is_never_answered_by_itself(shop: KnowledgeBase) -> None:
    for trial in own_trials(shop):
        assert trial.hits[0].pair.id == trial.pair_id
        assert trial.text not in [hit.phrasing for hit in trial.hits]
        assert not any(hit.exact for hit in trial.hits)


def test_an_absent_pair_is_never_found(shop: KnowledgeBase) -> None:
    for trial in absent_trials(shop):
        assert trial.pair_id not in [hit.pair.id for hit in trial.hits]
    assert any(trial.hits for trial in absent_trials(shop))


def test_hits_are_of_the_language_asked_in(shop: KnowledgeBase) -> None:
    assert {hit.pair.language for trial in own_trials(shop) if trial.language == "en" for hit in trial.hits} == {
        "en",
        "",
    }


def test_each_text_is_encoded_once(shop: KnowledgeBase) -> None:
    assert isinstance(shop.index.encoder, HashingEncoder)
    shop.index.encoder.calls = 0
    assert len(own_trials(shop)) == shop.index.encoder.calls == 7


def test_a_sample_is_spread_and_always_the_same(shop: KnowledgeBase) -> None:
    sample = own_trials(shop, most=3)
    assert [trial.text for trial in sample] == ["How do I get a refund?", "refund please", "Track my parcel"]
    assert own_trials(shop, most=3) == sample
    assert own_trials(shop, most=0) == []


def test_progress_of_trials_is_reported(shop: KnowledgeBase) -> None:
    shop.store.add(Pair("lamp 0", "x", tuple(f"lamp {number}" for number in range(1, 40)), language="en"))
    shop.index.refresh()
    steps: list[tuple[int, int]] = []
    own_trials(shop, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(32, 47), (47, 47)]


def test_what_is_not_served_today_is_not_asked(shop: KnowledgeBase) -> None:
    shop.store.withdraw(1)
    shop.store.update(replace(shop.store.get(2), valid_until=date(2020, 1, 1)))
    assert {trial.pair_id for trial in own_trials(shop)} == {4}


def test_a_phrasing_that_two_pairs_have_is_not_asked(shop: KnowledgeBase) -> None:
    shop.store.add(replace(PARCEL, similar=("Where's my box",), answer="Lost."), on_duplicate="keep")
    texts = [trial.text for trial in absent_trials(shop)]
    assert "Where is my parcel?" not in texts
    assert {"Track my parcel", "Where's my box"} <= set(texts)


def test_a_confirmed_question_is_asked_as_it_is_and_nothing_is_left_out(shop: KnowledgeBase) -> None:
    questions = [
        Confirmed("track my refund", "en", 1),
        Confirmed("怎么退款", "zh", 4),
        Confirmed("parcel joke", "en", 0),
    ]
    trials = confirmed_trials(shop, questions)
    assert asked(trials) == [(each.text, each.language, each.pair_id) for each in questions]
    assert [trial.hits for trial in trials] == [tuple(shop.search(each.text, each.language)) for each in questions]
    assert [trial.pair_id in {hit.pair.id for hit in trial.hits} for trial in trials] == [True, True, False]


def test_an_empty_base_has_no_trials(knowledge: KnowledgeBase) -> None:
    assert own_trials(knowledge) == absent_trials(knowledge) == []


@pytest.mark.parametrize("k", [1, 3])
def test_a_trial_has_at_most_k_hits(shop: KnowledgeBase, k: int) -> None:
    assert max(len(trial.hits) for trial in own_trials(shop, k=k)) <= k
