"""A place in a text as it is read is a place in the text as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.understanding.aligning import Alignment, Piece, aligned
from chatbot.understanding.masking import Masker
from chatbot.understanding.text import normalised
from tests.fakes import PATTERNS


@pytest.mark.parametrize(
    ("was", "now", "part", "before"),
    [
        ("my sofa", "my sofa", "sofa", "sofa"),
        ("我的沙發", "我的沙发", "沙发", "沙發"),
        ("wher is my soffa pleese", "where is my sofa please", "sofa", "soffa"),
        ("wher is my soffa pleese", "where is my sofa please", "is my", "is my"),
        ("wher is my soffa pleese", "where is my sofa please", "where is my sofa", "wher is my soffa"),
        ("my  sofa bed now", "my sofa bed now", "bed now", "bed now"),
        ("a 1 b", "a [one] b", "b", "b"),
        ("a 1 b", "a [one] b", "[one] b", "1 b"),
    ],
)
def test_a_part_is_found_where_it_was(was: str, now: str, part: str, before: str) -> None:
    start = now.index(part)
    found = aligned(was, now).before(start, start + len(part))
    assert was[slice(*found)] == before


def test_a_piece_is_taken_whole() -> None:
    alignment = Alignment((Piece(3, 10, 3, 5),))
    assert alignment.before(4, 6) == (3, 5)
    assert alignment.before(0, 3) == (0, 3)
    assert alignment.before(10, 12) == (5, 7)
    assert alignment.turned.before(3, 4) == (3, 10)


@given(st.lists(st.sampled_from(["100234", "me@example.com", "8123 4821", "sofa", "沙发", ",", "a"]), max_size=8))
def test_what_masking_leaves_stands_where_it_stood(words: list[str]) -> None:
    text = normalised(" ".join(words))
    masked = Masker(PATTERNS).read(text)
    for at, char in enumerate(masked.text):
        start, end = masked.alignment.before(at, at + 1)
        inside = any(piece.start <= at < piece.end for piece in masked.alignment.pieces)
        assert inside or text[start:end] == char
    for piece in masked.alignment.pieces:
        assert masked.text[piece.start] == "["
        assert masked.alignment.before(piece.start, piece.end) == (piece.was_start, piece.was_end)


@given(st.text("ab 1沙", max_size=12), st.text("ab 1沙", max_size=12))
def test_any_two_texts_are_aligned_within_their_lengths(was: str, now: str) -> None:
    alignment = aligned(was, now)
    for at in range(len(now)):
        start, end = alignment.before(at, at + 1)
        assert 0 <= start <= end <= len(was)
