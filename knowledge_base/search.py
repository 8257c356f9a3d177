"""Search: from a customer's question to the published pairs that may answer it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from knowledge_base.checking import LANGUAGES
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.index import KnowledgeIndex
from knowledge_base.pairs import Hit
from knowledge_base.store import PairStore, Wanted
from knowledge_base.text import tokens, visible
from knowledge_base.words import Weights, Words, overlap, words_of

_CANDIDATES = 50  # phrasings from each of the two searches
_MAX_CANDIDATES = 1000  # when a pair with very many similar questions leaves no place for others
_LONGEST_QUERY = 2000  # characters; encoders read about 128 words
_SPARE = 3  # pairs, for those that are withdrawn while one searches


@dataclass(frozen=True, slots=True)
class _Scored:
    pair_id: int
    phrasing: str
    score: float
    dense: float
    lexical: float


class KnowledgeBase:
    """Answers from a store, by exact match, meaning and words.

    weight: that of meaning in the fused score, in [0, 1]; the rest is that of words.
    """

    def __init__(
        self,
        store: PairStore,
        index: KnowledgeIndex,
        weight: float = 0.8,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.store = store
        self.index = index
        self.weight = weight
        self.words = Words(store)
        self._today = today

    @property
    def version(self) -> str:
        """The index's version: thresholds that were calibrated with it lie with it."""
        return self.index.version

    def search(self, text: str, language: str | None = None, category: str | None = None, k: int = 5) -> list[Hit]:
        """At most k pairs that may answer the text, best first, each with its best phrasing.

        language: 'en' or 'zh': pairs of it and of every language (''); None: all. category: None: all.
        A phrasing equal to the text when both are normalised comes first, with score 1. The others have
        score = weight * max(0, cosine) + (1 - weight) * lexical, where lexical is `words.overlap`. A phrasing saved
        within the last second may have no vector yet: its cosine counts as 0.
        Each pair is read from the store in this call: one withdrawn, not yet or no longer valid is never among them,
        even where the index lags behind.
        """
        if language is not None and language not in LANGUAGES:
            raise KnowledgeBaseError(f"Language '{language}' is unknown; 'en', 'zh' or none is allowed.")
        text = visible(text[:_LONGEST_QUERY]).strip()
        if not text or k < 1:
            return []
        wanted = Wanted(self._today(), language, category)
        best = sorted(self._best_phrasings(text, wanted, k), key=lambda scored: (-scored.score, scored.pair_id))
        hits = self._fresh(best[: k + _SPARE], wanted)[:k]
        if (match := self.store.exact_match(text, wanted)) is None:
            return hits
        first = Hit(*match, score=1.0, dense=1.0, lexical=1.0, exact=True)
        return [first, *(hit for hit in hits if hit.pair.id != first.pair.id)][:k]

    def _best_phrasings(self, text: str, wanted: Wanted, k: int) -> Iterable[_Scored]:
        """The best phrasing of each pair, among those near in meaning and those near in words."""
        snapshot = self.index.snapshot
        query = self.index.encoder.encode([text])[0]
        asked = self.words.weights(tokens(text), len(snapshot.rows))
        by_words = self.store.phrasings_with(self.words.to_search_for(asked), wanted, _CANDIDATES)
        depth = _CANDIDATES
        while True:
            cosines = dict(snapshot.search(query, depth, wanted))
            served = self.store.served_phrasings({*cosines, *by_words}, wanted)
            if len({pair_id for pair_id, _ in served.values()}) >= k or not depth <= len(cosines) < _MAX_CANDIDATES:
                break
            depth = min(4 * depth, _MAX_CANDIDATES)
        cosines |= snapshot.cosines(query, [id_ for id_ in by_words if id_ not in cosines])
        return self._scored(asked, cosines, served, len(snapshot.rows)).values()

    def _scored(
        self, asked: Weights, cosines: Mapping[int, float], served: Mapping[int, tuple[int, str]], phrasings: int
    ) -> dict[int, _Scored]:
        words = {id_: words_of(text) for id_, (_, text) in served.items()}
        weights = self.words.weights(itertools.chain.from_iterable(words.values()), phrasings)
        best: dict[int, _Scored] = {}
        for id_, (pair_id, text) in served.items():
            dense = min(1.0, cosines.get(id_, 0.0))
            lexical = overlap(asked, {word: weights[word] for word in words[id_]})
            score = self.weight * max(0.0, dense) + (1 - self.weight) * lexical
            if pair_id not in best or score > best[pair_id].score:
                best[pair_id] = _Scored(pair_id, text, score, dense, lexical)
        return best

    def _fresh(self, best: Sequence[_Scored], wanted: Wanted) -> list[Hit]:
        """The hits, with their pairs as they are now; those that may no longer be served are left out."""
        pairs = self.store.pairs(scored.pair_id for scored in best)
        return [
            Hit(pairs[scored.pair_id], scored.phrasing, scored.score, scored.dense, scored.lexical)
            for scored in best
            if scored.pair_id in pairs and wanted.allows(pairs[scored.pair_id])
        ]
