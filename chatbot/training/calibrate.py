"""Confidence that means something, and thresholds that keep a promise: fitted on what no reader has learned from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import beta

from chatbot.models.thresholds import Band, Trials
from chatbot.understanding.confidence import Calibration, Reading, signs, softmax

Floats = NDArray[np.float32]
LOWEST, HIGHEST = 0.2, 5.0
"""A few validation texts, all answered rightly, would ask for a temperature of zero: unsupported certainty."""
WEIGHTS = (1.0, 0.5, 0.5, 2.0)
"""Where the weights of SIGNS begin, in standard deviations, and stay where little is known; see docs/benchmarks.md."""
LEAST = (1.0, 1.0, 0.25, 0.05)
"""The smallest spread of each of SIGNS, in its unit: where all of a few messages are at the ceiling, a text a little
below it is hardly less sure, and not a thousand standard deviations away."""
TRUST = 100.0
"""How many messages' worth of evidence the first weights are: the ridge that pulls towards them."""
WEIGHTS_TAUGHT, TRUST_TAUGHT = (1.0, 0.5, 0.2, 0.5), 20.0
"""The same where out-of-scope examples were given: the readers have learned what that is, and nearness tells less."""
SURETY = 0.98
"""How sure a certified threshold keeps its budget: with 0.95 some 94 of 100 random halves of a thousand messages keep
it, since the half that it is checked on has a chance of its own."""
STARTS = (0.3, 0.5, 0.7)
"""Coverages from which the search for a threshold sets out; each has a third of the chance to be wrong."""
STEP = 0.02
"""Of coverage: how far one test is from the next."""


def fitted_temperature(logits: Floats, targets: NDArray[np.int64]) -> float:
    """The temperature with the lowest negative log-likelihood of the targets.

    logits: shape (n, labels); targets: shape (n,), indices of labels. Returns 1.0 for no rows.
    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    if not len(targets):
        return 1.0
    candidates = np.geomspace(LOWEST, HIGHEST, 97)
    losses = [-np.log(softmax(logits / t)[np.arange(len(targets)), targets] + 1e-12).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def fitted(reading: Reading, targets: NDArray[np.int64], inside: Sequence[int]) -> Calibration:
    """The calibration of readings of texts that no reader has learned from.

    targets: index of the right label, shape (n,); -1 where nothing that the readers know is right. inside: labels in
    scope. Each reader's temperature first; then a logistic regression from SIGNS to whether the best label in scope is
    right (Platt 1999), drawn towards WEIGHTS, so that a few dozen messages suffice and thousands decide for themselves.
    """
    known = targets >= 0
    linear = fitted_temperature(reading.linear[known], targets[known])
    tuned = 1.0 if reading.tuned is None else fitted_temperature(reading.tuned[known], targets[known])
    best, values = signs(reading, tuned, linear, inside)
    within = np.isin(targets, inside)
    some = values[within] if within.any() else values
    centre, spread = some.mean(0), np.maximum(some.std(0), LEAST)
    taught = bool((known & ~within).any())
    prior, trust = (WEIGHTS_TAUGHT, TRUST_TAUGHT) if taught else (WEIGHTS, TRUST)
    weights, bias = logistic((values - centre) / spread, best == targets, prior, trust)
    return Calibration(tuned, linear, as_floats(weights), as_floats(centre), as_floats(spread), float(bias))


def as_floats(values: Floats) -> tuple[float, ...]:
    """Numbers of Python, for a file."""
    return tuple(float(value) for value in values)


def logistic(
    values: Floats, right: NDArray[np.bool_], prior: Sequence[float] = WEIGHTS, trust: float = TRUST
) -> tuple[Floats, float]:
    """Weights, none below 0, and bias: the likeliest, with a Gaussian prior of strength `trust` around `prior`.

    values: shape (n, len(prior)), standardised. A sign may count nothing, but what speaks for an answer
    never speaks against it.
    """

    def loss(both: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = values @ both[:-1] + both[-1]
        away = both[:-1] - np.array(prior)
        error = expit(odds) - right
        fit = np.logaddexp(0, np.where(right, -odds, odds)).sum() + trust / 2 * (away @ away) + 0.05 * both[-1] ** 2
        return float(fit), np.append(values.T @ error + trust * away, error.sum() + 0.1 * both[-1])

    start = np.append(np.array(prior), 0.0)
    bounds = [(0.0, None)] * len(prior) + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return found.x[:-1], float(found.x[-1])


def expected_calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance of confidence and accuracy over equally wide bins, weighted by their size; in [0, 1].

    Source: Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    if not len(right):
        return 0.0
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[places == b].mean() - right[places == b].mean()) * (places == b).mean() for b in set(places)]
    return float(sum(gaps))


# --- thresholds from an error budget ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold would do: messages answered, and wrong ones among them."""

    threshold: float
    answered: int
    wrong: int


