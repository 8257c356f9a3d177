"""Confidence that means something: a temperature for the softmax."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chatbot.understanding.intents import softmax

LOWEST, HIGHEST = 0.2, 5.0
"""A few validation texts, all answered rightly, would ask for a temperature of zero: unsupported certainty."""


def fitted_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """The temperature with the lowest negative log-likelihood of the targets.

    logits: shape (n, labels); targets: shape (n,), indices of labels. Returns 1.0 for no rows.
    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    if not len(targets):
        return 1.0
    candidates = np.geomspace(LOWEST, HIGHEST, 97)
    losses = [-np.log(softmax(logits / t)[np.arange(len(targets)), targets] + 1e-12).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def expected_calibration_error(confidence: NDArray[np.float32], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance of confidence and accuracy over equally wide bins, weighted by their size; in [0, 1].

    Source: Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    if not len(right):
        return 0.0
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[places == b].mean() - right[places == b].mean()) * (places == b).mean() for b in set(places)]
    return float(sum(gaps))
