"""One state of the index in memory: never changed, so that searches need no lock; a new state takes its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from knowledge_base.encoder import Vectors
from knowledge_base.errors import DimensionMismatch
from knowledge_base.pairs import Phrasing
from knowledge_base.store import Wanted

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
Rows = NDArray[Any]  # structured, see _ROW; ordered by id

_LANGUAGES = ("", "en", "zh")
_ALWAYS = 2**31 - 1  # a day later than any
_ROW = np.dtype(
    [
        ("id", "i8"),
        ("pair", "i8"),
        ("hash", "i8"),
        ("language", "i1"),
        ("category", "i4"),
        ("first", "i4"),
        ("last", "i4"),
    ]
)


@dataclass(frozen=True, eq=False)
class Part:
    """Vectors with their phrasings' ids, ordered by id, and the hashes of the texts that they were made from."""

    index: Any  # faiss.IndexIDMap2 over IndexFlatIP
    ids: Ids
    hashes: Ids

    @classmethod
    def of(cls, dim: int, ids: Ids, hashes: Ids, blocks: Iterable[Vectors]) -> Part:
        """A part of these vectors, given in blocks so that they need not lie in memory twice."""
        faiss.omp_set_num_threads(1)  # a setting of the calling thread, so it is made where FAISS is called
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
        for block in blocks:
            done = index.ntotal
            index.add_with_ids(block, ids[done : done + len(block)])
        return cls(index, ids, hashes)

    @classmethod
    def empty(cls, dim: int) -> Part:
        """A part without vectors."""
        none = np.empty(0, dtype=np.int64)
        return cls.of(dim, none, none, [])

    def has(self, ids: Ids, hashes: Ids) -> Mask:
        """Which of these phrasings have a vector here, made from this very text."""
        if not len(self.ids):
            return np.zeros(len(ids), dtype=bool)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        here: Mask = (self.ids[at] == ids) & (self.hashes[at] == hashes)
        return here

    def vectors(self, ids: Ids) -> Vectors:
        """float32, shape (len(ids), dim). All ids must be here."""
        found: Vectors = self.index.reconstruct_batch(np.ascontiguousarray(ids))
        return found

    def search(self, query: Vectors, k: int, allowed: Selection) -> list[tuple[int, float]]:
        """The k allowed phrasings nearest to the query, shape (1, dim), with their cosines, best first."""
        if not allowed.count:
            return []
        faiss.omp_set_num_threads(1)
        # IndexIDMap changes the parameters while it searches, so each search needs its own; the selector is shared
        parameters = faiss.SearchParameters(sel=allowed.selector)  # type: ignore[call-arg]  # not in FAISS's stubs
        scores, ids = self.index.search(query, min(k, allowed.count), params=parameters)
        return list(zip(ids[0].tolist(), scores[0].tolist(), strict=True))


class Selection:
    """A set of phrasing ids, for use inside a FAISS search: one bit an id."""

    def __init__(self, ids: Ids) -> None:
        self.count = len(ids)
        member = np.zeros(int(ids.max()) + 1 if self.count else 0, dtype=bool)
        member[ids] = True
        # asked about each vector before it is compared (Faiss wiki, 'Setting search parameters for one query')
        self.selector: Any = faiss.IDSelectorBitmap(np.packbits(member, bitorder="little"))  # type: ignore[call-arg,arg-type]


