"""What a model folder holds, and its check on loading.

    encoder.onnx         tokens in; `sentence_embedding` and, for a classifier, `logits` out
    tokenizer.json       the tokenizer, in the format of the `tokenizers` library
    encoder.json         name, dim, prefix, max_length
    labels.json          the intents, in the order of the logits; how scores become confidence
    reader.json          the linear reader's n-grams and the training texts, masked; which sentence encoders it needs
    reader.safetensors   its weights, and the vectors and n-grams of the training texts
    thresholds.json      from which confidence a message is answered or asked about, and the trials that say so
    masking.json         the assistant's own patterns of personal data, as they were in training
    entities.json        lists and synonyms of entities, and what the tagger looks at; if there are any
    entities.safetensors the tagger's weights; with them, the graph tells `token_embeddings`, too
    metrics.json         quality on texts that were held out: overall and per intent
    provenance.json      data fingerprint, base model and its sha256, code version, seed, when, how long
    confusion.png, reliability.png   the same as pictures

A sentence encoder's folder has the first three and its provenance. A model of few examples has no encoder of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from chatbot.errors import ModelError
from chatbot.understanding.confidence import Calibration

T = TypeVar("T")
AGAIN = "Train again: chatbot train"
Size = Annotated[int, Field(gt=0)]
ENCODER_FILES = ("encoder.onnx", "tokenizer.json", "encoder.json")
CLASSIFIER_FILES = ("labels.json", "reader.json", "reader.safetensors", "thresholds.json", "masking.json")
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
    """The classifier's labels, in the order of its logits. tuned: whether the folder holds a fine-tuned encoder."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    intents: tuple[str, ...]
    tuned: bool
    calibration: Calibration


def read_json(path: Path, again: str = AGAIN) -> Mapping[str, Any]:
    """A JSON object. Raises ModelError, with what to do again, if the file is missing or holds none."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}). {again}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path}: a JSON object is expected. {again}")
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """A JSON object, indented, UTF-8."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def check(folder: Path, files: tuple[str, ...]) -> None:
    """Raises ModelError naming the files that are missing or empty."""
    missing = [name for name in files if not (folder / name).is_file() or (folder / name).stat().st_size == 0]
    if missing:
        raise ModelError(f"{folder}: {', '.join(missing)} is missing or empty. {AGAIN}")


def check_model(folder: Path, files: tuple[str, ...] = MODEL_FILES) -> None:
    """Raises ModelError naming what is missing of a model, its encoder's files among it where it has one."""
    check(folder, files)
    if read_labels(folder).tuned:
        check(folder, ENCODER_FILES)


def read_card(folder: Path) -> EncoderCard:
    """The folder's encoder.json. Raises ModelError if a key is missing or unknown, or its value cannot be."""
    return built(EncoderCard, folder / "encoder.json")


def read_labels(folder: Path) -> Labels:
    """The folder's labels.json. Raises ModelError if a key is missing or unknown, or its value cannot be."""
    return built(Labels, folder / "labels.json")


def built(kind: type[T], path: Path, again: str = AGAIN) -> T:
    """A dataclass from a JSON file. again: what to do if it is damaged."""
    try:
        return TypeAdapter(kind).validate_python(read_json(path, again))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors())
        raise ModelError(f"{path}: {faults}. It is damaged, or of another version. {again}") from error


def write_card(folder: Path, card: EncoderCard) -> None:
    """Writes encoder.json."""
    write_json(folder / "encoder.json", asdict(card))


def write_labels(folder: Path, labels: Labels) -> None:
    """Writes labels.json."""
    write_json(folder / "labels.json", asdict(labels))
