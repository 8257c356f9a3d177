"""Pairs out of people's spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

from knowledge_base.checking import STATES, checked
from knowledge_base.errors import Duplicate, DuplicateQuestion, ImportFileError, InvalidPair
from knowledge_base.exporting import ANY_LANGUAGE
from knowledge_base.formats import Format, entries, format_of
from knowledge_base.formats.columns import Cells
from knowledge_base.pairs import Pair, PairState
from knowledge_base.spreadsheets import read_table
from knowledge_base.store import OnDuplicate, PairStore
from knowledge_base.text import language_of

AnyFormat = Literal["auto", "frontdesk", "qnamaker", "maxkb"]
_SHOWN = 3  # problems that a message names; the error holds them all
_LONGEST = 40  # characters of a wrong cell that a message shows
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import stored, and how many rows it left out as duplicates."""

    pairs: tuple[Pair, ...]
    skipped: int


@dataclass(frozen=True, slots=True)
class Line:
    """A pair with the line that it begins in. given: its fields that the file says something of; others are guessed."""

    line: int
    pair: Pair
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: its pairs, and what is wrong, with the line of each."""

    name: str
    format: Format
    lines: tuple[Line, ...]
    problems: tuple[tuple[int, str], ...]

    @property
    def pairs(self) -> list[Pair]:
        """The pairs alone."""
        return [line.pair for line in self.lines]


def import_pairs(
    store: PairStore, path: Path | str, default_language: str = "", on_duplicate: OnDuplicate = "refuse"
) -> Imported:
    """Read a file and store its pairs, all or nothing. on_duplicate: see PairStore.add_many.

    Raises ImportFileError, which names the lines that are wrong or that repeat a question.
    """
    numbered = read_numbered(path, default_language)
    try:
        added = store.add_many([pair for _, pair in numbered], on_duplicate)
    except DuplicateQuestion as error:
        lines = [line for line, _ in numbered]
        problems = [(lines[duplicate.position], _repeats(duplicate, lines)) for duplicate in error.duplicates]
        refusal = _refusal(Path(path).name, problems, len(numbered))
        raise ImportFileError(
            f"{refusal} Change them, or have duplicates skipped or kept.", refusal.problems
        ) from error
    return Imported(tuple(added), len(numbered) - len(added))


def read_pairs(path: Path | str, default_language: str = "") -> list[Pair]:
    """The pairs in a file of any format, checked as the store does; columns that no format knows are ignored.

    default_language: of rows that name none; '': told by their Han characters. Repeated questions are for the store.
    Raises ImportFileError, which names the bad lines.
    """
    return [pair for _, pair in read_numbered(path, default_language)]


def read_numbered(path: Path | str, default_language: str = "") -> list[tuple[int, Pair]]:
    """As `read_pairs`, each pair with the line that its row begins in."""
    reading = read_file(Path(path), default_language)
    if reading.problems:
        raise _refusal(reading.name, reading.problems, len(reading.lines))
    return [(line.line, line.pair) for line in reading.lines]


def read_file(path: Path, default_language: str = "", format: AnyFormat = "auto", name: str = "") -> Reading:
    """What a CSV (UTF-8, GB18030), TSV or XLSX file holds. format: auto: told by its header. name: for messages.

    Raises ImportFileError if it cannot be read as a table of pairs at all; a bad row is one of the problems.
    """
    table = read_table(path, name)
    of = format_of(table) if format == "auto" else format
    lines: list[Line] = []
    problems: list[tuple[int, str]] = []
    for entry in entries(table, of):
        if entry.problem:
            problems.append((entry.line, entry.problem))
            continue
        try:
            lines.append(Line(entry.line, _pair(entry.cells, default_language), _given(entry.cells)))
        except InvalidPair as error:
            problems.append((entry.line, str(error)))
    if not lines and not problems:
        raise ImportFileError(f"{table.name} has a header and no pairs below it.")
    return Reading(table.name, of, tuple(lines), tuple(problems))


def _refusal(name: str, problems: Sequence[tuple[int, str]], read: int) -> ImportFileError:
    shown = " ".join(
        f"{'' if at else name + ' '}line {line}: {what}" for at, (line, what) in enumerate(problems[:_SHOWN])
    )
    more = f" {len(problems) - _SHOWN} more lines are wrong." if len(problems) > _SHOWN else ""
    return ImportFileError(f"{shown}{more} {read} pairs read, nothing imported.", tuple(problems))


def _repeats(duplicate: Duplicate, lines: Sequence[int]) -> str:
    where = f"pair {duplicate.pair_id}" if duplicate.pair_id else f"line {lines[duplicate.other_position]}"
    return f"question '{duplicate.question}' is already answered by {where}."


def _pair(cells: Cells, default_language: str) -> Pair:
    question = cells.get("question", "")
    return checked(
        Pair(
            question=question,
            answer=cells.get("answer", ""),
            similar=tuple(cells.get("similar_questions", "").replace("\r", "\n").split("\n")),
            category=cells.get("category", ""),
            language=_language(cells.get("language", ""), default_language, question),
            valid_from=_day("valid_from", cells),
            valid_until=_day("valid_until", cells),
            source_url=cells.get("source_url", ""),
            review_by=_day("review_by", cells),
            owner=cells.get("owner", ""),
            state=_state(cells.get("state", "")),
        )
    )


def _given(cells: Cells) -> frozenset[str]:
    """The fields of Pair that the cells say something of: an empty language or state says nothing."""
    return _fields(tuple(name for name, cell in cells.items() if cell.strip() or name not in ("language", "state")))


@lru_cache(maxsize=1024)  # so that all rows with the same columns share one set
def _fields(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset("similar" if name == "similar_questions" else name for name in names)


def _language(cell: str, default: str, question: str) -> str:
    """'en', 'zh' or '' from the cell ('zh-CN' counts as 'zh'), the default, or the question's characters."""
    named = re.split("[-_]", cell.strip().lower() or default)[0]
    if named == ANY_LANGUAGE:
        return ""
    return named[:_LONGEST] or language_of(question)


def _state(cell: str) -> PairState:
    state = cell.strip().lower() or "published"
    if state not in STATES:
        raise InvalidPair(f"state is '{state[:_LONGEST]}'; {', '.join(STATES)} or nothing is allowed.")
    return cast(PairState, state)


def _day(name: str, cells: Cells) -> date | None:
    if not (text := cells.get(name, "").strip()):
        return None
    try:
        return date(*map(int, match.groups())) if (match := _DAY.fullmatch(text)) else date.fromisoformat(text)
    except ValueError as error:
        raise InvalidPair(f"{name} is '{text[:_LONGEST]}'; a day such as 2025-01-31 is needed.") from error
