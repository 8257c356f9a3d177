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
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from chatbot.errors import ModelError

T = TypeVar("T")
AGAIN = "Train again: chatbot train"
Size = Annotated[int, Field(gt=0)]
ENCODER_FILES = ("encoder.onnx", "tokenizer.json", "encoder.json")
CLASSIFIER_FILES = (*ENCODER_FILES, "labels.json", "masking.json")
MODEL_FILES = (*CLASSIFIER_FILES, "metrics.json", "provenance.json")


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """How the graph wants its texts. prefix: put before each text. max_length: in tokens, the special ones included."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    dim: Size
    prefix: str
    max_length: Size


@dataclass(frozen=True, slots=True)
class Labels:
    """The classifier's labels, in the order of its logits. temperature: divides the logits before the softmax."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    intents: tuple[str, ...]
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)]


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object. Raises ModelError if the file is missing or holds none."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}). {AGAIN}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path}: a JSON object is expected. {AGAIN}")
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """A JSON object, indented, UTF-8."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def check(folder: Path, files: tuple[str, ...]) -> None:
    """Raises ModelError naming the files that are missing or empty."""
    missing = [name for name in files if not (folder / name).is_file() or (folder / name).stat().st_size == 0]
    if missing:
        raise ModelError(f"{folder}: {', '.join(missing)} is missing or empty. {AGAIN}")


def read_card(folder: Path) -> EncoderCard:
    """The folder's encoder.json. Raises ModelError if a key is missing or unknown, or its value cannot be."""
    return built(EncoderCard, folder / "encoder.json")


def read_labels(folder: Path) -> Labels:
    """The folder's labels.json. Raises ModelError if a key is missing or unknown, or its value cannot be."""
    return built(Labels, folder / "labels.json")


def built(kind: type[T], path: Path) -> T:
    """A dataclass from a JSON file."""
    try:
        return TypeAdapter(kind).validate_python(read_json(path))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors())
        raise ModelError(f"{path}: {faults}. It is damaged, or of another version; {AGAIN.lower()}") from error


def write_card(folder: Path, card: EncoderCard) -> None:
    """Writes encoder.json."""
    write_json(folder / "encoder.json", asdict(card))


def write_labels(folder: Path, labels: Labels) -> None:
    """Writes labels.json."""
    write_json(folder / "labels.json", asdict(labels))
