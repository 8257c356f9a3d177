"""Held-out questions for the search: what a customer asks, and the stored question that has the answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training_data.examples import LANGUAGES, TrainingDataError, csv_rows, header_of, language_of

COLUMNS = ("text", "question")


@dataclass(frozen=True, slots=True)
class Asked:
    """A customer's text and the question of the pair that answers it; '' where no pair does.

    language: 'en' or 'zh'. source: file and line.
    """

    text: str
    question: str
    language: str
    source: str


def read_questions(path: Path) -> list[Asked]:
    """The questions of a CSV file with columns `text,question` and optionally `language`.

    Raises TrainingDataError naming each line whose text is empty or whose language is unknown.
    """
    found, faults = [], []
    for line, row in csv_rows(path, COLUMNS):
        text, question = row["text"].strip(), row["question"].strip()
        language = row.get("language", "").strip() or language_of(text)
        if not text:
            faults.append(f"line {line}: text is empty")
        elif language not in LANGUAGES:
            faults.append(f"line {line}: language is '{language}', allowed are {', '.join(LANGUAGES)}")
        found.append(Asked(text, question, language, f"{path.name}:{line}"))
    if faults:
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise TrainingDataError(f"{path.name} {'; '.join(faults[:5])}{more}. Nothing is used.")
    return found


def asks_pairs(path: Path) -> bool:
    """Whether a CSV's header is that of held-out questions for the search, and not of labelled examples."""
    if path.suffix != ".csv":
        return False
    columns = header_of(path)
    return columns.issuperset(COLUMNS) and "label" not in columns