def points(trials: Trials) -> list[Point]:
    """What each threshold that tells two trials apart would do; the strictest first."""
    scores, right = np.array(trials.scores), np.array(trials.right, bool)
    order = np.argsort(-scores, kind="stable")
    wrong = np.cumsum(~right[order])
    last = [at for at in range(len(order)) if at + 1 == len(order) or scores[order[at]] > scores[order[at + 1]]]
    return [Point(float(scores[order[at]]), at + 1, int(wrong[at])) for at in last]


def highest_wrong(point: Point, surety: float = SURETY) -> float:
    """The highest share of wrong answers that the trials leave possible: exact upper bound of a binomial share.

    Source: Clopper and Pearson 1934.
    """
    if point.wrong >= point.answered:
        return 1.0
    return float(beta.ppf(surety, point.wrong + 1, point.answered - point.wrong))


def certified(along: Sequence[Point], budget: float) -> Point | None:
    """The most that can be answered with at most `budget` of it wrong, with SURETY; None if nothing can.

    Thresholds are tested from strict to lax, a step of coverage at a time, until one fails: testing in an order fixed
    beforehand needs no correction for many tests. Each of the STARTS has its share of the chance to be wrong.
    Source: Angelopoulos et al. 2021, "Learn then Test", on fixed sequences; the aim is that of Geifman and El-Yaniv
    2017, "Selective Classification for Deep Neural Networks".
    """
    passed: list[Point] = []
    total = along[-1].answered if along else 0
    each = 1 - (1 - SURETY) / len(STARTS)
    for start in STARTS:
        for share in np.arange(start, 1 + STEP / 2, STEP):
            point = next((point for point in along if point.answered >= min(share, 1.0) * total), None)
            if point is None or highest_wrong(point, each) > budget:
                break
            passed.append(point)
    return max(passed, key=lambda point: point.answered, default=None)


def estimated(along: Sequence[Point], budget: float) -> Point | None:
    """The most that can be answered if the trials' share of wrong answers is the true one; None if nothing can.

    Half an error is added, so that three lucky answers are no proof.
    """
    kept = [point for point in along if (point.wrong + 0.5) / (point.answered + 1) <= budget]
    return max(kept, key=lambda point: point.answered, default=None)


def band(trials: Trials, budget: float) -> Band:
    """The two thresholds for an error budget. Raises ValueError for no trials or a budget that is no share.

    Where the trials cannot certify it, the best estimate is used, and `needed` says how many more labelled messages
    would. clarify: the lowest confidence from which a question back names the right one two times of three.
    """
    if not trials.scores or not 0 < budget < 1:
        raise ValueError(f"{len(trials.scores)} trials, budget {budget}: some trials and a share are needed.")
    along = points(trials)
    answerable = [point for point in along if point.threshold > 0]  # a score of 0 is out of scope: never answered
    sure = certified(answerable, budget)
    chosen = sure or estimated(answerable, budget) or Point(1.0, 0, 0)
    inside = sum(trials.inside)
    covered = sum(
        1 for score, known in zip(trials.scores, trials.inside, strict=True) if known and score >= chosen.threshold
    )
    return Band(
        answer=chosen.threshold,
        clarify=asking_back(trials, chosen.threshold),
        budget=budget,
        certified=sure is not None,
        trials=len(trials.scores),
        coverage=covered / max(1, inside),
        wrong=chosen.wrong / max(1, chosen.answered),
        needed=0 if sure else needed(along, budget),
    )


def asking_back(trials: Trials, answer: float) -> float:
    """The lowest score at which the right one is among three two times of three, looking down from `answer`."""
    below = sorted(
        ((score, among) for score, among in zip(trials.scores, trials.among, strict=True) if 0 < score < answer),
        reverse=True,
    )
    lowest = answer
    for end in range(min(WINDOW, len(below)), len(below) + 1):
        window = below[max(0, end - WINDOW) : end]
        if not window or 3 * sum(among for _, among in window) < 2 * len(window):
            break
        lowest = window[-1][0]
    return lowest


WINDOW = 25
"""Trials side by side whose share is looked at: of fewer, chance would decide."""


def needed(along: Sequence[Point], budget: float) -> int:
    """About how many more messages would certify the threshold that errs half as often as the budget allows.

    That many are estimated from the coverage there, if it goes on as in these trials.
    """
    total = along[-1].answered
    good = [point for point in along if point.wrong / point.answered <= budget / 2]
    share = max((point.answered for point in good), default=0) / total or 0.1
    each = 1 - (1 - SURETY) / len(STARTS)
    for answered in range(50, 20_000, 10):
        if highest_wrong(Point(0.0, answered, math.ceil(answered * budget / 2)), each) <= budget:
            return max(1, round(answered / share) - total)
    return 20_000
