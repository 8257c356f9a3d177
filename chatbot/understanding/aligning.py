"""Where a place of a text lay before some pieces of it were replaced: masked, mended, simplified."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LETTERS = re.compile("([A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A replaced piece: where it stands now, and where what it replaced stood before."""

    start: int
    end: int
    was_start: int
    was_end: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two texts that are the same but for some pieces. pieces: in order of place."""

    pieces: tuple[Piece, ...] = ()

    def before(self, start: int, end: int) -> tuple[int, int]:
        """The span of the earlier text that a span of the later one stands for; a piece is taken whole."""
        return self.began(start), self.ended(end)

    def began(self, start: int) -> int:
        """Where the character at `start` began before."""
        shift = 0
        for piece in self.pieces:
            if start < piece.start:
                break
            if start < piece.end:
                return piece.was_start
            shift = piece.was_end - piece.end
        return start + shift

    def ended(self, end: int) -> int:
        """Where what ends at `end` ended before."""
        shift = 0
        for piece in self.pieces:
            if end <= piece.start:
                break
            if end <= piece.end:
                return piece.was_end
            shift = piece.was_end - piece.end
        return end + shift

    @property
    def turned(self) -> Alignment:
        """From the earlier text to the later one."""
        return Alignment(tuple(Piece(p.was_start, p.was_end, p.start, p.end) for p in self.pieces))


def aligned(was: str, now: str) -> Alignment:
    """The alignment of a text with what became of it.

    Texts of as many Latin words are taken to be replaced word by word, others of one length character by character; of
    the rest, all between their common beginning and their common end is one piece.
    """
    if was == now:
        return Alignment()
    before, after = LETTERS.split(was), LETTERS.split(now)
    if len(before) == len(after):
        return Alignment(tuple(differing(zip(before, after, strict=True))))
    return Alignment() if len(was) == len(now) else Alignment((middle(was, now),))


def differing(words: Iterable[tuple[str, str]]) -> Iterable[Piece]:
    """The words that are of another length now; pairs of what was and what is."""
    start = was_start = 0
    for was, now in words:
        end, was_end = start + len(now), was_start + len(was)
        if len(was) != len(now):
            yield Piece(start, end, was_start, was_end)
        start, was_start = end, was_end


def middle(was: str, now: str) -> Piece:
    """What lies between the common beginning and the common end."""
    start = common(was, now)
    rest = min(len(was), len(now)) - start
    same = common(was[::-1][:rest], now[::-1][:rest])
    return Piece(start, len(now) - same, start, len(was) - same)


def common(one: str, other: str) -> int:
    """How many characters two texts begin alike with."""
    differ = (at for at, (here, there) in enumerate(zip(one, other, strict=False)) if here != there)
    return next(differ, min(len(one), len(other)))
