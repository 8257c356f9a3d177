"""Pairs out of people's spreadsheets, and back into them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

from knowledge_base.checking import checked
from knowledge_base.errors import Duplicate, DuplicateQuestion, ImportFileError, InvalidPair
from knowledge_base.pairs import Pair
from knowledge_base.spreadsheets import Row, read_rows
from knowledge_base.store import OnDuplicate, PairStore
from knowledge_base.text import language_of

COLUMNS = ("question", "answer", "similar_questions", "category", "language", "valid_from", "valid_until", "source_url")
ANY_LANGUAGE = "any"  # in a file, where an empty language means: see for yourself
_SHOWN = 3  # problems that a message names; the error holds them all
_SIMILAR = re.compile(r"similar_\d+")
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
# Spreadsheets compute a cell that begins like this; an apostrophe before it makes it text
# (https://owasp.org/www-community/attacks/CSV_Injection). Apostrophes that are there already get one more.
_LIKE_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_WITH_APOSTROPHE = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import stored, and how many rows it left out as duplicates."""

    pairs: tuple[Pair, ...]
    skipped: int


def import_pairs(
    store: PairStore, path: Path | str, default_language: str = "", on_duplicate: OnDuplicate = "refuse"
) -> Imported:
    """Read a file and store its pairs, all or nothing. on_duplicate: see PairStore.add_many.

    Raises ImportFileError, which names the lines that are wrong or that repeat a question.
    """
    path = Path(path)
    numbered = read_numbered(path, default_language)
    try:
        added = store.add_many([pair for _, pair in numbered], on_duplicate)
    except DuplicateQuestion as error:
        lines = [line for line, _ in numbered]
        problems = [(lines[duplicate.position], _repeats(duplicate, lines)) for duplicate in error.duplicates]
        refusal = _refusal(path.name, problems, len(numbered))
        raise ImportFileError(
            f"{refusal} Change them, or have duplicates skipped or kept.", refusal.problems
        ) from error
    return Imported(tuple(added), len(numbered) - len(added))


def read_pairs(path: Path | str, default_language: str = "") -> list[Pair]:
    """The pairs in a CSV (UTF-8, GB18030) or XLSX file, checked as the store does; COLUMNS are read, others ignored.

    similar_questions has one a line; similar_1, similar_2, ... are read too. default_language: of rows that name none;
    '': told by their Han characters. Repeated questions are left to the store.
    Raises ImportFileError, which names the bad lines.
    """
    return [pair for _, pair in read_numbered(path, default_language)]


def read_numbered(path: Path | str, default_language: str = "") -> list[tuple[int, Pair]]:
    """As `read_pairs`, each pair with the line that its row begins in."""
    path = Path(path)
    header, *rows = read_rows(path)
    columns = _columns(path.name, header)
    pairs: list[tuple[int, Pair]] = []
    problems: list[tuple[int, str]] = []
    for row in rows:
        try:
            pairs.append((row.line, _pair(_named(row, columns), default_language)))
        except InvalidPair as error:
            problems.append((row.line, str(error)))
    if problems:
        raise _refusal(path.name, problems, len(pairs))
    if not pairs:
        raise ImportFileError(f"{path.name} has a header and no pairs below it.")
    return pairs


def write_pairs(target: Path | str | TextIO, pairs: Iterable[Pair]) -> None:
    """Write pairs as CSV such that `read_pairs` gives the same ones; not their ids and states, which a file has not.

    A file begins with a BOM, or Excel misreads Chinese; a cell that a spreadsheet would compute gets an apostrophe.
    """
    if isinstance(target, (str, Path)):
        with Path(target).open("w", encoding="utf-8-sig", newline="") as file:
            write_pairs(file, pairs)
        return
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    for pair in pairs:
        writer.writerow([_guarded(cell) for cell in _cells(pair)])


def _refusal(name: str, problems: Sequence[tuple[int, str]], read: int) -> ImportFileError:
    shown = " ".join(
        f"{'' if at else name + ' '}line {line}: {what}" for at, (line, what) in enumerate(problems[:_SHOWN])
    )
    more = f" {len(problems) - _SHOWN} more lines are wrong." if len(problems) > _SHOWN else ""
    return ImportFileError(f"{shown}{more} {read} pairs read, nothing imported.", tuple(problems))


def _repeats(duplicate: Duplicate, lines: Sequence[int]) -> str:
    where = f"pair {duplicate.pair_id}" if duplicate.pair_id else f"line {lines[duplicate.other_position]}"
    return f"question '{duplicate.question}' is already answered by {where}."


def _columns(name: str, header: Row) -> tuple[str, ...]:
    columns = tuple(cell.strip().lower().replace(" ", "_") for cell in header.cells)
    if missing := [needed for needed in ("question", "answer") if needed not in columns]:
        for delimiter, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if len(columns) == 1 and delimiter in header.cells[0]:
                raise ImportFileError(f"{name} line {header.line}: columns are parted by {word}; commas are needed.")
        found = ", ".join(f"'{column}'" for column in columns if column)
        raise ImportFileError(
            f"{name} line {header.line}: no column {' and '.join(missing)}; found {found[:200]}."
            " The first line must name the columns, such as: question,answer"
        )
    for column in columns:
        if column in COLUMNS and columns.count(column) > 1:
            raise ImportFileError(f"{name} line {header.line}: column {column} is there twice. Remove one.")
    return columns


def _named(row: Row, columns: Sequence[str]) -> dict[str, str]:
    if any(cell.strip() for cell in row.cells[len(columns) :]):
        raise InvalidPair(
            f"there are {len(row.cells)} cells below {len(columns)} columns; put text with a comma in quotes."
        )
    return {column: _unguarded(cell.strip(" ")) for column, cell in zip(columns, row.cells, strict=False)}


def _pair(cells: Mapping[str, str], default_language: str) -> Pair:
    similar = cells.get("similar_questions", "").replace("\r", "\n").split("\n")
    similar += [cell for column, cell in cells.items() if _SIMILAR.fullmatch(column)]
    question = cells.get("question", "")
    return checked(
        Pair(
            question=question,
            answer=cells.get("answer", ""),
            similar=tuple(similar),
            category=cells.get("category", ""),
            language=_language(cells.get("language", ""), default_language, question),
            valid_from=_day("valid_from", cells.get("valid_from", "")),
            valid_until=_day("valid_until", cells.get("valid_until", "")),
            source_url=cells.get("source_url", ""),
        )
    )


def _language(cell: str, default: str, question: str) -> str:
    """'en', 'zh' or '' from the cell ('zh-CN' counts as 'zh'), the default, or the question's characters."""
    named = re.split("[-_]", cell.strip().lower() or default)[0]
    if named == ANY_LANGUAGE:
        return ""
    return named or language_of(question)


def _day(name: str, cell: str) -> date | None:
    if not (text := cell.strip()):
        return None
    try:
        return date(*map(int, match.groups())) if (match := _DAY.fullmatch(text)) else date.fromisoformat(text)
    except ValueError as error:
        raise InvalidPair(f"{name} is '{text}'; a day such as 2025-01-31 is needed.") from error


def _cells(pair: Pair) -> tuple[str, ...]:
    return (
        pair.question,
        pair.answer,
        "\n".join(pair.similar),
        pair.category,
        pair.language or ANY_LANGUAGE,
        pair.valid_from.isoformat() if pair.valid_from else "",
        pair.valid_until.isoformat() if pair.valid_until else "",
        pair.source_url,
    )


def _guarded(cell: str) -> str:
    return f"'{cell}" if _LIKE_FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if _WITH_APOSTROPHE.match(cell) else cell
