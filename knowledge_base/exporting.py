"""Pairs into people's spreadsheets, such that importing them gives the same pairs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TextIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from knowledge_base.formats import maxkb, qnamaker
from knowledge_base.formats.columns import COLUMNS, guarded
from knowledge_base.pairs import Pair

ExportFormat = Literal["csv", "xlsx", "qnamaker", "maxkb"]
ENDINGS: dict[ExportFormat, str] = {"csv": ".csv", "xlsx": ".xlsx", "qnamaker": ".tsv", "maxkb": ".csv"}
_BY_ENDING: dict[str, ExportFormat] = {".xlsx": "xlsx", ".tsv": "qnamaker"}
ANY_LANGUAGE = "any"  # in a file, where an empty language means: see for yourself
BOM = "\ufeff"
"""A text file begins with it, or Excel misreads Chinese."""
_LONGEST_CELL = 32_767  # characters that Excel allows in a cell
# What XML cannot hold, and what looks like the way in which a workbook writes it (ECMA-376, 22.4.2.4: bstr)
_TO_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def write_pairs(target: Path | str | TextIO, pairs: Iterable[Pair], format: ExportFormat | None = None) -> None:
    """Write pairs such that `read_pairs` gives the same ones, but for their ids.

    format: None: by the file's ending; a stream gets CSV. A cell that a spreadsheet would compute gets an apostrophe.
    """
    if isinstance(target, (str, Path)):
        path = Path(target)
        told: ExportFormat = format or _BY_ENDING.get(path.suffix.lower(), "csv")
        if told == "xlsx":
            _write_workbook(path, pairs)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(BOM)
            file.writelines(lines(pairs, told))
        return
    target.writelines(lines(pairs, format or "csv"))


def lines(pairs: Iterable[Pair], format: ExportFormat) -> Iterator[str]:
    """The rows of a text file, one after the other, the header first. format: any but xlsx."""
    if format == "qnamaker":
        yield qnamaker.line(qnamaker.HEADER)
        for number, pair in enumerate(pairs, start=1):
            yield from map(qnamaker.line, qnamaker.rows(texts_of(pair), number))
        return
    header, row = (maxkb.HEADER, maxkb.row) if format == "maxkb" else (COLUMNS, _own_row)
    write = _csv_writer()
    yield write(header)
    for pair in pairs:
        yield write(row(texts_of(pair)))


def texts_of(pair: Pair) -> tuple[str, ...]:
    """The pair as texts below COLUMNS."""
    return (
        pair.question,
        pair.answer,
        "\n".join(pair.similar),
        pair.category,
        pair.language or ANY_LANGUAGE,
        pair.valid_from.isoformat() if pair.valid_from else "",
        pair.valid_until.isoformat() if pair.valid_until else "",
        pair.source_url,
        pair.review_by.isoformat() if pair.review_by else "",
        pair.owner,
        pair.state,
    )


def _own_row(texts: Sequence[str]) -> list[str]:
    return [guarded(text) for text in texts]


def _csv_writer() -> Callable[[Sequence[str]], str]:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)

    def write(cells: Sequence[str]) -> str:
        writer.writerow(cells)
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return text

    return write


def _write_workbook(path: Path, pairs: Iterable[Pair]) -> None:
    """Every cell is text. Similar questions that Excel has no room for in one cell go into similar_1, similar_2, ..."""
    rows = [_own_row(texts_of(pair)) for pair in pairs]
    split = {number: parts for number, row in enumerate(rows) if len(parts := _parts(row[2])) > 1}
    width = max(map(len, split.values()), default=1)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("pairs")

    def write(texts: Sequence[str]) -> None:
        cells = []
        for text in texts:
            cell = WriteOnlyCell(sheet)
            # not by its setter, which takes '=' for a formula and cuts what is long once it is escaped
            cell._value, cell.data_type = _escaped(text), "s"  # type: ignore[attr-defined]
            cells.append(cell)
        sheet.append(cells)

    write([*COLUMNS, *(f"similar_{number}" for number in range(1, width))])
    for number, row in enumerate(rows):
        first, *others = split.get(number, [row[2]])
        write([*row[:2], first, *row[3:], *others])
    book.save(path)


def _parts(text: str) -> list[str]:
    """The lines of a cell, as few cells as have room for them."""
    if len(text) <= _LONGEST_CELL:
        return [text]
    parts = [""]
    for line in text.split("\n"):
        if parts[-1] and len(parts[-1]) + 1 + len(line) > _LONGEST_CELL:
            parts.append(guarded(line))
        else:
            parts[-1] += f"\n{line}" if parts[-1] else line
    return parts


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
