"""Thresholds on disk: what was written is read, and what cannot be is refused by name."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import ModelError
from chatbot.models.thresholds import Band, Calibrated, Trials, read_thresholds, write_thresholds

BAND = Band(answer=0.7, clarify=0.3, budget=0.03, certified=False, trials=2, coverage=1.0, wrong=0.0, needed=400)
TRIALS = Trials(scores=(0.8, 0.0), right=(True, False), among=(True, False), inside=(True, False))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_thresholds(tmp_path, Calibrated(BAND, TRIALS))
    assert read_thresholds(tmp_path) == Calibrated(BAND, TRIALS)
    assert [file.name for file in tmp_path.iterdir()] == ["thresholds.json"]


def test_a_folder_without_thresholds_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"thresholds\.json: cannot be read.*chatbot train"):
        read_thresholds(tmp_path)


@pytest.mark.parametrize(
    ("part", "change", "told"),
    [
        ("band", {"answer": 1.1}, "band.answer"),
        ("band", {"clarify": -0.1}, "band.clarify"),
        ("band", {"budget": "three"}, "band.budget"),
        ("band", {"certified": None}, "band.certified"),
        ("band", {"sure": 1}, "band.sure"),
        ("trials", {"scores": ["high"]}, "trials.scores"),
        ("trials", {"right": None}, "trials.right"),
    ],
)
def test_thresholds_that_cannot_be_are_refused_by_name(
    tmp_path: Path, part: str, change: dict[str, Any], told: str
) -> None:
    value: dict[str, Any] = json.loads(json.dumps(asdict(Calibrated(BAND, TRIALS))))
    value[part] |= change
    (tmp_path / "thresholds.json").write_text(json.dumps(value))
    with pytest.raises(ModelError, match=rf"thresholds\.json: {told}"):
        read_thresholds(tmp_path)
