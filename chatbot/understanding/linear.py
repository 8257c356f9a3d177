"""The linear reader: one weight for each n-gram and for each number of the sentence vector, a column an intent.

It learns in seconds, works with three examples an intent, sees typing mistakes as what they are, and says which words
decided. The fine-tuned encoder stands beside it: the two are wrong about different messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chatbot.understanding.ngrams import Floats, Sparse

VECTOR = 3.0
"""Length of the sentence vector beside those of words and pieces, which are 1: it knows most."""


@dataclass(frozen=True, slots=True)
class Linear:
    """by_ngram: shape (vocabulary, labels). by_vector: shape (places, dim, labels), for the sentence vector times
    VECTOR: each encoder's vectors have a space of their own. bias: shape (labels,)."""

    by_ngram: Floats
    by_vector: Floats
    bias: Floats

    def logits(self, places: Sequence[int], vectors: Floats, ngrams: Sequence[Sparse]) -> Floats:
        """Shape (n, labels). vectors: shape (n, dim)."""
        rows = [
            self.meant(place, vector) + each.values @ self.by_ngram[each.ids] + self.bias
            for place, vector, each in zip(places, vectors, ngrams, strict=True)
        ]
        return np.stack(rows) if rows else np.zeros((0, len(self.bias)), np.float32)

    def meant(self, place: int, vector: Floats) -> Floats:
        """What the sentence vector says of each label; nothing where no example was read by this encoder."""
        if place >= len(self.by_vector):
            return np.zeros_like(self.bias)
        spoken: Floats = VECTOR * vector @ self.by_vector[place]
        return spoken

    def carried(self, ngrams: Sparse, label: int) -> Floats:
        """How much each n-gram of the text spoke for the label, against the mean of all labels; shape (found,)."""
        weights = self.by_ngram[ngrams.ids]
        shares: Floats = ngrams.values * (weights[:, label] - weights.mean(1))
        return shares
