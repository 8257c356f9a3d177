"""The fused weight, fitted."""

from __future__ import annotations

import pytest

from knowledge_base.fusing import DEPTH, GRID, FittedWeight, fitted_weight, reciprocal_rank
from knowledge_base.pairs import Hit, Pair
from knowledge_base.search import WEIGHT, KnowledgeBase
from knowledge_base.trials import Trial, own_trials


def hit(pair_id: int, dense: float, lexical: float, exact: bool = False) -> Hit:
    return Hit(Pair("q", "a", id=pair_id), "q", 0.0, dense, lexical, exact)


WORDS_ARE_RIGHT = Trial("q", "en", 1, (hit(2, 0.9, 0.0), hit(1, 0.5, 0.5)))  # right pair first up to weight 0.55
MEANING_IS_RIGHT = Trial("q", "en", 1, (hit(2, 0.5, 0.5), hit(1, 0.6, 0.0)))  # first from 0.85 on


def test_the_weight_that_ranks_right_pairs_first_wins() -> None:
    assert fitted_weight([WORDS_ARE_RIGHT]).weight == 0.55
    assert fitted_weight([MEANING_IS_RIGHT]).weight == 0.85
    assert fitted_weight([MEANING_IS_RIGHT, MEANING_IS_RIGHT, WORDS_ARE_RIGHT]).weight == 0.85


def test_the_table_holds_every_weight_of_the_grid() -> None:
    fit = fitted_weight([MEANING_IS_RIGHT, WORDS_ARE_RIGHT], grid=(0.5, 0.7, 1.0))
    assert fit == FittedWeight(1.0, ((0.5, 0.75), (0.7, 0.5), (1.0, 0.75)))  # 1 is nearer to 0.8 than 0.5 is
    assert (GRID[0], GRID[1], GRID[-1], len(GRID)) == (0.5, 0.55, 0.9, 9)


@pytest.mark.parametrize("trials", [[], [Trial("q", "en", 1, ())], [Trial("q", "en", 1, (hit(1, 0.5, 0.5),))]])
def test_where_nothing_tells_weights_apart_the_usual_one_stays(trials: list[Trial]) -> None:
    assert fitted_weight(trials).weight == WEIGHT


def test_a_pair_that_is_not_among_the_hits_gains_nothing() -> None:
    assert reciprocal_rank([Trial("q", "en", 3, (hit(1, 1, 1), hit(2, 1, 1)))], 0.8) == 0
    assert reciprocal_rank([Trial("q", "en", 2, (hit(2, 0.9, 0.9), hit(1, 0.8, 1.0, exact=True)))], 1.0) == 0.5


def test_ranking_anew_with_the_weight_of_the_search_changes_nothing(knowledge: KnowledgeBase) -> None:
    texts = ["where is my lamp", "where is my old lamp", "how is my lamp sent", "is my lamp old", "send me a lamp"]
    for text in texts:
        knowledge.store.add(Pair(text, "Yes.", (f"{text} please", f"tell me {text}"), language="en"))
    knowledge.index.refresh()
    for weight in (0.5, 0.8, 1.0):
        knowledge.weight = weight
        trials = own_trials(knowledge, k=DEPTH)
        places = [[found.pair.id for found in trial.hits].index(trial.pair_id) + 1 for trial in trials]
        assert reciprocal_rank(trials, weight) == pytest.approx(sum(1 / place for place in places) / len(places))
