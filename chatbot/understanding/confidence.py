"""From raw scores to a confidence that means something: the share of messages like this one that are answered rightly.

Two readers, the fine-tuned encoder and the linear one, say what a message may want; their shares are pooled. How sure
the top intent is comes from four signs together: how sure each reader is of it, how strongly words and meaning speak
for any intent at all, and how near the nearest examples are. Their weights are fitted on messages that no reader has
learned from, some of which nothing here answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from chatbot.understanding.ngrams import Floats

SIGNS = ("tuned", "linear", "strength", "nearness")
SUREST = 8.0
"""Log-odds: nothing is surer than 2,999 in 3,000."""
MOST_ODDS = 30.0
"""Log-odds that are as good as certain either way; the exponential of some more would overflow."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Raw scores of n texts. tuned: logits of the fine-tuned encoder, shape (n, labels); None where there is none.

    linear: logits of the linear reader, shape (n, labels). nearness: of the nearest examples, shape (n,).
    """

    tuned: Floats | None
    linear: Floats
    nearness: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """tuned, linear: temperatures. weights, centre, spread: of each of SIGNS, in their order. bias: log-odds."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    tuned: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    linear: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    weights: tuple[float, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    bias: float


def softmax(logits: Floats) -> Floats:
    """Probabilities a row; shape (n, labels)."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def shares_of(reading: Reading, tuned: float, linear: float) -> tuple[Floats, Floats]:
    """Each reader's shares at its temperature; the linear reader's twice where there is no other."""
    by_linear = softmax(reading.linear / linear)
    return (by_linear if reading.tuned is None else softmax(reading.tuned / tuned)), by_linear


def pooled(one: Floats, other: Floats) -> Floats:
    """The geometric mean of two readers' shares, a share again: both must find a label likely.

    Source: Genest and Zidek 1986, "Combining Probability Distributions", on logarithmic pools.
    """
    mean = np.sqrt(one * other)
    shares: Floats = mean / np.maximum(mean.sum(axis=-1, keepdims=True), 1e-12)
    return shares


def signs(reading: Reading, tuned: float, linear: float, inside: Sequence[int]) -> tuple[NDArray[np.int64], Floats]:
    """The best label in scope of each text, shape (n,); and its SIGNS, shape (n, 4). inside: labels in scope."""
    one, other = shares_of(reading, tuned, linear)
    columns = np.asarray(inside)
    best = columns[pooled(one, other)[:, columns].argmax(1)]
    rows = np.arange(len(best))
    strength = reading.linear[:, columns].max(1)
    return best, np.stack(
        [log_odds(one[rows, best]), log_odds(other[rows, best]), strength, reading.nearness], axis=1
    ).astype(np.float32)


def log_odds(shares: Floats) -> Floats:
    """log(p / (1 - p)), at most SUREST either way."""
    kept = np.clip(shares.astype(np.float64), 1e-9, 1 - 1e-9)
    odds: Floats = np.clip(np.log(kept / (1 - kept)), -SUREST, SUREST).astype(np.float32)
    return odds


def sure(values: Floats, calibration: Calibration) -> Floats:
    """Probability that the best label in scope is right. values: SIGNS, shape (n, 4). Returns shape (n,)."""
    standard = (values - np.array(calibration.centre)) / np.array(calibration.spread)
    odds = np.clip(standard @ np.array(calibration.weights) + calibration.bias, -MOST_ODDS, MOST_ODDS)
    certain: Floats = (1 / (1 + np.exp(-odds))).astype(np.float32)
    return certain


def confidences(reading: Reading, calibration: Calibration, inside: Sequence[int]) -> Floats:
    """Confidence in each label, shape (n, labels); the best label in scope comes before all others in scope.

    What the best label leaves is shared among the others as the readers see it, so rows sum to at most 1. Labels out
    of scope take part: one of them is likeliest where the message is like nothing that is answered.
    """
    if not len(reading.linear):
        return np.zeros(reading.linear.shape, np.float32)
    best, values = signs(reading, calibration.tuned, calibration.linear, inside)
    certain, rows = sure(values, calibration), np.arange(len(best))
    shares = pooled(*shares_of(reading, calibration.tuned, calibration.linear))
    others = shares.copy()
    others[rows, best] = 0
    others *= ((1 - certain) / np.maximum(others.sum(1), 1e-9))[:, None]
    columns = np.asarray(inside)
    ratio = shares[:, columns] / np.maximum(shares[rows, best], 1e-9)[:, None]  # at most 1, and so is what comes of it
    others[:, columns] = np.minimum(others[:, columns], certain[:, None] * ratio)
    others[rows, best] = certain
    return others
