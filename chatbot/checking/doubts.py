"""Labels that are probably wrong: what a reader says of each example that it has not seen.

Confident learning, Northcutt, Jiang and Chuang 2021 (https://arxiv.org/abs/1911.00068), by cleanlab.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training_data.examples import Example

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """Examples of one language, each read by a model that has not seen it. shares: shape (examples, labels).

    too_few: labels with fewer than FOLDS examples, which cannot be judged and are left out.
    """

    language: str
    examples: tuple[Example, ...]
    labels: tuple[str, ...]
    shares: NDArray[np.float64]
    too_few: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A label that is probably wrong. confidence: in the label that was given, in [0, 1]."""

    where: str
    text: str
    label: str
    read_as: str
    confidence: float


def judge(language: str, examples: Sequence[Example], embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> Judged:
    """Reads each example with a logistic regression that was fitted on the others, a conversation never split."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    counts = Counter(example.intent for example in examples)
    kept = tuple(example for example in examples if counts[example.intent] >= FOLDS)
    too_few = tuple(sorted(label for label, count in counts.items() if count < FOLDS))
    labels = tuple(sorted({example.intent for example in kept}))
    if len(labels) < 2:
        return Judged(language, (), (), np.zeros((0, 0)), tuple(sorted(counts)))
    given = np.array([labels.index(example.intent) for example in kept])
    groups = np.array([example.group or f"\0{place}" for place, example in enumerate(kept)])
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=13)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # a label in one conversation only
        shares = cross_val_predict(
            LogisticRegression(C=10.0, max_iter=500, class_weight="balanced"),
            embed([example.text for example in kept]),
            given,
            groups=groups,
            cv=folds,
            method="predict_proba",
        )
    return Judged(language, kept, labels, shares, too_few)


def doubts(judged: Judged) -> list[Doubt]:
    """The examples whose label is probably wrong, the surest finding first; both of cleanlab's filters must agree."""
    from cleanlab.filter import find_label_issues

    if not judged.examples:
        return []
    given = np.array([judged.labels.index(example.intent) for example in judged.examples])
    places = find_label_issues(
        given, judged.shares, filter_by="both", return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    return [
        Doubt(
            judged.examples[at].source,
            judged.examples[at].text,
            judged.examples[at].intent,
            judged.labels[int(judged.shares[at].argmax())],
            float(judged.shares[at, given[at]]),
        )
        for at in places
    ]
