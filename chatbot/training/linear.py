"""Fits the linear reader: logistic regression over sentence vectors and n-grams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from chatbot.understanding.linear import VECTOR, Linear
from chatbot.understanding.ngrams import Floats, Ngrams, Sparse, learned

STRENGTH = 10.0
"""Inverse strength of the ridge; 3 and 30 were not better on any of four sets."""
MOST_ROUNDS = 60
MOST_NGRAMS = 30_000
MANY_TEXTS = 2_000
"""From here on an n-gram of a single text is left out: it costs time and teaches nothing."""


def vocabulary(texts: Sequence[str]) -> Ngrams:
    """The n-grams of the training texts."""
    return learned(texts, 2 if len(texts) >= MANY_TEXTS else 1, MOST_NGRAMS if len(texts) >= MANY_TEXTS else 10**9)


def fitted(
    places: Sequence[int], vectors: Floats, ngrams: Sequence[Sparse], targets: NDArray[np.int64], size: int, labels: int
) -> Linear:
    """The reader of these texts. size: of the vocabulary. A label without texts gets the lowest logit there is.

    Rare intents weigh as much as frequent ones.
    """
    kinds = max(places) + 1
    wide = np.zeros((len(vectors), kinds * vectors.shape[1]), np.float32)
    for row, (place, vector) in enumerate(zip(places, vectors, strict=True)):
        wide[row, place * len(vector) : (place + 1) * len(vector)] = VECTOR * vector
    model = LogisticRegression(C=STRENGTH, max_iter=MOST_ROUNDS, class_weight="balanced")
    model.fit(hstack([csr_matrix(wide), matrix(ngrams, size)]).tocsr(), targets)
    columns, bias = both(model.coef_, model.intercept_)
    weights = np.zeros((wide.shape[1] + size, labels), np.float32)
    weights[:, model.classes_] = columns.T
    biases = np.full(labels, NEVER, np.float32)
    biases[model.classes_] = bias
    by_vector = weights[: wide.shape[1]].reshape(kinds, vectors.shape[1], labels)
    return Linear(weights[wide.shape[1] :], by_vector, biases)


NEVER = -30.0
"""Logit of a label that was not learned: a share of nothing beside any other."""


def both(columns: NDArray[np.float64], bias: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A row for each of two classes, where scikit-learn gives one for the second only; more are left as they are."""
    if len(columns) > 1:
        return columns, bias
    return np.concatenate([-columns, columns]) / 2, np.concatenate([-bias, bias]) / 2


def matrix(ngrams: Sequence[Sparse], size: int) -> csr_matrix:
    """The texts as rows; shape (n, size)."""
    bounds = np.cumsum([0, *(len(each.ids) for each in ngrams)])
    values = np.concatenate([each.values for each in ngrams])
    return csr_matrix((values, np.concatenate([each.ids for each in ngrams]), bounds), shape=(len(ngrams), size))
