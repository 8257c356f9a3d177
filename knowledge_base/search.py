"""Search: from a customer's question to the published pairs that may answer it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from knowledge_base.checking import LANGUAGES
from knowledge_base.encoder import Vectors
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.index import KnowledgeIndex
from knowledge_base.pairs import Hit, Pair
from knowledge_base.pinyin import written_out
from knowledge_base.snapshot import Snapshot
from knowledge_base.store import PairStore, Wanted
from knowledge_base.text import tokens, visible
from knowledge_base.words import Weights, Words, overlap, words_of

WEIGHT = 0.8  # of meaning in the fused score, until one is fitted to the stored questions: see fusing.py
FLOOR = 0.3  # score below which nothing in the customer's own language is near enough to keep the others out
_CANDIDATES = 50  # phrasings from each of the two searches
_MAX_CANDIDATES = 1000  # when a pair with very many similar questions leaves no place for others
_LONGEST_QUERY = 2000  # characters; encoders read about 128 words
_SPARE = 3  # pairs, for those that are withdrawn while one searches

Served = Mapping[int, tuple[int, str]]  # phrasing id to its pair's id and its text


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What is searched for.

    read: the text with its slips mended. vector: that of `read`; None where only words count. without: ids of phrasings
    that do not count.
    """

    text: str
    read: str
    vector: Vectors | None
    wanted: Wanted
    k: int
    without: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Scored:
    pair_id: int
    phrasing: str
    score: float
    dense: float
    lexical: float


def fused(dense: float, lexical: float, weight: float) -> float:
    """One score of both, in [0, 1]: weight * max(0, dense) + (1 - weight) * lexical."""
    return weight * max(0.0, dense) + (1 - weight) * lexical


