"""Texts that are the same, or nearly: all near pairs of a set, without comparing each with each.

Two texts are near if they share most of their pieces: three-letter pieces of words, two-character pieces of Chinese.
The measure is Jaccard's, over multisets, so that "bye" and "bye bye" differ. The join looks only at the rarest pieces
of each text: two sets whose Jaccard index is t or more share one of their n - ceil(t n) + 1 rarest (Bayardo, Ma and
Srikant, "Scaling up all pairs similarity search", 2007).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from knowledge_base.text import tokens

Pieces = frozenset[tuple[str, int]]


def pieces(text: str) -> Pieces:
    """The pieces of a text, each with the number of its occurrence. Case, accents and punctuation do not count."""
    found: Counter[str] = Counter()
    numbered = set()
    for word in tokens(text):
        framed = f" {word} "
        for piece in [word] if not word.isascii() else [framed[at : at + 3] for at in range(len(framed) - 2)]:
            found[piece] += 1
            numbered.add((piece, found[piece]))
    return frozenset(numbered)


def likeness(one: Pieces, other: Pieces) -> float:
    """Jaccard index in [0, 1]; 0 if one has no pieces."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def near(texts: Sequence[Pieces], least: float) -> Iterator[tuple[int, int, float]]:
    """Places i < j of every two texts whose likeness is at least `least`, and that likeness; by j, then i."""
    order = by_rarity(texts)
    index: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        rare = rarest(text, order, least)
        for other in sorted({other for piece in rare for other in index[piece]}):
            if (alike := likeness(text, texts[other])) >= least:
                yield other, place, alike
        for piece in rare:
            index[piece].append(place)


def near_across(texts: Sequence[Pieces], others: Sequence[Pieces], least: float) -> Iterator[tuple[int, int, float]]:
    """Places in `texts` and in `others` of every two whose likeness is at least `least`, and that likeness."""
    order = by_rarity([*texts, *others])
    index: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, other in enumerate(others):
        for piece in rarest(other, order, least):
            index[piece].append(place)
    for place, text in enumerate(texts):
        for found in sorted({found for piece in rarest(text, order, least) for found in index[piece]}):
            if (alike := likeness(text, others[found])) >= least:
                yield place, found, alike


def by_rarity(texts: Iterable[Pieces]) -> dict[tuple[str, int], tuple[int, tuple[str, int]]]:
    """A sorting key for each piece: the rarest first, ties by the piece itself."""
    counts = Counter(piece for text in texts for piece in text)
    return {piece: (count, piece) for piece, count in counts.items()}


def rarest(
    text: Pieces, order: dict[tuple[str, int], tuple[int, tuple[str, int]]], least: float
) -> list[tuple[str, int]]:
    """The pieces one of which every near text must share."""
    keep = len(text) - math.ceil(least * len(text)) + 1
    return sorted(text, key=order.__getitem__)[:keep]
