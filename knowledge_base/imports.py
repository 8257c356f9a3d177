"""Files into the store as imports: what one would change, and the import itself. Its undo is the store's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from knowledge_base.comparing import New, Over, Repeat, Same, compared
from knowledge_base.errors import ImportFileError
from knowledge_base.formats import Format
from knowledge_base.history import Import
from knowledge_base.importing import AnyFormat, Line, read_file
from knowledge_base.pairs import Pair
from knowledge_base.store import OnDuplicate, PairStore

Duplicates = Literal["skip", "replace", "keep"]
"""What becomes of a row that changes a stored pair: nothing, it is written over it, or it is stored beside it. A row
that repeats a question is left out, or with keep stored as well."""
Progress = Callable[[int, int], None]
Problems = Callable[[str], Sequence[str]]
_CHANGED_SHOWN, _PROBLEMS_SHOWN, _SAMPLE = 50, 100, 5
_ANSWERS_READ = 2_000  # in which problems are looked for: a second
_FIELDS = tuple(field.name for field in fields(Pair))


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be imported. name: as people know it. language: of rows that name none; '': told by characters."""

    path: Path
    name: str
    format: AnyFormat = "auto"
    language: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that changes a stored pair. fields: those of Pair that would change."""

    line: int
    pair_id: int
    question: str
    old_answer: str
    new_answer: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do. changed, repeats, errors, warnings and sample hold the first ones only.

    rows: pairs of the file, wrong ones among them. warnings: of answers that are not wrong, but not shown as they were
    meant. since: the store's latest change when it was looked at.
    """

    format: Format
    rows: int
    new: int
    same: int
    changed: tuple[Changed, ...]
    changed_count: int
    repeats: tuple[Repeat, ...]
    repeat_count: int
    errors: tuple[tuple[int, str], ...]
    error_count: int
    warnings: tuple[tuple[int, str], ...]
    sample: tuple[Pair, ...]
    since: int


def preview(store: PairStore, source: Source, problems: Problems | None = None) -> Preview:
    """What importing the file would change; nothing is written. problems: what an answer's writer should be told.

    Raises ImportFileError if it is no table of pairs.
    """
    since = store.latest_change()
    reading = read_file(source.path, source.language, source.format, source.name)
    verdicts = compared(store, reading.lines)
    over = [
        (line.line, verdict.pair)
        for line, verdict in zip(reading.lines, verdicts, strict=True)
        if isinstance(verdict, Over)
    ]
    repeats = [verdict for verdict in verdicts if isinstance(verdict, Repeat)]
    stored = store.pairs(pair.id for _, pair in over[:_CHANGED_SHOWN])
    return Preview(
        format=reading.format,
        rows=len(reading.lines) + len(reading.problems),
        new=sum(isinstance(verdict, New) for verdict in verdicts),
        same=sum(isinstance(verdict, Same) for verdict in verdicts),
        changed=tuple(
            _changed(line, stored[pair.id], pair) for line, pair in over[:_CHANGED_SHOWN] if pair.id in stored
        ),
        changed_count=len(over),
        repeats=tuple(repeats[:_PROBLEMS_SHOWN]),
        repeat_count=len(repeats),
        errors=reading.problems[:_PROBLEMS_SHOWN],
        error_count=len(reading.problems),
        warnings=tuple(itertools.islice(_warnings(reading.lines[:_ANSWERS_READ], problems), _PROBLEMS_SHOWN)),
        sample=tuple(reading.pairs[:_SAMPLE]),
        since=since,
    )


def run(
    store: PairStore,
    source: Source,
    duplicates: Duplicates,
    by: str = "",
    since: int | None = None,
    progress: Progress | None = None,
) -> Import:
    """Import the file, all or nothing. since: the preview's. progress: see PairStore.import_pairs.

    Raises ImportFileError if a row is wrong; PairChanged if a pair that it replaces changed after `since`.
    """
    reading = read_file(source.path, source.language, source.format, source.name)
    if reading.problems:
        number, problem = reading.problems[0]
        raise ImportFileError(f"{source.name} line {number}: {problem} Nothing was imported.", reading.problems)
    new: list[Pair] = []
    over: list[Pair] = []
    for line, verdict in zip(reading.lines, compared(store, reading.lines), strict=True):
        if isinstance(verdict, New) or (duplicates == "keep" and not isinstance(verdict, Same)):
            new.append(line.pair)
        elif duplicates == "replace" and isinstance(verdict, Over):
            over.append(verdict.pair)
    skipped = len(reading.lines) - len(new) - len(over)
    # What is taken by now was free when the rows were compared; it is left out as the others are
    on_duplicate: OnDuplicate = "keep" if duplicates == "keep" else "skip"
    return store.import_pairs(source.name, new, over, on_duplicate, by, skipped, since, progress)


def _warnings(lines: Sequence[Line], problems: Problems | None) -> Iterator[tuple[int, str]]:
    if problems:
        for line in lines:
            if found := problems(line.pair.answer):
                yield line.line, " ".join(found)


def _changed(line: int, old: Pair, new: Pair) -> Changed:
    different = tuple(name for name in _FIELDS if getattr(old, name) != getattr(new, name))
    return Changed(line, old.id, old.question, old.answer, new.answer, different)
