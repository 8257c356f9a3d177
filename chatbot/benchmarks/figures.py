"""Arithmetic over what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DEPTH = 10
"""Pairs that a search is asked for; a right one beyond them counts as not found."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """In the unit of what was measured."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Shares in [0, 1]: a right pair came first, among the first five. mrr: mean of 1 / place, 0 beyond DEPTH."""

    r_at_1: float
    r_at_5: float
    mrr: float


@dataclass(frozen=True, slots=True)
class AtBudget:
    """coverage: share of the queries that are answered. error: wrong answers among the answered ones; 0 if none are."""

    coverage: float
    error: float


def percentiles(values: Sequence[float]) -> Percentiles:
    """p50, p95 and p99, between two values by the straight line, rounded to a hundredth. values: at least one."""
    return Percentiles(*(round(float(value), 2) for value in np.percentile(values, (50, 95, 99))))


def place_of(found: Sequence[str], gold: frozenset[str]) -> int:
    """The place, from 1, of the first found id that is right; 0 if none is."""
    return next((place for place, each in enumerate(found, start=1) if each in gold), 0)


def ranking(places: Sequence[int]) -> Ranking:
    """places: of `place_of`, of at least one query."""
    count = len(places)
    return Ranking(
        r_at_1=sum(place == 1 for place in places) / count,
        r_at_5=sum(0 < place <= 5 for place in places) / count,
        mrr=sum(1 / place for place in places if 0 < place <= DEPTH) / count,
    )


def at_budget(answered: Sequence[bool], places: Sequence[int]) -> AtBudget:
    """answered, places: of the same queries, at least one, each of which has a right answer."""
    wrong = sum(told and place != 1 for told, place in zip(answered, places, strict=True))
    return AtBudget(round(sum(answered) / len(answered), 4), round(wrong / max(1, sum(answered)), 4))
