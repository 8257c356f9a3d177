"""What a model folder holds, and what is said when it holds something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import ModelError
from chatbot.models.folder import (
    ENCODER_FILES,
    MODEL_FILES,
    EncoderCard,
    Labels,
    check,
    read_card,
    read_json,
    read_labels,
    write_card,
    write_json,
    write_labels,
)

CARD = EncoderCard("intents-1", 384, "query: ", 128)
LABELS = Labels(("refund", "退款"), 0.8)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_card(tmp_path, CARD)
    write_labels(tmp_path, LABELS)
    assert read_card(tmp_path) == CARD
    assert read_labels(tmp_path) == LABELS


def test_a_folder_with_every_file_passes(tmp_path: Path) -> None:
    for name in MODEL_FILES:
        (tmp_path / name).write_text("x")
    check(tmp_path, MODEL_FILES)


def test_what_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    (tmp_path / "encoder.onnx").write_text("x")
    (tmp_path / "tokenizer.json").write_text("")
    with pytest.raises(ModelError, match=r"tokenizer\.json, encoder\.json is missing or empty.*chatbot train"):
        check(tmp_path, ENCODER_FILES)
    with pytest.raises(ModelError, match="nowhere"):
        check(tmp_path / "nowhere", ENCODER_FILES)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'"text"'])
def test_a_file_that_is_no_json_object_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels.json").write_bytes(content)
    for read in (read_json, lambda path: read_labels(path.parent)):
        with pytest.raises(ModelError, match=r"labels\.json: .*chatbot train"):
            read(tmp_path / "labels.json")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dim": 0}, "dim"),
        ({"dim": "wide"}, "dim"),
        ({"max_length": -1}, "max_length"),
        ({"prefix": None}, "prefix"),
        ({"pooling": "mean"}, "pooling"),
        ({"name": ...}, "name"),
    ],
)
def test_a_card_that_cannot_be_is_refused_by_name(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    value = {"name": "n", "dim": 3, "prefix": "", "max_length": 9} | change
    write_json(tmp_path / "encoder.json", {key: part for key, part in value.items() if part is not ...})
    with pytest.raises(ModelError, match=rf"encoder\.json: {told}: "):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"intents": ["a"], "temperature": 0}', "temperature"),
        ('{"intents": ["a"], "temperature": NaN}', "temperature"),
        ('{"intents": ["a"], "temperature": "warm"}', "temperature"),
        ('{"intents": null, "temperature": 1}', "intents"),
        ('{"intents": [1], "temperature": 1}', "intents"),
        ('{"temperature": 1}', "intents"),
        ('{"intents": ["a"], "temperature": 1, "bias": 2}', "bias"),
    ],
)
def test_labels_that_cannot_be_are_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(ModelError, match=rf"labels\.json: {told}"):
        read_labels(tmp_path)


def test_json_is_written_for_people(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"name": "退款"})
    assert (tmp_path / "x.json").read_text("utf-8") == json.dumps({"name": "退款"}, ensure_ascii=False, indent=1) + "\n"
