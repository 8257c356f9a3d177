from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chatbot.learning.migrations import inbox_file
from chatbot.learning.vectors import SLICE, Floats, Vectors
from knowledge_base.connections import Connections
from tests.fakes import HashingEncoder

ENCODER = HashingEncoder()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Connections]:
    kept = inbox_file(tmp_path / "inbox.db")
    yield kept
    kept.close()


class Noting:
    """Encodes, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Floats:
        self.asked.append(list(texts))
        return ENCODER.encode(texts)


def test_a_text_is_encoded_once_by_whichever_process(kept: Connections, tmp_path: Path) -> None:
    encode = Noting()
    first = Vectors(kept, encode, "a").of(["one", "two", "one"])
    other = inbox_file(tmp_path / "inbox.db")
    second = Vectors(other, encode, "a").of(["three", "two"])
    other.close()
    assert encode.asked == [["one", "two"], ["three"]]
    assert (first == ENCODER.encode(["one", "two", "one"])).all()
    assert (second == ENCODER.encode(["three", "two"])).all()


def test_another_encoder_computes_its_own(kept: Connections) -> None:
    encode = Noting()
    for encoder in ("a", "b", "a"):
        Vectors(kept, encode, encoder).of(["one"])
    assert encode.asked == [["one"], ["one"]]


def test_beyond_the_most_that_are_kept_the_first_are_forgotten(kept: Connections) -> None:
    encode = Noting()
    vectors = Vectors(kept, encode, "a", most=3)
    for texts in (["1", "2"], ["3"], ["4"], ["2", "3", "4"], ["1"]):
        assert (vectors.of(texts) == ENCODER.encode(texts)).all()
    assert encode.asked == [["1", "2"], ["3"], ["4"], ["1"]]
    with kept.reading() as db:
        assert db.execute("SELECT count(*) FROM vectors").fetchone()[0] == 3


def test_very_many_are_kept_in_slices_so_that_little_is_lost(kept: Connections) -> None:
    texts = [f"text {number}" for number in range(SLICE + 1)]

    def breaking_off(some: Sequence[str]) -> Floats:
        if len(some) == 1:
            raise KeyboardInterrupt
        return ENCODER.encode(some)

    with pytest.raises(KeyboardInterrupt):
        Vectors(kept, breaking_off, "a").of(texts)
    encode = Noting()
    Vectors(kept, encode, "a").of(texts)
    assert encode.asked == [[texts[-1]]]


def test_a_file_that_cannot_be_written_keeps_nobody_from_reading(
    kept: Connections, caplog: pytest.LogCaptureFixture
) -> None:
    with kept.reading() as db:
        db.execute("PRAGMA query_only = ON")
    found = Vectors(kept, ENCODER.encode, "a").of(["one"])
    assert (found == ENCODER.encode(["one"])).all()
    assert "1 vectors will be computed again" in caplog.text
