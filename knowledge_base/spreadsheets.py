"""Tables out of CSV, TSV and XLSX files, as text, row by row, with the line that each row is on."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.errors import ImportFileError
from knowledge_base.workbooks import sheet_rows

MAX_FILE = 100_000_000  # bytes
MAX_CELL = 131_072  # characters, as the csv module has it; 200 similar questions of 500 have 100,199
_BLOCK = 1_000_000  # bytes read at once
_OLE = b"\xd0\xcf\x11\xe0"  # old .xls, and any workbook with a password
_ZIP = b"PK\x03\x04"
_HAN_RUN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef]+")
# A cell in quotes, which may hold tabs and line breaks, or any other text. QnA Maker quotes nothing, so that a cell may
# begin with a quotation mark of its own; spreadsheets that save its file do quote.
_TABBED_CELL = re.compile(r'"((?:[^"]++|"")*+)"(?=[\t\r\n]|\Z)|([^\t\r\n]*)')


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table. line: the physical line on which it begins, from 1 (the row's number in a workbook)."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table while it is read. name: the file's, as people know it. tabs: tabs part its columns.

    rows: those below the header that are not blank; reading them raises ImportFileError.
    """

    name: str
    header: Row
    rows: Iterator[Row]
    tabs: bool


def read_table(path: Path, name: str = "") -> Table:
    """The table in a CSV, TSV or XLSX file. name: for messages, if not the path's own. Raises ImportFileError."""
    name = name or path.name
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ImportFileError(f"{name} cannot be read: {error.strerror or error}.") from error
    if size > MAX_FILE:
        raise ImportFileError(f"{name} has {size:,} bytes; at most {MAX_FILE:,} are allowed. Split it.")
    if start == _OLE:
        raise ImportFileError(f"{name} is an old .xls or has a password. Save it as .xlsx without a password.")
    is_workbook = path.suffix.lower() in (".xlsx", ".xlsm")
    if not is_workbook and start == _ZIP:
        raise ImportFileError(f"{name} is a workbook or an archive, no CSV. Name it .xlsx if it is a workbook.")
    if is_workbook:
        return _table(name, itertools.starmap(Row, sheet_rows(path, name, MAX_CELL)), tabs=False)
    encoding = _encoding(path, name)
    tabs = _parted_by_tabs(path, encoding)
    return _table(name, (_tabbed_rows if tabs else _csv_rows)(path, name, encoding), tabs)


def _table(name: str, rows: Iterator[Row], tabs: bool) -> Table:
    filled = (row for row in rows if any(cell.strip() for cell in row.cells))
    header = next(filled, None)
    if header is None:
        raise ImportFileError(f"{name} is empty. Its first line must name the columns, such as: question,answer")
    return Table(name, header, filled, tabs)


def _encoding(path: Path, name: str) -> str:
    """The encoding of a text file: UTF-8 (with or without BOM) or GB18030. Raises ImportFileError."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, wrong = 0, 0
    for block in itertools.chain(_blocks(path), [b""]):
        if lines == 0 and block.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ImportFileError(f"{name} is in UTF-16. Save it as 'CSV UTF-8'.")
        if (nul := block.find(b"\0")) >= 0:
            raise ImportFileError(
                f"{name} line {lines + block.count(10, 0, nul) + 1}: there is a NUL byte, so this is no text file."
                " Save it as 'CSV UTF-8'."
            )
        if not wrong:
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                wrong = lines + block.count(10, 0, max(0, error.start - held)) + 1
        lines += block.count(10)
    if not wrong:
        return "utf-8-sig"
    if not _reads_as_chinese(path):
        raise ImportFileError(f"{name} line {wrong}: the text is neither UTF-8 nor GB18030. Save it as 'CSV UTF-8'.")
    return "gb18030"


def _reads_as_chinese(path: Path) -> bool:
    """Western text in Windows' code page decodes as GB18030 too: its curly quotes become lone Han characters."""
    decoder = codecs.getincrementaldecoder("gb18030")()
    runs = long = 0
    try:
        for block in itertools.chain(_blocks(path), [b""]):
            found = _HAN_RUN.findall(decoder.decode(block, final=not block))
            runs += len(found)
            long += sum(len(run) > 1 for run in found)
    except UnicodeDecodeError:
        return False
    return long > runs / 2


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _parted_by_tabs(path: Path, encoding: str) -> bool:
    with path.open(encoding=encoding, newline="") as file:
        lines = iter(lambda: file.readline(_BLOCK), "")
        first = next((line for line in lines if line.strip()), "")
    return first.count("\t") > first.count(",")


def _csv_rows(path: Path, name: str, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True)
        line = 1
        try:
            for cells in reader:
                yield Row(line, tuple(cells))
                line = reader.line_num + 1
        except csv.Error as error:
            raise ImportFileError(
                f"{name} line {line}: {error}. Is a quotation mark missing or not doubled?"
            ) from error


def _tabbed_rows(path: Path, name: str, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as file:
        text = file.read()
    cells: list[str] = []
    at, line, begun = 0, 1, 1
    while at < len(text) or cells:
        match = _TABBED_CELL.match(text, at)
        assert match is not None  # noqa: S101 - the pattern fits an empty text, too
        quoted, plain = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        if len(cells[-1]) > MAX_CELL:
            raise ImportFileError(f"{name} line {line}: a cell has more than {MAX_CELL:,} characters.")
        line += match[0].count("\n")
        at = match.end()
        if text.startswith("\t", at):
            at += 1
            continue
        yield Row(begun, tuple(cells))
        at += 2 if text.startswith("\r\n", at) else 1
        cells, line = [], line + 1
        begun = line
