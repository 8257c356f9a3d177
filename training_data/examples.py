"""Labelled examples, whatever file they come from."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

OUT_OF_SCOPE = frozenset({"out_of_scope", "oos"})
"""Labels that mean: none of the assistant's business. Rasa's convention, and that of CLINC150."""

LANGUAGES = ("en", "zh")
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class TrainingDataError(Exception):
    """A file of examples or dialogue logs cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """An entity marked in an example. start, end: character offsets into Example.text. role, group: as in Rasa."""

    name: str
    value: str
    start: int
    end: int
    role: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A customer's text with its intent.

    language: 'en' or 'zh'. source: file and line. group: examples of one group (a conversation) are never split between
    training and validation; '' where the example stands alone.
    """

    text: str
    intent: str
    language: str
    source: str
    group: str = ""
    entities: tuple[Annotation, ...] = ()


def language_of(text: str) -> str:
    """'zh' if Han characters are at least 30 % of the letters, else 'en'. Digits and signs do not count."""
    letters = [char for char in text if char.isalpha()]
    return "zh" if letters and len(HAN.findall(text)) >= 0.3 * len(letters) else "en"


def decoded(path: Path) -> str:
    """The text of a file in UTF-8 (with or without BOM) or GB18030.

    Raises TrainingDataError if the file is not there, or is in neither encoding.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TrainingDataError(
            f"{path}: cannot be read ({error.strerror}). Name a file or folder that exists."
        ) from error
    if b"\0" in raw:
        raise TrainingDataError(f"{path}: holds NUL bytes, so it is no text. Save it as UTF-8.")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TrainingDataError(f"{path}: is neither UTF-8 nor GB18030. Save it as UTF-8.")


def csv_rows(path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of each row of a CSV file with a header.

    Raises TrainingDataError if a required column is missing, or a row has more cells than the header.
    """
    reader = csv.reader(io.StringIO(decoded(path), newline=""), strict=True)
    try:
        columns = next(reader, [])
        missing = [name for name in required if name not in columns]
        if missing:
            raise TrainingDataError(
                f"{path.name} line 1: column {', '.join(missing)} is missing; the header is '{','.join(columns)}'."
            )
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) > len(columns):
                raise TrainingDataError(
                    f"{path.name} line {line}: more cells than the header has. Quote cells with commas."
                )
            if cells:  # an empty line is no row
                yield line, dict(zip_longest(columns, cells, fillvalue=""))
            line = reader.line_num + 1
    except csv.Error as error:
        raise TrainingDataError(f"{path.name} line {reader.line_num}: {error}.") from error


def header_of(path: Path) -> frozenset[str]:
    """The names of a CSV's columns, to tell what kind of file it is."""
    return frozenset(name.strip().strip('"') for name in decoded(path).partition("\n")[0].split(","))


def read_csv(path: Path) -> list[Example]:
    """Examples of a CSV with columns `text,label` and optionally `language`.

    Raises TrainingDataError naming each line whose text or label is empty or whose language is unknown; nothing is read
    then.
    """
    examples, faults = [], []
    for line, row in csv_rows(path, ("text", "label")):
        text, label = row["text"].strip(), row["label"].strip()
        if not text or not label:
            faults.append(f"line {line}: {'text' if not text else 'label'} is empty")
            continue
        language = row.get("language", "").strip() or language_of(text)
        if language not in LANGUAGES:
            faults.append(f"line {line}: language is '{language}', allowed are {', '.join(LANGUAGES)}")
            continue
        examples.append(Example(text, label, language, f"{path.name}:{line}"))
    if faults:
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise TrainingDataError(f"{path.name} {'; '.join(faults[:5])}{more}. {len(examples)} read, nothing used.")
    return examples
