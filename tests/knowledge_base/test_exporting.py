from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from knowledge_base.checking import MAX_QUESTION, MAX_SIMILAR, checked
from knowledge_base.exporting import ENDINGS, ExportFormat, lines, write_pairs
from knowledge_base.importing import read_file, read_pairs
from knowledge_base.pairs import Pair

FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")  # of what a spreadsheet computes


def cells_of(path: Path, format: ExportFormat) -> list[str]:
    """Every cell of a file, read by others than those that wrote it."""
    if format == "xlsx":
        book = load_workbook(path)
        assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)
        return [str(cell.value or "") for row in book.active.iter_rows() for cell in row]
    with path.open(encoding="utf-8-sig", newline="") as file:
        if format == "qnamaker":
            return [cell for line in file.read().split("\n") for cell in line.split("\t")]
        return [cell for row in csv.reader(file) for cell in row]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "text", ["=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@sum(1)", "'=1", "''@x", "'quoted'", "a=1", '"=1"']
)
def test_no_cell_is_a_formula_and_it_comes_back_as_it_was(tmp_path: Path, format: ExportFormat, text: str) -> None:
    path = tmp_path / f"out{ENDINGS[format]}"
    pair = checked(Pair(text, text, (text + " b",), category=text, language="en", owner=text))
    write_pairs(path, [pair], format)
    assert not [cell for cell in cells_of(path, format) if cell.startswith(BEGINNINGS)]
    assert read_pairs(path) == [pair]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
ODD = [
    "=x", "-5 °C?", "'+x", "a,b", 'a"b', "退款？", "00123", "1e5", "TRUE", "#N/A", "a\\nb", "C:\\temp\\new",
    "\\\\server\\n", 'say "hi"', '"hi"', '"', "_x0041_", "a|b:c", "100%7C", "[x]", "🎁 gift", "line\n\nline",
    "tab\there", "\x01\x1fx", "\ufffe\uffff!x", "any", "é\u0301\u200b x", "http://x", "a\\",
]  # fmt: skip
WORDS = TEXT | st.sampled_from(ODD)
QUESTION = TEXT.map("x{}".format) | st.sampled_from([f"{text} q" for text in ODD])
PAIRS = st.builds(
    Pair,
    question=QUESTION,
    answer=WORDS.filter(str.strip),
    similar=st.lists(QUESTION, max_size=3).map(tuple),
    category=WORDS,
    language=st.sampled_from(["", "en", "zh"]),
    valid_from=st.none() | st.dates(max_value=date(2024, 1, 1)),
    valid_until=st.none() | st.dates(min_value=date(2024, 1, 1)),
    source_url=st.sampled_from(["", "https://a.example/?q=1,2&r=%E9"]),
    state=st.sampled_from(["draft", "published", "withdrawn"]),
    review_by=st.none() | st.dates(),
    owner=st.just("") | WORDS,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.mark.parametrize("format", FORMATS)
@settings(deadline=None)  # writing a workbook takes as long as the machine is busy
@given(pairs=st.lists(PAIRS, min_size=1, max_size=4))
def test_what_is_written_is_read_back_exactly(folder: Path, format: ExportFormat, pairs: list[Pair]) -> None:
    pairs = [checked(pair) for pair in pairs]
    path = folder / f"round{ENDINGS[format]}"
    write_pairs(path, pairs, format)
    assert read_file(path, "zh").pairs == pairs


def test_the_ending_names_the_format_and_a_stream_gets_csv(tmp_path: Path) -> None:
    pair = checked(Pair("Where?", "Here."))
    for name, told in [("a.xlsx", "frontdesk"), ("a.tsv", "qnamaker"), ("a.csv", "frontdesk"), ("a.txt", "frontdesk")]:
        write_pairs(tmp_path / name, [pair])
        assert read_file(tmp_path / name).format == told
    stream = io.StringIO(newline="")
    write_pairs(stream, [pair])
    assert stream.getvalue() == "".join(lines([pair], "csv"))
    assert stream.getvalue().splitlines()[1] == "Where?,Here.,,,any,,,,,,published"


def test_similar_questions_that_no_cell_of_excel_holds_are_spread_over_several(tmp_path: Path) -> None:
    similar = tuple(
        f"{'-' if number % 2 else 'w'}{number:03d}{'x' * (MAX_QUESTION - 4)}" for number in range(MAX_SIMILAR)
    )
    pairs = [checked(Pair("Few?", "1", ("One?",))), checked(Pair("Many?", "2", similar))]
    write_pairs(tmp_path / "a.xlsx", pairs)
    assert max(len(cell) for cell in cells_of(tmp_path / "a.xlsx", "xlsx")) <= 32_767
    assert read_pairs(tmp_path / "a.xlsx") == pairs


def test_an_answer_is_not_cut_where_its_signs_take_much_room(tmp_path: Path) -> None:
    pair = checked(Pair("Signs?", "a" + "\x01" * 7000 + "b"))
    write_pairs(tmp_path / "a.xlsx", [pair])
    assert read_pairs(tmp_path / "a.xlsx") == [pair]


def test_a_text_file_begins_with_a_mark_by_which_excel_reads_chinese(tmp_path: Path) -> None:
    for format in ("csv", "qnamaker", "maxkb"):
        write_pairs(tmp_path / "a.csv", [checked(Pair("退款？", "三天"))], format)
        assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
