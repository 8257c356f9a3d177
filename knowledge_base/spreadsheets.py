"""Tables out of CSV and XLSX files, as text, with the line that each row is on."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from knowledge_base.errors import ImportFileError

MAX_FILE = 100_000_000  # bytes
MAX_UNPACKED = 500_000_000  # bytes; a table of 100,000 pairs unpacks to about 60 MB
MAX_RATIO = 200  # unpacked to packed; tables have about 10, bombs 1000
_OLE = b"\xd0\xcf\x11\xe0"  # old .xls, and any workbook with a password
_HAN_RUN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef]+")
_ZEROS = re.compile("0+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table. line: the physical line on which it begins, from 1 (the row's number in a workbook)."""

    line: int
    cells: tuple[str, ...]


def read_rows(path: Path) -> list[Row]:
    """All rows that are not blank, the header first. Raises ImportFileError."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_FILE else b""
    except OSError as error:
        raise ImportFileError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if size > MAX_FILE:
        raise ImportFileError(f"{path.name} has {size:,} bytes; at most {MAX_FILE:,} are allowed. Split it.")
    if data.startswith(_OLE):
        raise ImportFileError(f"{path.name} is an old .xls or has a password. Save it as .xlsx without a password.")
    is_workbook = path.suffix.lower() in (".xlsx", ".xlsm")
    if not is_workbook and data.startswith(b"PK\x03\x04"):
        raise ImportFileError(f"{path.name} is a workbook or an archive, no CSV. Name it .xlsx if it is a workbook.")
    rows = _workbook_rows(path.name, data) if is_workbook else _csv_rows(path.name, decoded(path.name, data))
    if not rows:
        raise ImportFileError(f"{path.name} is empty. Its first line must name the columns, such as: question,answer")
    return rows


def decoded(name: str, data: bytes) -> str:
    """The text of a CSV file in UTF-8 (with or without BOM) or GB18030. Raises ImportFileError."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportFileError(f"{name} is in UTF-16. Save it as 'CSV UTF-8'.")
    if (nul := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise ImportFileError(
            f"{name} line {line}: there is a NUL byte, so this is no text file. Save it as 'CSV UTF-8'."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if not _reads_as_chinese(text):
        raise ImportFileError(f"{name} line {line}: the text is neither UTF-8 nor GB18030. Save it as 'CSV UTF-8'.")
    return text


def _reads_as_chinese(text: str) -> bool:
    """Western text in Windows' code page decodes as GB18030 too: its curly quotes become lone Han characters."""
    runs = _HAN_RUN.findall(text)
    return sum(len(run) > 1 for run in runs) > len(runs) / 2


def _csv_rows(name: str, text: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, line = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(Row(line, tuple(cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ImportFileError(f"{name} line {line}: {error}. Is a quotation mark missing or not doubled?") from error
    return rows


def _workbook_rows(name: str, data: bytes) -> list[Row]:
    try:
        _refuse_bomb(name, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's, about styles and validations that it leaves out
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            try:
                return list(_sheet_rows(book.worksheets[0].iter_rows()))
            finally:
                book.close()
    except ImportFileError:
        raise
    except Exception as error:
        # A damaged workbook fails anywhere in openpyxl, zipfile and the XML parser, with any exception.
        raise ImportFileError(
            f"{name} is no readable XLSX workbook ({error}). Save it anew as .xlsx or as CSV."
        ) from error


def _refuse_bomb(name: str, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        # zipfile never unpacks more of a member than it declares here, so a lie does not help
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_UNPACKED or (unpacked > 10_000_000 and unpacked > MAX_RATIO * len(data)):
        raise ImportFileError(f"{name} unpacks to {unpacked:,} bytes, far more than a table needs. It was not opened.")


def _sheet_rows(rows: Iterator[Sequence[Any]]) -> Iterator[Row]:
    for number, cells in enumerate(rows, start=1):
        texts = tuple(_cell_text(cell) for cell in cells)
        if any(text.strip() for text in texts):
            yield Row(number, texts)


def _cell_text(cell: Any) -> str:
    """The cell as people see it: text as it is, whole numbers without '.0' and with their format's zeros, ISO dates."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and _ZEROS.fullmatch(cell.number_format or ""):
        return f"{value:0{len(cell.number_format)}d}"
    return str(value)
