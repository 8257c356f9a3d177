"""The weight of meaning in the fused score, fitted to the stored questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge_base.pairs import Hit
from knowledge_base.search import WEIGHT, fused
from knowledge_base.trials import Trial

DEPTH = 20  # hits a trial should have: the right pair may come from so far behind when the weight changes
GRID = tuple(round(0.5 + 0.05 * step, 2) for step in range(9))  # below, words outvote meaning; above, names are lost


@dataclass(frozen=True, slots=True)
class FittedWeight:
    """The best weight, and the mean reciprocal rank in [0, 1] that each weight of the grid gave."""

    weight: float
    table: tuple[tuple[float, float], ...]


def fitted_weight(trials: Sequence[Trial], grid: Sequence[float] = GRID) -> FittedWeight:
    """The weight with which the right pairs rank best; of several that are equally good, the one nearest to WEIGHT.

    trials: from `own_trials(base, k=DEPTH)`. Their hits are ranked anew for each weight, each by the phrasing that was
    its pair's best when it was gathered; a pair that was not among the hits then counts as not found.
    """
    table = tuple((weight, reciprocal_rank(trials, weight)) for weight in grid)
    best = max(table, key=lambda row: (row[1], -abs(row[0] - WEIGHT)))
    return FittedWeight(best[0], table)


def reciprocal_rank(trials: Sequence[Trial], weight: float) -> float:
    """The mean of 1 / place of the right pair, 0 where it is not among the hits (Voorhees 1999, TREC-8 QA, MRR)."""
    return sum(_gain(trial, weight) for trial in trials) / max(1, len(trials))


def reweighted(trial: Trial, weight: float) -> Trial:
    """The trial as the search would have ranked its hits with this weight; a tie goes to the smaller id, as there."""
    hits = [replace(hit, score=1.0 if hit.exact else fused(hit.dense, hit.lexical, weight)) for hit in trial.hits]
    return replace(trial, hits=tuple(sorted(hits, key=lambda hit: (not hit.exact, -hit.score, hit.pair.id))))


def _gain(trial: Trial, weight: float) -> float:
    """1 / place of the right pair."""
    hits = reweighted(trial, weight).hits
    return next((1 / place for place, hit in enumerate(hits, 1) if _is_right(hit, trial)), 0.0)


def _is_right(hit: Hit, trial: Trial) -> bool:
    return hit.pair.id == trial.pair_id
