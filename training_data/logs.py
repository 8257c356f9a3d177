"""Dialogue logs: JSONL, one turn a line, or CSV with the same columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training_data.examples import Example, TrainingDataError, csv_rows, decoded, language_of

COLUMNS = ("conversation_id", "turn", "at", "speaker", "text")
SPEAKERS = ("customer", "bot", "agent")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a dialogue. at: UTC. intent: '' where nobody labelled it. resolved, rating: None where unknown."""

    conversation_id: str
    turn: int
    at: datetime
    speaker: str
    text: str
    intent: str = ""
    resolved: bool | None = None
    rating: int | None = None
    source: str = ""


def read_logs(path: Path) -> list[Turn]:
    """The turns of a log file, in its order.

    Raises TrainingDataError naming the first bad line: what was got, what is allowed.
    """
    rows = csv_rows(path, COLUMNS) if path.suffix == ".csv" else json_rows(path)
    return [read_turn(row, path.name, line) for line, row in rows]


def json_rows(path: Path) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """Line number and object of each line that is not empty."""
    for line, text in enumerate(decoded(path).split("\n"), start=1):  # splitlines() would split at U+2028 in a text
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise TrainingDataError(f"{path.name} line {line}: is no JSON ({error}).") from error
        if not isinstance(row, dict):
            raise TrainingDataError(f"{path.name} line {line}: a JSON object is expected, got {type(row).__name__}.")
        yield line, row


def read_turn(row: Mapping[str, Any], name: str, line: int) -> Turn:
    """One row as a Turn. Raises TrainingDataError for a missing or impossible value."""
    where = f"{name} line {line}"
    missing = [column for column in COLUMNS if str(row.get(column) or "").strip() == "" and row.get(column) != 0]
    if missing:
        raise TrainingDataError(f"{where}: {', '.join(missing)} is empty; every turn needs {', '.join(COLUMNS)}.")
    if row["speaker"] not in SPEAKERS:
        raise TrainingDataError(f"{where}: speaker is '{row['speaker']}', allowed are {', '.join(SPEAKERS)}.")
    return Turn(
        conversation_id=str(row["conversation_id"]),
        turn=whole(row["turn"], "turn", where),
        at=instant(str(row["at"]), where),
        speaker=str(row["speaker"]),
        text=str(row["text"]),
        intent=str(row.get("intent") or ""),
        resolved=None if row.get("resolved") in (None, "") else yes_or_no(row["resolved"], "resolved", where),
        rating=None if row.get("rating") in (None, "") else whole(row["rating"], "rating", where),
        source=f"{name}:{line}",
    )


def whole(value: Any, column: str, where: str) -> int:
    """A whole number, also from a CSV cell."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise TrainingDataError(f"{where}: {column} is '{value}', a whole number is needed.") from error
    if isinstance(value, float) and value != number:
        raise TrainingDataError(f"{where}: {column} is '{value}', a whole number is needed.")
    return number


def yes_or_no(value: Any, column: str, where: str) -> bool:
    """1 or 0, also from a CSV cell, or JSON's true and false."""
    number = whole(value, column, where)
    if number not in (0, 1):
        raise TrainingDataError(f"{where}: {column} is '{value}', allowed are 0 and 1.")
    return number == 1


def instant(value: str, where: str) -> datetime:
    """A moment in ISO 8601; without an offset it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise TrainingDataError(f"{where}: at is '{value}', ISO 8601 is needed, as 2026-08-03T02:14:05Z.") from error


def labelled(turns: Iterable[Turn]) -> list[Example]:
    """The customers' turns that have an intent, as examples grouped by conversation."""
    return [
        Example(turn.text, turn.intent, language_of(turn.text), turn.source, group=turn.conversation_id)
        for turn in turns
        if turn.speaker == "customer" and turn.intent
    ]
