"""The training examples nearest to a text: how near anything known is, and what to show as the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from chatbot.understanding.ngrams import Floats, Sparse

CANDIDATES = 32
"""Examples near in meaning whose words are compared, too."""
WORDS = 0.5
"""Weight of common n-grams beside the cosine. On two public sets the nearness with it told out of scope from in scope
with AUROC 0.908 and 0.972, without it 0.891 and 0.968."""
MEAN_OF = 5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An example near a text.

    nearness: cosine + WORDS * likeness of n-grams (the mean of the cosines of words and of pieces); at most 1.5.
    """

    text: str
    intent: str
    nearness: float


class Neighbours:
    """The examples with an intent, by the sentence encoder's vectors; those of another encoder are never near."""

    def __init__(
        self,
        texts: Sequence[str],
        intents: Sequence[str],
        places: NDArray[np.int64],
        vectors: Floats,
        ngrams: Sequence[Sparse],
        vocabulary: int,
    ) -> None:
        """vectors: shape (n, dim), L2-normalised. places: which encoder each is of, shape (n,).

        vocabulary: how many n-grams there are.
        """
        self.texts, self.intents, self.ngrams, self.vocabulary = texts, intents, ngrams, vocabulary
        self.rows = {int(place): np.flatnonzero(places == place) for place in np.unique(places)}
        self.indices = {place: flat(vectors[rows]) for place, rows in self.rows.items()}

    def nearest(self, place: int, vector: Floats, ngrams: Sparse, most: int = MEAN_OF) -> list[Neighbour]:
        """The nearest examples, best first. vector: shape (dim,)."""
        if place not in self.rows:
            return []
        cosines, found = self.indices[place].search(vector[None], min(CANDIDATES, len(self.rows[place])))
        asked = ngrams.dense(self.vocabulary)
        scored = [
            (float(cosine) + WORDS / 2 * float(asked[self.ngrams[row].ids] @ self.ngrams[row].values), int(row))
            for cosine, row in zip(cosines[0], self.rows[place][found[0]], strict=True)
        ]
        best = sorted(scored, reverse=True)[:most]
        return [Neighbour(self.texts[row], self.intents[row], score) for score, row in best]

    def nearness(self, place: int, vector: Floats, ngrams: Sparse) -> float:
        """The mean nearness of the nearest MEAN_OF; 0 if there are none."""
        found = self.nearest(place, vector, ngrams)
        return sum(each.nearness for each in found) / max(1, len(found))


def flat(vectors: Floats) -> faiss.IndexFlatIP:
    """Exact search by inner product."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    return index
