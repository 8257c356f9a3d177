"""What all formats share: the own columns, cells by their columns, and cells that no spreadsheet computes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from knowledge_base.errors import ImportFileError
from knowledge_base.spreadsheets import Row, Table

COLUMNS = (
    "question", "answer", "similar_questions", "category", "language", "valid_from", "valid_until", "source_url",
    "review_by", "owner", "state",
)  # fmt: skip
EXTRAS = COLUMNS[3:]
"""What the other formats have no place for of their own."""
MAX_PAIRS = 200_000  # of one file; they take about 300 MB of memory while they are imported
SIMILAR = re.compile(r"similar_\d+")
# Spreadsheets compute a cell that begins like this; an apostrophe before it makes it text
# (https://owasp.org/www-community/attacks/CSV_Injection). Apostrophes that are there already get one more.
_LIKE_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_WITH_APOSTROPHE = re.compile(r"'+[=+\-@\t\r]")

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A pair as a file has it: texts by the names of COLUMNS; a name that is missing has no column in the file.

    problem: why it is none; '': nothing known yet.
    """

    line: int
    cells: Cells
    problem: str = ""


def guarded(cell: str) -> str:
    """The cell such that no spreadsheet computes it."""
    return f"'{cell}" if _LIKE_FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if _WITH_APOSTROPHE.match(cell) else cell


def names_of(header: Row) -> list[str]:
    """The columns' names in lower case, with '_' for blanks."""
    return [cell.strip().lower().replace(" ", "_") for cell in header.cells]


def need(table: Table, columns: Sequence[str], needed: Mapping[str, Iterable[str]], example: str) -> None:
    """Raises ImportFileError unless there is one column of each kind. needed: a kind's name, and those that do."""
    missing = [name for name, choices in needed.items() if not set(choices) & set(columns)]
    if not missing:
        return
    name, header = table.name, table.header
    for delimiter, word in ((";", "semicolons"), ("|", "bars")):
        if len(header.cells) == 1 and delimiter in header.cells[0]:
            raise ImportFileError(f"{name} line {header.line}: columns are parted by {word}; commas are needed.")
    found = ", ".join(f"'{cell.strip().lower()}'" for cell in header.cells if cell.strip())
    raise ImportFileError(
        f"{name} line {header.line}: no column {' and '.join(missing)}; found {found[:200]}."
        f" The first line must name the columns, such as: {example}"
    )


def by_column(
    table: Table,
    columns: Sequence[str],
    wanted: Mapping[str, str],
    decoded: Callable[[str], str] = str,
    most: int | None = None,
) -> Iterator[Entry]:
    """The cells of each row below the wanted columns: the name that they get, and the column's.

    columns: all of them, in their order. decoded: how the format writes a text, undone. most: rows; None: MAX_PAIRS.
    Raises ImportFileError if a wanted column is there twice, and when there are too many rows.
    """
    for column in wanted.values():
        if columns.count(column) > 1:
            raise ImportFileError(f"{table.name} line {table.header.line}: column {column} is there twice. Remove one.")
    places = [(name, columns.index(column)) for name, column in wanted.items() if column in columns]
    most = MAX_PAIRS if most is None else most
    for count, row in enumerate(table.rows):
        if count == most:
            raise too_many(table.name, most, "rows")
        cells = {name: unguarded(decoded(row.cells[at].strip(" "))) for name, at in places if at < len(row.cells)}
        yield Entry(row.line, cells, _excess(row, len(columns)))


def too_many(name: str, most: int, what: str) -> ImportFileError:
    """The refusal of a file that holds more than can be imported at once."""
    return ImportFileError(f"{name} has more than {most:,} {what}, which is the most that is allowed. Split it.")


def _excess(row: Row, width: int) -> str:
    if any(cell.strip() for cell in row.cells[width:]):
        return f"there are {len(row.cells)} cells below {width} columns; put text with a comma in quotes."
    return ""
