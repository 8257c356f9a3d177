"""Held-out questions for the search, and how their files are told from those of the intents."""

from __future__ import annotations

from pathlib import Path

import pytest

from training_data.examples import TrainingDataError
from training_data.questions import Asked, asks_pairs, read_questions


def write(tmp_path: Path, text: str, name: str = "q.csv") -> Path:
    (tmp_path / name).write_text(text, "utf-8")
    return tmp_path / name


def test_rows_are_read_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "text,question,language\n when? ,When is it?,en\n\n几点？,,\n")
    assert read_questions(path) == [
        Asked("when?", "When is it?", "en", "q.csv:2"),
        Asked("几点？", "", "zh", "q.csv:4"),
    ]


def test_bad_rows_are_named_and_nothing_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "text,question,language\n,When?,en\nwann?,When?,de\n")
    with pytest.raises(TrainingDataError) as refusal:
        read_questions(path)
    assert str(refusal.value) == (
        "q.csv line 2: text is empty; line 3: language is 'de', allowed are en, zh. Nothing is used."
    )


def test_a_missing_column_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"q\.csv line 1: column question is missing"):
        read_questions(write(tmp_path, "text,label\nhi,greet\n"))


@pytest.mark.parametrize(
    ("name", "header", "asks"),
    [
        ("q.csv", "text,question,language", True),
        ("q.csv", '"question","text"', True),
        ("q.csv", "text,label,language", False),
        ("q.csv", "text,question,label", False),
        ("q.yml", "text,question", False),
    ],
)
def test_the_header_tells_what_a_file_asks(tmp_path: Path, name: str, header: str, asks: bool) -> None:
    assert asks_pairs(write(tmp_path, header + "\n", name)) is asks
