"""The search calibrated on confirmed questions, or on its own stored ones with themselves left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from chatbot.models.thresholds import BUDGET, Band, Trials
from chatbot.training.calibrate import as_floats, band, logistic
from chatbot.understanding.pairs import PairCalibration, confident, signs
from chatbot.understanding.understand import NEAREST
from knowledge_base.fusing import DEPTH, fitted_weight, reweighted
from knowledge_base.search import WEIGHT, KnowledgeBase
from knowledge_base.trials import Confirmed, Trial, absent_trials, confirmed_trials, own_trials

PRIOR = (1.0, 1.0, 0.3)
"""Weights of the signs, in standard deviations, where little is known."""
TRUST = 20.0
"""How many hits' worth of evidence they are."""
LEAST = (0.05, 0.05, 0.05)
"""The smallest spread of each sign."""
ABSENT = 10
"""Of so many questions one is asked with its whole pair left out, so that nothing stored answers it."""
ENOUGH = 200
"""Confirmed questions, from which on stored ones are not asked with themselves left out: these are harder than what
customers write, since staff store a wording just because no other is near it."""
NOTHING = Band(1.0, 1.0, BUDGET, False, 0, 0.0, 0.0, 600)
"""The band of a knowledge base with no pair that has two phrasings: what is equal to a stored question is answered."""


def calibrated(
    base: KnowledgeBase,
    confirmed: Sequence[Confirmed] = (),
    budget: float = BUDGET,
    progress: Callable[[int, int], None] | None = None,
) -> PairCalibration:
    """Weight, probabilities and thresholds of the search. progress: questions asked, of how many.

    confirmed: what customers asked, with the pair that is right or with none; where there are ENOUGH, they alone are
    asked.
    """
    if len(confirmed) >= ENOUGH:
        own = confirmed_trials(base, [each for each in confirmed if each.pair_id], progress, DEPTH)
        absent = confirmed_trials(base, [each for each in confirmed if not each.pair_id], k=DEPTH)
    else:
        own = own_trials(base, progress=progress, k=DEPTH)
        absent = absent_trials(base, max(1, len(own) // ABSENT), k=DEPTH)
    weight = fitted_weight(own).weight if own else WEIGHT
    own, absent = ([shortened(reweighted(trial, weight)) for trial in trials] for trials in (own, absent))
    weights, bias = fitted(own, absent)
    trials = tried(own, absent, weights, bias)
    return PairCalibration(
        weight,
        weights,
        bias,
        band(trials, budget) if trials.scores else replace(NOTHING, budget=budget),
        trials,
        base.version,
        base.index.encoder.name,
        base.store.count(state="published"),
    )


def shortened(trial: Trial) -> Trial:
    """The trial with the hits that serving would see."""
    return replace(trial, hits=trial.hits[:NEAREST])


def fitted(own: Sequence[Trial], absent: Sequence[Trial]) -> tuple[tuple[float, float, float], float]:
    """Weights of the signs and bias, from every hit of every trial; for signs as they are, not standardised."""
    rows = [signs(trial.hits) for trial in (*own, *absent)]
    right = [hit.pair.id == trial.pair_id for trial in own for hit in trial.hits]
    right += [False for trial in absent for _ in trial.hits]
    values = np.concatenate(rows) if right else np.zeros((0, len(PRIOR)))
    centre = values.mean(0) if len(values) else np.array((0.5, 0.0, 0.2))
    spread = np.maximum(values.std(0), LEAST) if len(values) else np.array((0.15, 0.15, 0.2))
    weights, bias = logistic(((values - centre) / spread).astype(np.float32), np.array(right, bool), PRIOR, TRUST)
    score, lead, words = as_floats(weights / spread)
    return (score, lead, words), float(bias - (weights * centre / spread).sum())


def tried(own: Sequence[Trial], absent: Sequence[Trial], weights: Sequence[float], bias: float) -> Trials:
    """What the search would have answered."""
    asked = [(trial, True) for trial in own] + [(trial, False) for trial in absent]
    hits = [confident(trial.hits, weights, bias) for trial, _ in asked]
    found = [[hit.pair.id == trial.pair_id for hit in each] for (trial, _), each in zip(asked, hits, strict=True)]
    return Trials(
        tuple(each[0].score if each else 0.0 for each in hits),
        tuple(inside and bool(each) and each[0] for (_, inside), each in zip(asked, found, strict=True)),
        tuple(inside and any(each[:3]) for (_, inside), each in zip(asked, found, strict=True)),
        tuple(inside for _, inside in asked),
    )
