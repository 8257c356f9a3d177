"""How the search would score a pair that is not stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

import numpy as np

from chatbot.messages import Language
from chatbot.understanding.pairs import SureSearch, confident
from chatbot.understanding.text import says_nothing
from chatbot.understanding.understand import NEAREST
from knowledge_base.encoder import Vectors
from knowledge_base.index import KnowledgeIndex
from knowledge_base.pairs import Hit, Pair, Phrasing
from knowledge_base.search import KnowledgeBase, fused
from knowledge_base.snapshot import Snapshot
from knowledge_base.text import normalise_question, tokens
from knowledge_base.words import Weights, overlap

MOST_KEPT = 2000
"""Questions whose hits are kept: a few megabytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """What is asked, as the search reads it. vectors: float32, shape (len(texts), dim), L2-normalised."""

    texts: Sequence[str]
    vectors: Vectors


class Remembered:
    """Questions as the search reads them; those of the call before are not read and not encoded again."""

    def __init__(self, mended: Callable[[str], str], encode: Callable[[Sequence[str]], Vectors]) -> None:
        self.mended, self.encode = mended, encode
        self.kept: Mapping[str, tuple[str, Vectors]] = {}

    def __call__(self, texts: Sequence[str]) -> Questions:
        """The questions, in order. Two threads may both do the work, and neither is harmed."""
        known = self.kept
        missing = {text: self.mended(text) for text in texts if text not in known}
        encoded = zip(missing.items(), self.encode(list(missing.values())), strict=True)
        fresh = {text: (read, vector) for (text, read), vector in encoded}
        self.kept = kept = {text: known.get(text) or fresh[text] for text in texts}
        read = [kept[text] for text in texts]
        return Questions([text for text, _ in read], np.array([vector for _, vector in read], np.float32))


def wordings(pair: Pair) -> tuple[str, ...]:
    """The question and the similar questions that have a letter or a digit; what is typed may still be empty."""
    return tuple(text for text in (pair.question, *pair.similar) if normalise_question(text))


def hits_on(pair: Pair, questions: Questions, base: KnowledgeBase) -> list[Hit]:
    """For each question the hit that the search would have on this pair, were it stored, published and valid.

    Each word weighs what it does among the stored phrasings: the pair's own are not counted.
    """
    texts = wordings(pair)
    if not texts or not questions.texts:
        return []
    cosines = questions.vectors @ vectors_of(base.index, texts, pair).T
    weights = weights_of([*questions.texts, *texts], base)
    stored = [(text, weights[text]) for text in texts]
    same = {normalise_question(text): text for text in reversed(texts)}
    hits = []
    for asked, dense in zip(questions.texts, cosines.tolist(), strict=True):
        if equal := same.get(normalise_question(asked)):
            hits.append(Hit(pair, equal, 1.0, 1.0, 1.0, exact=True))
        else:
            scored = zip(stored, dense, strict=True)
            hits.append(max((scored_hit(pair, weights[asked], *one, base.weight) for one in scored), key=score))
    return hits


def scored_hit(pair: Pair, asked: Weights, stored: tuple[str, Weights], cosine: float, weight: float) -> Hit:
    """The hit on one wording, as the search scores it."""
    text, words = stored
    lexical = 0.0 if asked.keys().isdisjoint(words) else overlap(asked, words)
    dense = min(1.0, cosine)
    return Hit(pair, text, fused(dense, lexical, weight), dense, lexical)


def score(hit: Hit) -> float:
    """Its score."""
    return hit.score


def vectors_of(index: KnowledgeIndex, texts: Sequence[str], pair: Pair) -> Vectors:
    """The vectors that wordings of the pair would have in the index; shape (len(texts), dim)."""
    context = f"{pair.question} {pair.answer}"
    return index.in_context([Phrasing(0, 0, text, 0, "", "", None, None, context) for text in texts])


def weights_of(texts: Sequence[str], base: KnowledgeBase) -> Mapping[str, Weights]:
    """The words of each text with their weights."""
    words = {text: tokens(text) for text in texts}
    weights = base.words.weights(chain.from_iterable(words.values()), len(base.index.snapshot.rows))
    return {text: {word: weights[word] for word in set(own)} for text, own in words.items()}


class Present:
    """What the search finds now, with raw scores. Kept until the index or the day changes: while one types, it is
    asked the same again and again."""

    def __init__(self, base: KnowledgeBase) -> None:
        self.base = base
        self.kept: dict[tuple[str, Language], list[Hit]] = {}
        self.of: tuple[Snapshot, date] | None = None

    def __call__(self, text: str, language: Language, vector: Vectors) -> list[Hit]:
        """The hits on a customer's question, best first; one more than is served."""
        now = (self.base.index.snapshot, self.base.today())
        if now != self.of or len(self.kept) >= MOST_KEPT:
            self.kept, self.of = {}, now
        kept = self.kept  # another thread may begin anew meanwhile
        if (text, language) not in kept:
            kept[text, language] = self.base.search_any(text, language, k=NEAREST + 1, vector=vector)
        return kept[text, language]


def with_draft(hits: Sequence[Hit], pair_id: int, drafted: Hit | None) -> list[Hit]:
    """The hits if the draft of a pair were stored: its own, where it has one, in the place of its pair's."""
    own = [drafted] if drafted else []
    return sorted([*without(hits, pair_id), *own], key=lambda hit: (not hit.exact, -hit.score))


def without(hits: Sequence[Hit], pair_id: int) -> list[Hit]:
    """The hits on other pairs."""
    return [hit for hit in hits if hit.pair.id != pair_id]


def sure(search: SureSearch, text: str, hits: Sequence[Hit]) -> list[Hit]:
    """At most NEAREST of these hits with confidences for scores, as serving has them."""
    counted = [hit for hit in hits if hit.exact or not says_nothing(text)][:NEAREST]
    return confident(counted, search.calibration.weights, search.calibration.bias)