class KnowledgeBase:
    """Answers from a store, by exact match, meaning and words.

    weight: that of meaning in the fused score, in [0, 1]; the rest is that of words. It may be set at any time: the
    next search takes it.
    """

    def __init__(
        self,
        store: PairStore,
        index: KnowledgeIndex,
        weight: float = WEIGHT,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.store = store
        self.index = index
        self.weight = weight
        self.words = Words(store)
        self.today = today

    @property
    def version(self) -> str:
        """The index's version: thresholds that were calibrated with it lie with it."""
        return self.index.version

    def search(
        self,
        text: str,
        language: str | None = None,
        category: str | None = None,
        k: int = 5,
        vector: Vectors | None = None,
        without: Collection[int] = (),
    ) -> list[Hit]:
        """At most k pairs that may answer the text, best first, each with its best phrasing.

        language: 'en' or 'zh': pairs of it and of every language (''); None: all. category: None: all.
        vector: that of the text from `index.encode`, where the caller has it already; float32, shape (dim,).
        without: ids of phrasings that do not count, so that a stored question can be asked with itself left out. The
        vectors of its pair's other phrasings keep their share of the pair's question and answer, and words are as rare
        as they are with it.
        Pinyin beside Chinese is read as the stored word that it spells: see pinyin.py.
        A phrasing equal to the text when both are normalised comes first, with score 1. The others have the score
        `fused` of their cosine and of `words.overlap`. A phrasing saved within the last second may have no vector yet:
        its cosine counts as 0.
        Each pair is read from the store in this call: one withdrawn, not yet or no longer valid is never among them,
        even where the index lags behind.
        """
        _check_language(language)
        cleaned = _cleaned(text)
        if not cleaned or k < 1:
            return []
        read = self._read(cleaned)
        if vector is None or read != cleaned:
            vector = self.index.encode([read])[0]
        wanted = Wanted(self.today(), language, category)
        return self._hits(_Asked(cleaned, read, vector, wanted, k, frozenset(without)))

    def search_any(
        self,
        text: str,
        language: str,
        category: str | None = None,
        k: int = 5,
        vector: Vectors | None = None,
        floor: float = FLOOR,
    ) -> list[Hit]:
        """As `search` in this language; pairs in another one are added where this one has nothing near enough.

        They are added if no hit here scores `floor`, ranked among these by score; an equal question in another
        language comes first wherever there is none here. Vectors of two languages share no space (each may have its
        own encoder), so another language's hit has dense 0, and its score is its lexical one: a name that both have.
        """
        hits = self.search(text, language, category, k, vector)
        if hits and hits[0].exact:
            return hits
        others = self._elsewhere(_cleaned(text), language, category, k)
        if hits and hits[0].score >= floor:
            others = [hit for hit in others if hit.exact]
        return sorted([*hits, *others], key=lambda hit: (not hit.exact, -hit.score))[: max(0, k)]

    def _read(self, text: str) -> str:
        """The text with its slips mended: 退kuan as 退款."""
        return written_out(text, self.store.words_like)

    def _elsewhere(self, text: str, language: str, category: str | None, k: int) -> list[Hit]:
        """What other languages have, by exact match and words."""
        if not text or k < 1:
            return []
        read = self._read(text)
        others = [other for other in LANGUAGES if other not in ("", language)]
        asked = [_Asked(text, read, None, Wanted(self.today(), other, category), k) for other in others]
        hits = itertools.chain.from_iterable(map(self._hits, asked))
        return [hit for hit in hits if hit.pair.language in others]

    def _hits(self, asked: _Asked) -> list[Hit]:
        best = sorted(self._best_phrasings(asked), key=lambda scored: (-scored.score, scored.pair_id))
        hits = self._fresh(best[: asked.k + _SPARE], asked.wanted)
        if (match := self._exact(asked)) is None:
            return hits[: asked.k]
        first = Hit(*match, score=1.0, dense=1.0, lexical=1.0, exact=True)
        return [first, *(hit for hit in hits if hit.pair.id != first.pair.id)][: asked.k]

    def _exact(self, asked: _Asked) -> tuple[Pair, str] | None:
        """The pair that has the text as it was written, or else as it is read: staff may have saved a slip."""
        texts = dict.fromkeys((asked.text, asked.read))
        matches = (self.store.exact_match(text, asked.wanted, asked.without) for text in texts)
        return next((match for match in matches if match), None)

    def _best_phrasings(self, asked: _Asked) -> list[_Scored]:
        """The best phrasing of each pair, among those near in meaning and those near in words."""
        snapshot = self.index.snapshot
        words = self.words.weights(tokens(asked.read), len(snapshot.rows))
        depth = _CANDIDATES + len(asked.without)
        by_words = self.store.phrasings_with(self.words.to_search_for(words), asked.wanted, depth)
        if asked.vector is None:
            return self._scored(words, None, self._served(asked, by_words), len(snapshot.rows))
        cosines, served = self._near(asked, asked.vector, by_words, snapshot)
        return self._scored(words, cosines, served, len(snapshot.rows))

    def _near(
        self, asked: _Asked, vector: Vectors, by_words: Sequence[int], snapshot: Snapshot
    ) -> tuple[dict[int, float], Served]:
        """Cosines of the nearest phrasings and of those found by words, and those that count of both."""
        depth = _CANDIDATES
        while True:
            cosines = dict(snapshot.search(vector, depth + len(asked.without), asked.wanted))
            served = self._served(asked, {*cosines, *by_words})
            if len({pair_id for pair_id, _ in served.values()}) >= asked.k:
                break
            if not depth <= len(cosines) < _MAX_CANDIDATES:
                break
            depth = min(4 * depth, _MAX_CANDIDATES)
        return cosines | snapshot.cosines(vector, [id_ for id_ in by_words if id_ not in cosines]), served

    def _served(self, asked: _Asked, ids: Collection[int]) -> Served:
        return self.store.served_phrasings(set(ids) - asked.without, asked.wanted)

    def _scored(
        self, asked: Weights, cosines: Mapping[int, float] | None, served: Served, phrasings: int
    ) -> list[_Scored]:
        """The best phrasing of each pair; by words alone if there are no cosines."""
        weight = 0.0 if cosines is None else self.weight
        words = {id_: words_of(text) for id_, (_, text) in served.items()}
        weights = self.words.weights(itertools.chain.from_iterable(words.values()), phrasings)
        best: dict[int, _Scored] = {}
        for id_, (pair_id, text) in served.items():
            dense = min(1.0, (cosines or {}).get(id_, 0.0))
            lexical = overlap(asked, {word: weights[word] for word in words[id_]})
            score = fused(dense, lexical, weight)
            if pair_id not in best or score > best[pair_id].score:
                best[pair_id] = _Scored(pair_id, text, score, dense, lexical)
        return list(best.values())

    def _fresh(self, best: Sequence[_Scored], wanted: Wanted) -> list[Hit]:
        """The hits, with their pairs as they are now; those that may no longer be served are left out."""
        pairs = self.store.pairs(scored.pair_id for scored in best)
        return [
            Hit(pairs[scored.pair_id], scored.phrasing, scored.score, scored.dense, scored.lexical)
            for scored in best
            if scored.pair_id in pairs and wanted.allows(pairs[scored.pair_id])
        ]


def _cleaned(text: str) -> str:
    return visible(text[:_LONGEST_QUERY]).strip()


def _check_language(language: str | None) -> None:
    if language is not None and language not in LANGUAGES:
        raise KnowledgeBaseError(f"Language '{language}' is unknown; 'en', 'zh' or none is allowed.")
