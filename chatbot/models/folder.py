"""What a model folder holds, and its check on loading.

    encoder.onnx       tokens in; `sentence_embedding` and, for a classifier, `logits` out
    tokenizer.json     the tokenizer, in the format of the `tokenizers` library
    encoder.json       name, dim, prefix, max_length
    labels.json        the intents, in the order of the logits, and the temperature that calibrates them
    masking.json       the assistant's own patterns of personal data, as they were in training
    metrics.json       quality on the validation split: overall and per intent
    provenance.json    data fingerprint, base model and its sha256, code version, seed, when, how long
    confusion.png      the same as a picture

A sentence encoder's folder has the first three and its provenance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from chatbot.errors import ModelError

T = TypeVar("T")
ENCODER_FILES = ("encoder.onnx", "tokenizer.json", "encoder.json")
CLASSIFIER_FILES = (*ENCODER_FILES, "labels.json", "masking.json")
MODEL_FILES = (*CLASSIFIER_FILES, "metrics.json", "provenance.json")


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """How the graph wants its texts. prefix: put before each text. max_length: in tokens, the special ones included."""

    name: str
    dim: int
    prefix: str
    max_length: int


@dataclass(frozen=True, slots=True)
class Labels:
    """The classifier's labels, in the order of its logits. temperature: divides the logits before the softmax."""

    intents: tuple[str, ...]
    temperature: float


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object. Raises ModelError if the file is missing or holds none."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}). Train again: chatbot train") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path}: a JSON object is expected. Train again: chatbot train")
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """A JSON object, indented, UTF-8."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def check(folder: Path, files: tuple[str, ...]) -> None:
    """Raises ModelError naming the files that are missing or empty."""
    missing = [name for name in files if not (folder / name).is_file() or (folder / name).stat().st_size == 0]
    if missing:
        raise ModelError(f"{folder}: {', '.join(missing)} is missing or empty. Train again: chatbot train")


def read_card(folder: Path) -> EncoderCard:
    """The folder's encoder.json. Raises ModelError if a key is missing or unknown."""
    return built(EncoderCard, folder / "encoder.json")


def read_labels(folder: Path) -> Labels:
    """The folder's labels.json. Raises ModelError if a key is missing or unknown."""
    labels = built(Labels, folder / "labels.json")
    return Labels(tuple(labels.intents), float(labels.temperature))


def built(kind: type[T], path: Path) -> T:
    """A dataclass from a JSON file."""
    try:
        return kind(**read_json(path))
    except TypeError as error:
        raise ModelError(f"{path}: {error}. It was written by another version; train again: chatbot train") from error


def write_card(folder: Path, card: EncoderCard) -> None:
    """Writes encoder.json."""
    write_json(folder / "encoder.json", asdict(card))


def write_labels(folder: Path, labels: Labels) -> None:
    """Writes labels.json."""
    write_json(folder / "labels.json", asdict(labels))
