"""The knowledge base's errors. A message says what was got, what is allowed, and what to do."""

# ruff: noqa: N818 - an error is named for what is wrong, as in httpx: `raise PairNotFound` needs no suffix
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge_base.history import Import
    from knowledge_base.pairs import Stored


class KnowledgeBaseError(Exception):
    """A mistake of the user or of the surroundings; its text is one sentence that can be shown to staff."""


class InvalidPair(KnowledgeBaseError):
    """A pair breaks a rule of the format."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A phrasing that another pair already has.

    position: the pair's place among those given, from 0. pair_id: the stored pair that has it; 0 if it is another of
    those given, which is then at other_position.
    """

    position: int
    question: str
    pair_id: int = 0
    other_position: int = -1


class DuplicateQuestion(KnowledgeBaseError):
    """A published pair already answers this question; `duplicates` names each."""

    def __init__(self, duplicates: tuple[Duplicate, ...]) -> None:
        self.duplicates = duplicates
        super().__init__(f"{_sentence(duplicates[0])}{_and_more(len(duplicates) - 1)}")


class PairNotFound(KnowledgeBaseError):
    """There is no pair with this id."""

    def __init__(self, pair_id: int) -> None:
        super().__init__(f"There is no pair {pair_id}. List the pairs to see their ids.")


class PairChanged(KnowledgeBaseError):
    """Somebody else has changed a pair meanwhile; `now` is what is stored. Nothing was overwritten."""

    def __init__(self, now: Stored) -> None:
        self.now = now
        super().__init__(
            f"Pair {now.pair.id} was changed by {now.updated_by or 'somebody else'} {_when(now.updated_at)}:"
            " look at what it says now before you change it."
        )


class RevisionNotFound(KnowledgeBaseError):
    """A pair has no such revision."""

    def __init__(self, pair_id: int, revision: int) -> None:
        super().__init__(f"Pair {pair_id} has no revision {revision}. Its history names those that it has.")


class ImportNotFound(KnowledgeBaseError):
    """There is no import with this id."""

    def __init__(self, import_id: int) -> None:
        super().__init__(f"There is no import {import_id}. List the imports to see their ids.")


class AlreadyUndone(KnowledgeBaseError):
    """An import has been undone before; `done` says when and by whom."""

    def __init__(self, done: Import) -> None:
        self.done = done
        super().__init__(
            f"The import of {done.name} was undone by {done.undone_by or 'somebody'} {_when(done.undone_at or '')}"
            " already; to have its pairs again, import the file again."
        )


class ImportFileError(KnowledgeBaseError):
    """A file of pairs cannot be read; `problems` holds (line, what is wrong) for each bad row."""

    def __init__(self, message: str, problems: tuple[tuple[int, str], ...] = ()) -> None:
        self.problems = problems
        super().__init__(message)


class DimensionMismatch(KnowledgeBaseError):
    """A vector's length differs from the index's."""


class StoreError(KnowledgeBaseError):
    """The database cannot be opened, read or written."""


class SchemaTooNew(StoreError):
    """The database was written by a newer version of this program."""


class IndexFilesError(KnowledgeBaseError):
    """The files of an index generation are missing, damaged or made by another encoder."""


def _sentence(duplicate: Duplicate) -> str:
    owner = (
        f"pair {duplicate.pair_id}" if duplicate.pair_id else f"pair no. {duplicate.other_position + 1} of those given"
    )
    return (
        f"The question '{duplicate.question}' is already answered by {owner}. Change that pair, or word this one apart."
    )


def _and_more(count: int) -> str:
    return f" {count} more questions are duplicates." if count else ""


def _when(at: str) -> str:
    return f"on {datetime.fromisoformat(at):%Y-%m-%d at %H:%M} (UTC)"
