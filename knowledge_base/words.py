"""How much words weigh, and how much of two texts' weight is in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log

from knowledge_base.store import PairStore
from knowledge_base.text import tokens

Weights = Mapping[str, float]

_MOST_WORDS = 32  # the rarest words of a question are searched for
# BM25 looks at each phrasing that has one of the words, 2 microseconds a phrasing: once so many are reached, the words
# that are in still more of them ("what", "the") are left out of the search. They still count in the score.
_MATCHED_PHRASINGS = 1_000


@lru_cache(maxsize=16_384)  # the same stored phrasings are candidates again and again; 20 microseconds each
def words_of(text: str) -> frozenset[str]:
    """The set of a stored text's words."""
    return frozenset(tokens(text))


class Words:
    """Knows in how many published phrasings each word is."""

    def __init__(self, store: PairStore) -> None:
        self._store = store
        self._counts: dict[str, int] = {}
        self._counted_at = 0  # phrasings, when the first of `_counts` was read

    def weights(self, words: Iterable[str], phrasings: int) -> Weights:
        """The weight of each word among so many phrasings: its inverse document frequency, rarest words most.

        log(1 + (N - n + 0.5) / (n + 0.5)) for a word in n of N phrasings, which is never negative: Robertson and
        Sparck Jones' weight as Lucene's BM25 uses it (Robertson and Zaragoza 2009, The Probabilistic Relevance
        Framework, section 3; Kamphuis et al. 2020, Which BM25 Do You Mean?).
        """
        counts = self._count(set(words), phrasings)
        return {word: log(1 + (max(phrasings, count) - count + 0.5) / (count + 0.5)) for word, count in counts.items()}

    def to_search_for(self, asked: Weights) -> list[str]:
        """The words worth searching for: the rarest, until the phrasings that have one of them become too many."""
        counts = self._counts
        known = sorted((counts[word], word) for word in asked if word in counts)[:_MOST_WORDS]
        chosen, matched = [], 0
        for count, word in known:
            matched += count
            if matched > _MATCHED_PHRASINGS:
                break
            chosen.append(word)
        return chosen

    def _count(self, words: set[str], phrasings: int) -> dict[str, int]:
        """Counts are read anew when the number of phrasings has changed by 1 %; a word that was in none, always."""
        if abs(phrasings - self._counted_at) > 0.01 * self._counted_at:
            self._counts, self._counted_at = {}, phrasings
        counts = self._counts
        counts.update(self._store.word_counts(word for word in words if word not in counts))
        return {word: counts.get(word, 0) for word in words}


def overlap(asked: Weights, stored: Weights) -> float:
    """How much two sets of words have in common, by weight, in [0, 1]: 1 for the same words, 0 for none in common.

    The weight of the common words, twice, over the weights of both sets together: Dice's coefficient (Dice 1945),
    weighted. Words of the question that no phrasing has weigh most, so a question about something else scores low.
    """
    both = sum(asked.values()) + sum(stored.values())
    return 2 * sum(weight for word, weight in stored.items() if word in asked) / both if both else 0.0
