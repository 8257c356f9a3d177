"""Files and folders in, examples out: the format is told from the ending and the header."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from training_data.examples import TrainingDataError, header_of, read_csv
from training_data.logs import COLUMNS, labelled, read_logs
from training_data.nlu import NluData, read_nlu

ENDINGS = (".yml", ".yaml", ".csv", ".jsonl")


def read_data(paths: Iterable[Path]) -> NluData:
    """All examples (and regexes, lookups, synonyms) of the files, and of the files in the folders, in a fixed order.

    Raises TrainingDataError if a path does not exist, has an ending that is not known, or holds a bad line.
    """
    total = NluData()
    for path in paths:
        for file in files_of(path):
            total += read_file(file)
    return total


def files_of(path: Path) -> list[Path]:
    """The file itself, or the data files of a folder and its subfolders."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in ENDINGS)
    if not path.exists():
        raise TrainingDataError(f"{path}: does not exist. Name a file or folder that does.")
    if path.suffix not in ENDINGS:
        raise TrainingDataError(
            f"{path}: ending '{path.suffix}' is not known; allowed are {', '.join(ENDINGS)} and folders."
        )
    return [path]


def read_file(path: Path) -> NluData:
    """One file: NLU YAML, a log in JSONL or CSV, or CSV `text,label`."""
    if path.suffix in (".yml", ".yaml"):
        return read_nlu(path)
    if is_log(path):
        return NluData(examples=tuple(labelled(read_logs(path))))
    return NluData(examples=tuple(read_csv(path)))


def is_log(path: Path) -> bool:
    """Whether a file holds a log: JSONL, or a CSV whose header has a log's columns."""
    if path.suffix != ".csv":
        return path.suffix == ".jsonl"
    return header_of(path).issuperset(COLUMNS)
