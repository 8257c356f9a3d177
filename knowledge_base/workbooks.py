"""The first sheet of an XLSX workbook as text, read row by row: no more of it is in memory than its shared strings.

openpyxl keeps every row that has a format, and makes as many empty cells as a sheet claims to have; files from the
outside need a reader that believes them nothing. Format: ECMA-376 part 1, sections 18.2 to 18.4 and 18.8.
"""

from __future__ import annotations

import mmap
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from knowledge_base.errors import ImportFileError

MAX_UNPACKED = 300_000_000  # bytes; a table of 100,000 pairs unpacks to about 60 MB
MAX_RATIO = 200  # unpacked to packed; tables have about 10, bombs 1000
MAX_PARTS = 10_000  # files in the archive; a workbook has about 20
MAX_CELLS = 5_000_000  # empty ones, too: 25 columns of as many rows as are allowed
_BLOCK = 65_536  # bytes unpacked at once
_MEMBER = re.compile(rb"PK\x01\x02")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # ECMA-376, 22.4.2.4 (bstr): how a workbook writes control characters
_ZEROS = re.compile("0+")
_OFFICE = "officeDocument"

Starting = Callable[[str, dict[str, str]], None]


def sheet_rows(path: Path, name: str, max_cell: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows of the first sheet that hold something, with their numbers. max_cell: characters.

    Raises ImportFileError.
    """
    try:
        _refuse_bomb(path, name)
        with zipfile.ZipFile(path) as archive:
            yield from _Workbook(archive, name, max_cell).rows()
    except ImportFileError:
        raise
    except Exception as error:
        # A damaged workbook fails anywhere in zipfile and the XML parser, with any exception.
        raise ImportFileError(
            f"{name} is no readable XLSX workbook ({error}). Save it anew as .xlsx or as CSV."
        ) from error


def _refuse_bomb(path: Path, name: str) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as packed:
        if sum(1 for _ in _MEMBER.finditer(packed)) > MAX_PARTS:  # told before zipfile lists them all in memory
            raise ImportFileError(f"{name} holds more than {MAX_PARTS:,} files, so it is no workbook.")
    with zipfile.ZipFile(path) as archive:
        # zipfile never unpacks more of a member than it declares here, so a lie does not help
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_UNPACKED or (unpacked > 10_000_000 and unpacked > MAX_RATIO * path.stat().st_size):
        raise ImportFileError(f"{name} unpacks to {unpacked:,} bytes, far more than a table needs. It was not opened.")


@dataclass
class _Text:
    """Gathers the text of one string, which no document can make too long."""

    name: str
    longest: int
    parts: list[str] = field(default_factory=list)
    length: int = 0
    wanted: bool = False

    def add(self, text: str) -> None:
        if not self.wanted:
            return
        self.length += len(text)
        if self.length > self.longest:
            raise ImportFileError(f"{self.name} has a cell of more than {self.longest:,} characters.")
        self.parts.append(text)

    def taken(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        self.length = 0
        return text


class _Workbook:
    """What of a workbook's parts its first sheet needs."""

    def __init__(self, archive: zipfile.ZipFile, name: str, max_cell: int) -> None:
        self._archive = archive
        self._name = name
        self._text = _Text(name, max_cell)
        self._epoch = CALENDAR_WINDOWS_1900
        main = next(iter(self._related("", _OFFICE).values()), "xl/workbook.xml")
        self._sheet = self._first_sheet(main)
        self._formats = self._read_formats(self._related(main, "styles"))
        self._strings = self._read_strings(self._related(main, "sharedStrings"))

    def rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The sheet's rows that hold something."""
        sheet = _Sheet(self._name, self._text, self._value)
        for _ in self._parsed(self._sheet, sheet.start, sheet.end):
            yield from sheet.finished
            sheet.finished.clear()

    def _parsed(self, part: str, start: Starting, end: Callable[[str], None]) -> Iterator[None]:
        """Parses a part, block by block; tags come without their namespaces' prefixes."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
        parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
        parser.CharacterDataHandler = self._text.add
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        with self._archive.open(part) as file:
            while block := file.read(_BLOCK):
                parser.Parse(block, False)
                yield
            parser.Parse(b"", True)
            yield

    def _refuse_doctype(self, *_: object) -> None:
        # Entities, which grow a document without end, need one; no program writes one into a workbook
        raise ImportFileError(f"{self._name} holds an XML document type, which no workbook has. It was not read.")

    def _read(self, part: str, start: Starting, end: Callable[[str], None] = lambda _: None) -> None:
        for _ in self._parsed(part, start, end):
            pass

    def _related(self, part: str, kind: str) -> dict[str, str]:
        """The parts of this kind that a part names, by their ids. part: '' is the workbook itself."""
        folder = PurePosixPath(part).parent
        listing = str(folder / "_rels" / f"{PurePosixPath(part).name}.rels")
        found: dict[str, str] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes["Type"].endswith(f"/{kind}"):
                target = attributes["Target"]
                found[attributes["Id"]] = target.removeprefix("/") if target[:1] == "/" else str(folder / target)

        if listing in self._archive.namelist():
            self._read(listing, start)
        return found

    def _first_sheet(self, main: str) -> str:
        ids: list[str] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "sheet":
                ids.extend(value for key, value in attributes.items() if key.endswith(":id"))
            elif tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._epoch = CALENDAR_MAC_1904

        self._read(main, start)
        sheets = self._related(main, "worksheet")
        for id_ in ids:
            if id_ in sheets:  # the others are charts
                return sheets[id_]
        raise ImportFileError(f"{self._name} has no sheet with cells. Save the table as .xlsx or as CSV.")

    def _read_formats(self, styles: dict[str, str]) -> Sequence[str]:
        """The number format of each style that cells name by its place."""
        custom: dict[int, str] = {}
        formats: list[str] = []
        inside = ""

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if tag == "numFmt":
                custom[int(attributes["numFmtId"])] = attributes["formatCode"]
            elif tag in ("cellXfs", "cellStyleXfs"):
                inside = tag
            elif tag == "xf" and inside == "cellXfs":
                number = int(attributes.get("numFmtId", 0))
                formats.append(custom.get(number) or BUILTIN_FORMATS.get(number, "General"))

        for part in styles.values():
            self._read(part, start)
        return formats

    def _read_strings(self, shared: dict[str, str]) -> Sequence[str]:
        strings: list[str] = []
        spoken = False  # inside how a text is pronounced, which is no part of it

        def start(tag: str, _: dict[str, str]) -> None:
            nonlocal spoken
            spoken = spoken or tag == "rPh"
            self._text.wanted = tag == "t" and not spoken

        def end(tag: str) -> None:
            nonlocal spoken
            self._text.wanted = False
            if tag == "rPh":
                spoken = False
            elif tag == "si":
                strings.append(_unescaped(self._text.taken()))

        for part in shared.values():
            self._read(part, start, end)
        return strings

    def _value(self, kind: str, style: int, text: str) -> str:
        """A cell as people see it: text as it is, whole numbers with their format's zeros, ISO dates."""
        if kind == "s":
            return self._strings[int(text)]
        if kind == "b":
            return str(text == "1").upper()
        if kind == "d":
            return text.removesuffix("T00:00:00")
        if kind != "n":
            return _unescaped(text)
        number = float(text)
        shape = self._formats[style] if style < len(self._formats) else "General"
        if is_date_format(shape):
            return self._day(number)
        if not number.is_integer():
            return repr(number)
        return f"{int(number):0{len(shape)}d}" if _ZEROS.fullmatch(shape) else str(int(number))

    def _day(self, number: float) -> str:
        try:
            value = from_excel(number, self._epoch)
        except (OverflowError, ValueError):
            return "#VALUE!"  # as Excel shows it
        if isinstance(value, datetime) and value.time() == time():
            return value.date().isoformat()
        return value.isoformat() if isinstance(value, date | time) else str(value)


class _Sheet:
    """Takes a sheet's elements and makes rows of them. finished: those that are whole."""

    def __init__(self, name: str, text: _Text, value: Callable[[str, int, str], str]) -> None:
        self.finished: list[tuple[int, tuple[str, ...]]] = []
        self._name = name
        self._text = text
        self._value = value
        self._number = self._column = self._count = 0
        self._kind, self._style = "n", 0
        self._cells: dict[int, str] = {}
        self._spoken = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._count += 1
            if self._count > MAX_CELLS:
                raise ImportFileError(
                    f"{self._name} has more than {MAX_CELLS:,} cells, most of them empty. Delete the empty rows and"
                    " columns, or save the table as CSV."
                )
            place = attributes.get("r", "").rstrip("0123456789")
            self._column = column_index_from_string(place) if place else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), int(attributes.get("s", 0))
        elif tag == "v" or (tag == "t" and not self._spoken):
            self._text.wanted = True
        elif tag == "rPh":
            self._spoken = True
        elif tag == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._column = 0

    def end(self, tag: str) -> None:
        self._text.wanted = False
        if tag == "c":
            if (text := self._text.taken()) and (value := self._value(self._kind, self._style, text)):
                self._cells[self._column] = value
        elif tag == "rPh":
            self._spoken = False
        elif tag == "row" and self._cells:
            width = max(self._cells)
            self.finished.append((self._number, tuple(self._cells.get(at, "") for at in range(1, width + 1))))
            self._cells = {}


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
