"""How fast a large knowledge base is searched, and what it weighs.

Made-up words and chance for vectors: nothing is encoded, so that the time is that of the search alone, and 100,000
phrasings are there in a minute. What is found means nothing; how much there is to look through does.
"""

from __future__ import annotations

import random
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chatbot.benchmarks.apart import apart
from chatbot.benchmarks.figures import Percentiles, percentiles
from chatbot.benchmarks.memory import peak_mb, resident_mb
from chatbot.benchmarks.provenance import SEED

if TYPE_CHECKING:
    from knowledge_base.encoder import Vectors
    from knowledge_base.pairs import Pair

SIZES, LARGE = (1_000, 10_000), 100_000
WORDINGS = 5
"""Phrasings of a pair: its question, and four similar ones."""
QUERIES = 400
WARMING_UP = 20
WORDS = 4000
"""Made-up words in all; the nth is used about 1/n as often as the first, as in any language (Zipf's law)."""


class ChanceEncoder:
    """Each text gets a unit vector that depends on nothing but its characters; as wide as the built-in encoders'."""

    name = "chance"
    dim = 384

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dim), each row L2-normalised."""
        rows = [
            np.random.default_rng(zlib.crc32(text.encode())).standard_normal(self.dim, np.float32) for text in texts
        ]
        vectors = np.stack(rows) if rows else np.empty((0, self.dim), np.float32)
        normalised: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return normalised


@dataclass(frozen=True, slots=True)
class Result:
    """Of one size. query_ms: without an encoder. rss_mb: of the process while it searched."""

    phrasings: int
    pairs: int
    queries: int
    seed: int
    query_ms: Percentiles
    store_seconds: float
    index_seconds: float
    rss_mb: float | None
    peak_rss_mb: float | None

    def as_json(self) -> dict[str, Any]:
        """The query's times as query_p50_ms and so on."""
        whole = asdict(self)
        times = {f"query_{name}_ms": value for name, value in whole.pop("query_ms").items()}
        return {"phrasings": whole.pop("phrasings"), **times, **whole}


def measure(full: bool) -> list[Result]:
    """A result for each size, each from a process of its own."""
    found = []
    for size in (*SIZES, LARGE) if full else SIZES:
        with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as place:
            found.append(apart(measured, size, Path(place)))
    return found


def measured(phrasings: int, folder: Path) -> Result:
    """Stores, indexes and searches so many made-up phrasings, English ones, with the language's filter."""
    from knowledge_base.index import KnowledgeIndex
    from knowledge_base.search import KnowledgeBase
    from knowledge_base.store import PairStore

    pairs = made_up_pairs(phrasings // WORDINGS)
    store = PairStore(folder / "knowledge.db")
    index = KnowledgeIndex(store, ChanceEncoder(), folder / "index")
    try:
        began = time.perf_counter()
        store.add_many(pairs, on_duplicate="keep")
        stored = time.perf_counter()
        index.refresh()
        index.fold()
        indexed = time.perf_counter()
        base = KnowledgeBase(store, index)
        milliseconds = []
        for text in made_up_queries(pairs, WARMING_UP + QUERIES):
            asked = time.perf_counter()
            base.search(text, "en")
            milliseconds.append(1000 * (time.perf_counter() - asked))
        return Result(
            phrasings=phrasings,
            pairs=len(pairs),
            queries=QUERIES,
            seed=SEED,
            query_ms=percentiles(milliseconds[WARMING_UP:]),
            store_seconds=round(stored - began, 2),
            index_seconds=round(indexed - stored, 2),
            rss_mb=resident_mb(),
            peak_rss_mb=peak_mb(),
        )
    finally:
        index.close()
        store.close()


def made_up_pairs(count: int) -> list[Pair]:
    """Pairs of WORDINGS phrasings of 5 to 11 made-up words; the same ones each time."""
    from knowledge_base.pairs import Pair

    chance = random.Random(SEED)
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(WORDS)]
    often = [1 / (rank + 1) for rank in range(WORDS)]

    def said(shortest: int, longest: int) -> str:
        return " ".join(chance.choices(words, often, k=chance.randint(shortest, longest)))

    return [
        Pair(f"{said(5, 11)} {number}", said(20, 60), tuple(f"{said(5, 11)} {number}" for _ in range(WORDINGS - 1)))
        for number in range(count)
    ]


def made_up_queries(pairs: Sequence[Pair], count: int) -> list[str]:
    """The beginning of one phrasing with the end of another: words that are there, in no stored order."""
    chance = random.Random(SEED + 1)

    def part(which: slice) -> str:
        return " ".join(chance.choice(pairs).question.split()[which])

    return [f"{part(slice(0, 4))} {part(slice(-4, -1))}" for _ in range(count)]
