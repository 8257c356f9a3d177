"""A text as the words and pieces of words in it: what a customer's typing mistake leaves whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from knowledge_base.text import tokens

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]
SHORTEST, LONGEST = 2, 4
"""Characters of a piece. Pieces keep the blank at a word's end, so that "re" as a beginning is not "re" as an end."""
LONGEST_TEXT = 500
"""Characters that are read: a paste of more says the same in its first ones."""


def words(text: str) -> list[str]:
    """Words and pairs of words; of Chinese, two characters are a word, for it has no blanks between words."""
    found = tokens(text[:LONGEST_TEXT])
    return found + [f"{one} {other}" for one, other in pairwise(found)]


def pieces(text: str) -> list[str]:
    """Two to four characters within words. Each begins with "~", so that no piece is taken for a word."""
    padded = [f" {word} " for word in text[:LONGEST_TEXT].casefold().split()]
    return [
        "~" + word[start : start + size]
        for word in padded
        for size in range(SHORTEST, LONGEST + 1)
        for start in range(max(1, len(word) - size + 1))
    ]


@dataclass(frozen=True, slots=True)
class Sparse:
    """The places of a text's n-grams in the vocabulary, in rising order, and their values. Both of shape (found,)."""

    ids: Ids
    values: Floats

    def dense(self, vocabulary: int) -> Floats:
        """The same as an array of shape (vocabulary,)."""
        array = np.zeros(vocabulary, np.float32)
        array[self.ids] = self.values
        return array


class Ngrams:
    """A vocabulary with its weights: 1 + log(count) times inverse document frequency; words and pieces have length 1.

    Source: Manning, Raghavan and Schuetze 2008, "Introduction to Information Retrieval", section 6.4.
    """

    def __init__(self, vocabulary: Sequence[str], rarity: Floats) -> None:
        """vocabulary: words and pieces. rarity: of each, float32, shape (len(vocabulary),)."""
        self.vocabulary, self.rarity = tuple(vocabulary), rarity
        self.place = {name: place for place, name in enumerate(self.vocabulary)}

    def sparse(self, text: str) -> Sparse:
        """The text's n-grams that are in the vocabulary; empty if none is."""
        groups = [self.group(words(text)), self.group(pieces(text))]
        ids = np.concatenate([group.ids for group in groups])
        order = np.argsort(ids)
        return Sparse(ids[order], np.concatenate([group.values for group in groups])[order])

    def group(self, names: Iterable[str]) -> Sparse:
        """n-grams of one kind, their values of length 1."""
        counts = Counter(place for name in names if (place := self.place.get(name)) is not None)
        ids = np.fromiter(counts, np.int32, len(counts))
        raw = (1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self.rarity[ids]
        return Sparse(ids, (raw / max(1e-9, float(np.linalg.norm(raw)))).astype(np.float32))


def learned(texts: Sequence[str], fewest: int, most: int) -> Ngrams:
    """The vocabulary of texts. fewest: texts that an n-gram must be in; most: n-grams kept, those in most texts."""
    counts = Counter(chain.from_iterable({*words(text), *pieces(text)} for text in texts))
    kept = sorted((-count, name) for name, count in counts.items() if count >= fewest)[:most]
    rarity = [np.log((1 + len(texts)) / (1 - count)) + 1 for count, _ in kept]
    return Ngrams([name for _, name in kept], np.array(rarity, np.float32))
