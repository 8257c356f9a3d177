"""What a model folder holds, and what is said when it holds something else."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import ModelError
from chatbot.models.folder import (
    CLASSIFIER_FILES,
    ENCODER_FILES,
    MODEL_FILES,
    EncoderCard,
    Labels,
    check,
    check_model,
    read_card,
    read_json,
    read_labels,
    write_card,
    write_json,
    write_labels,
)
from chatbot.understanding.confidence import Calibration

CARD = EncoderCard("intents-1", 384, "query: ", 128)
CALIBRATION = Calibration(0.8, 1.2, (1.0, 0.5, 0.5, 2.0), (4.0, 3.0, 2.0, 0.7), (2.0, 2.0, 1.0, 0.2), 1.5)
LABELS = Labels(("refund", "退款"), True, CALIBRATION)


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


def written(folder: Path, labels: Labels, *left_out: str) -> Path:
    """A model's folder with every file but those left out; only the labels hold anything."""
    for name in (*MODEL_FILES, *ENCODER_FILES):
        (folder / name).write_text("x")
    write_labels(folder, labels)
    for name in left_out:
        (folder / name).unlink()
    return folder


def test_a_model_that_was_tuned_has_an_encoder_of_its_own(tmp_path: Path) -> None:
    check_model(written(tmp_path, LABELS))
    with pytest.raises(ModelError, match=r"encoder\.onnx is missing or empty"):
        check_model(written(tmp_path, LABELS, "encoder.onnx"))


def test_a_model_of_few_examples_is_complete_without_one(tmp_path: Path) -> None:
    few = Labels(("refund", "退款"), False, CALIBRATION)
    check_model(written(tmp_path, few, *ENCODER_FILES))
    with pytest.raises(ModelError, match=r"reader\.safetensors is missing or empty"):
        check_model(written(tmp_path, few, "reader.safetensors"))


def test_what_a_classifier_needs_is_part_of_a_model() -> None:
    assert set(CLASSIFIER_FILES) < set(MODEL_FILES)
    assert not set(ENCODER_FILES) & set(MODEL_FILES)


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
    write_json(tmp_path / "encoder.json", without_dots(value))
    with pytest.raises(ModelError, match=rf"encoder\.json: {told}: "):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"intents": None}, "intents"),
        ({"intents": [1]}, "intents.0"),
        ({"intents": ...}, "intents"),
        ({"tuned": "perhaps"}, "tuned"),
        ({"tuned": ...}, "tuned"),
        ({"bias": 2}, "bias"),
        ({"temperature": 1}, "temperature"),
        ({"calibration": ...}, "calibration"),
        ({"calibration": {"tuned": 0}}, "calibration.tuned"),
        ({"calibration": {"linear": float("nan")}}, "calibration.linear"),
        ({"calibration": {"linear": "warm"}}, "calibration.linear"),
        ({"calibration": {"weights": None}}, "calibration.weights"),
        ({"calibration": {"bias": ...}}, "calibration.bias"),
        ({"calibration": {"slope": 1}}, "calibration.slope"),
    ],
)
def test_labels_that_cannot_be_are_refused_by_name(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    value: dict[str, Any] = json.loads(json.dumps(asdict(LABELS)))
    if isinstance(change.get("calibration"), dict):
        change = {"calibration": without_dots(value["calibration"] | change["calibration"])}
    write_json(tmp_path / "labels.json", without_dots(value | change))
    with pytest.raises(ModelError, match=rf"labels\.json: {re.escape(told)}: "):
        read_labels(tmp_path)


def without_dots(value: dict[str, Any]) -> dict[str, Any]:
    """Without the keys whose value is `...`."""
    return {key: part for key, part in value.items() if part is not ...}


def test_json_is_written_for_people(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"name": "退款"})
    assert (tmp_path / "x.json").read_text("utf-8") == json.dumps({"name": "退款"}, ensure_ascii=False, indent=1) + "\n"
