"""Rows of a file beside the stored pairs: which are stored already, which change a pair, which repeat another row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from knowledge_base.importing import Line
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore
from knowledge_base.text import normalise_question

_BATCH = 1_000  # rows whose stored pairs are in memory at once
_form = lru_cache(maxsize=20_000)(normalise_question)  # of a batch's wordings, which are compared again and again

Forms = tuple[str, ...]
"""The normalised question and similar questions of a pair."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class New:
    """The row is a pair that the store has not."""


@dataclass(frozen=True, slots=True)
class Same:
    """A stored pair is what the row says."""


@dataclass(frozen=True, slots=True)
class Over:
    """The row changes a stored pair. pair: with its id, as it would be then."""

    pair: Pair


@dataclass(frozen=True, slots=True)
class Repeat:
    """A question of the row is another row's, or else (other_line 0) one of a stored pair that asks something else."""

    line: int
    question: str
    other_line: int = 0
    pair_id: int = 0


Verdict = New | Same | Over | Repeat


def compared(store: PairStore, lines: Sequence[Line]) -> list[Verdict]:
    """What each row is to the store, and to the rows before it.

    A row is of the pair that has its question or whose question it has, in a language and on days that both have; a
    withdrawn pair has no rows, but for one that says just that. What the file has no column for stays as it is stored.
    """
    comparing = _Comparing()
    forms = [_forms(line.pair) for line in lines]
    verdicts: list[Verdict | None] = [None] * len(lines)
    known: set[int] = set()  # places of the rows of which the store has something
    for places in _batches(range(len(lines))):  # first, so that no other row takes a pair that a row leaves as it is
        for at, related in zip(places, _related(store, [forms[at] for at in places]), strict=True):
            verdicts[at] = comparing.same(lines[at], related)
            known.update([at] if related else [])
    for places in _batches([at for at, verdict in enumerate(verdicts) if verdict is None]):
        found = [at for at in places if at in known]
        related_of = dict(zip(found, _related(store, [forms[at] for at in found]), strict=True))
        for at in places:
            verdicts[at] = comparing.other(lines[at], forms[at], related_of.get(at, []))
    return [verdict for verdict in verdicts if verdict]


class _Comparing:
    """Compares rows one after the other, and remembers which pair and which phrasings each of them takes."""

    def __init__(self) -> None:
        self._owned: set[int] = set()  # ids of stored pairs that have a row
        self._taken: dict[str, list[_Place]] = {}  # by normalised phrasing

    def same(self, line: Line, related: Sequence[Pair]) -> Same | None:
        for pair in related:
            says = pair.state != "withdrawn" or "state" in line.given  # else the row is to be served
            if says and pair.id not in self._owned and _merged(pair, line) == pair:
                self._take(line, pair, _forms(pair))
                return Same()
        return None

    def other(self, line: Line, forms: Forms, related: Sequence[Pair]) -> Verdict:
        free = [pair for pair in related if pair.id not in self._owned and pair.state != "withdrawn"]
        own = min((pair for pair in free if _changes(line, pair)), key=lambda pair: _distance(line, pair), default=None)
        pair = line.pair
        if own:
            pair = _merged(own, line)
            forms = _forms(pair)
        if other_line := self._repeated(pair, forms):
            return Repeat(line.line, line.pair.question, other_line)
        for other in free:
            if other is not own and _clash(pair, other) and not (own and _clash(own, other)):
                return Repeat(line.line, line.pair.question, pair_id=other.id)
        self._take(line, pair, forms)
        return Over(pair) if own else New()

    def _repeated(self, pair: Pair, forms: Forms) -> int:
        """The line that has taken one of the phrasings; 0 if there is none."""
        if pair.state != "published":
            return 0
        days = _Place.of(0, pair)
        return next((place.line for form in forms for place in self._taken.get(form, ()) if place.meets(days)), 0)

    def _take(self, line: Line, pair: Pair, forms: Forms) -> None:
        if pair.id:
            self._owned.add(pair.id)
        if pair.state == "published":
            place = _Place.of(line.line, pair)
            for form in forms:
                self._taken.setdefault(form, []).append(place)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pair holds: in a language, on days; and the line that it is from."""

    line: int
    language: str
    first: date
    last: date

    @classmethod
    def of(cls, line: int, pair: Pair) -> _Place:
        return cls(line, pair.language, pair.valid_from or date.min, pair.valid_until or date.max)

    def meets(self, other: _Place) -> bool:
        in_one_language = self.language == other.language or "" in (self.language, other.language)
        return in_one_language and self.first <= other.last and other.first <= self.last


def _related(store: PairStore, forms: Sequence[Forms]) -> Iterator[list[Pair]]:
    """For each of these rows, the stored pairs that have one of its phrasings."""
    owners = store.with_question({form for each in forms for form in each})
    stored = store.pairs({id_ for ids in owners.values() for id_ in ids})
    for each in forms:
        ids = dict.fromkeys(id_ for form in each for id_ in owners.get(form, ()))
        yield [stored[id_] for id_ in ids if id_ in stored]


def _merged(stored: Pair, line: Line) -> Pair:
    given: dict[str, Any] = {name: getattr(line.pair, name) for name in line.given}
    return replace(stored, **given)


def _changes(line: Line, stored: Pair) -> bool:
    """Whether the row is of this pair."""
    changed = _merged(stored, line)
    if not _Place.of(0, changed).meets(_Place.of(0, stored)):
        return False
    return _form(stored.question) in _forms(changed) or _form(changed.question) in _forms(stored)


def _distance(line: Line, stored: Pair) -> tuple[bool, bool, bool, int]:
    """Of several pairs that a row may be of, the nearest is it."""
    is_other = _form(stored.question) != _form(line.pair.question)
    return is_other, stored.language != line.pair.language, stored.state != line.pair.state, stored.id


def _clash(pair: Pair, other: Pair) -> bool:
    """Whether the store would refuse one of them beside the other."""
    both = pair.state == other.state == "published"
    return both and _Place.of(0, pair).meets(_Place.of(0, other)) and not set(_forms(pair)).isdisjoint(_forms(other))


def _forms(pair: Pair) -> Forms:
    return tuple(dict.fromkeys(_form(text) for text in (pair.question, *pair.similar)))


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