def rows_of(phrasings: Sequence[Phrasing], categories: dict[str, int]) -> Rows:
    """What the index knows of each phrasing; new categories get a number in `categories`."""
    rows = [
        (
            phrasing.id,
            phrasing.pair_id,
            phrasing.hash,
            _LANGUAGES.index(phrasing.language),
            categories.setdefault(phrasing.category, len(categories)),
            phrasing.valid_from.toordinal() if phrasing.valid_from else 0,
            phrasing.valid_until.toordinal() if phrasing.valid_until else _ALWAYS,
        )
        for phrasing in phrasings
    ]
    return np.array(rows, dtype=_ROW)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All published phrasings, and the vectors of those that have one: a large base and a small delta.

    generation: name of the files that the base was read from or written to; '' if none. seq: the latest change seen.
    """

    rows: Rows
    categories: Mapping[str, int]
    base: Part
    delta: Part
    generation: str
    seq: int
    _selections: dict[Wanted, tuple[Selection, Selection]] = field(default_factory=dict)

    def lacking(self) -> Rows:
        """The phrasings that have no vector yet."""
        return self.rows[~(self._in_base | self._in_delta)]

    def search(self, query: Vectors, k: int, wanted: Wanted) -> list[tuple[int, float]]:
        """Ids and cosines of the k wanted phrasings nearest to the query, best first. Raises DimensionMismatch."""
        query = self._checked(query)
        in_base, in_delta = self._selection(wanted)
        hits = self.base.search(query, k, in_base) + self.delta.search(query, k, in_delta)
        return sorted(hits, key=lambda hit: -hit[1])[:k]

    def cosines(self, query: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """The cosine of the query with each of these phrasings that has a vector. Raises DimensionMismatch."""
        query = self._checked(query)[0]
        found: dict[int, float] = {}
        if not len(self.rows):
            return found
        at = np.searchsorted(self._ids, np.array(ids, dtype=np.int64))
        rows = self.rows[np.minimum(at, len(self.rows) - 1)]
        rows = rows[np.isin(rows["id"], ids)]
        for part in (self.base, self.delta):
            here = rows["id"][part.has(rows["id"], rows["hash"])]
            if len(here):
                found |= zip(here.tolist(), (part.vectors(here) @ query).tolist(), strict=True)
        return found

    def merged(self) -> Part:
        """One part of all vectors that are still wanted."""
        rows = self.rows[self._in_base | self._in_delta]
        if not len(self.delta.ids) and len(rows) == len(self.base.ids):
            return self.base
        starts = range(0, len(rows), 4096)  # 6 MB at 384 dimensions
        blocks = (self._vectors(rows[start : start + 4096]) for start in starts)
        return Part.of(self.base.index.d, rows["id"].copy(), rows["hash"].copy(), blocks)

    def delta_with(self, ids: Ids, hashes: Ids, vectors: Vectors) -> Part:
        """A new delta: what is still wanted of the present one, and these."""
        kept = self.rows[self._in_delta]
        all_ids, all_hashes = np.concatenate([kept["id"], ids]), np.concatenate([kept["hash"], hashes])
        order = np.argsort(all_ids)
        block = np.concatenate([self._vectors(kept), vectors])[order]
        return Part.of(self.base.index.d, all_ids[order], all_hashes[order], [block])

    def part_beside(self, base: Part) -> Part:
        """A delta to go with another base: our vectors that it lacks."""
        own = self.rows[(self._in_base | self._in_delta) & ~base.has(self.rows["id"], self.rows["hash"])]
        return Part.of(self.base.index.d, own["id"].copy(), own["hash"].copy(), [self._vectors(own)])

    @cached_property
    def _ids(self) -> Ids:
        return np.ascontiguousarray(self.rows["id"])

    @cached_property
    def _in_base(self) -> Mask:
        return self.base.has(self.rows["id"], self.rows["hash"])

    @cached_property
    def _in_delta(self) -> Mask:
        return self.delta.has(self.rows["id"], self.rows["hash"]) & ~self._in_base

    def _vectors(self, rows: Rows) -> Vectors:
        vectors = np.empty((len(rows), self.base.index.d), dtype=np.float32)
        for part in (self.base, self.delta):
            here = part.has(rows["id"], rows["hash"])
            if here.any():
                vectors[here] = part.vectors(rows["id"][here])
        return vectors

    def _selection(self, wanted: Wanted) -> tuple[Selection, Selection]:
        if (known := self._selections.get(wanted)) is None:
            may, ids = self._may_be_served(wanted), self.rows["id"]
            known = Selection(ids[may & self._in_base]), Selection(ids[may & self._in_delta])
            self._selections[wanted] = known  # one assignment: two threads may do the work twice, neither is harmed
        return known

    def _may_be_served(self, wanted: Wanted) -> Mask:
        day = wanted.today.toordinal()
        may: Mask = (self.rows["first"] <= day) & (self.rows["last"] >= day)
        if wanted.language is not None:
            may &= np.isin(self.rows["language"], (0, _LANGUAGES.index(wanted.language)))
        if wanted.category is not None:
            may &= self.rows["category"] == self.categories.get(wanted.category, -1)
        return may

    def _checked(self, query: Vectors) -> Vectors:
        query = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        if query.shape[1] != self.base.index.d:
            raise DimensionMismatch(
                f"The query has {query.shape[1]} dimensions, the index {self.base.index.d}. Run: chatbot kb rebuild"
            )
        return query
