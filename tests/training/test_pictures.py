"""Pictures are drawn for whatever a judgement holds, without a warning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chatbot.models.thresholds import Band, Trials
from chatbot.training import pictures
from chatbot.training.calibrate import band
from chatbot.training.evaluate import Judgement, Quality
from chatbot.training.pictures import confusion_picture, reliability_picture, risk_picture


def size(path: Path) -> tuple[int, int]:
    """In pixels; it is a whole PNG."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert b"IEND" in content[-12:]
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


@pytest.mark.parametrize(
    "names", [("退款", "查询订单"), ("under_$5", "$5_or_$6", "_"), tuple(f"intent_{n}" for n in range(45))]
)
def test_the_confusion_is_drawn_for_any_names_and_any_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    rows = tuple(tuple(int(row == column) for column in range(len(names))) for row in range(len(names)))
    judgement = Judgement(Quality(len(names), 1.0, 1.0, 1.0, None), 0.0, {}, {}, (names, rows))
    monkeypatch.setattr(pictures, "LARGEST", 10.0)
    confusion_picture(judgement, tmp_path / "confusion.png")
    assert 500 < size(tmp_path / "confusion.png")[0] <= 10 * 110  # dots an inch


@pytest.mark.parametrize(
    ("confidence", "right"),
    [
        ([0.0, 0.35, 0.999, 1.0], [False, True, True, True]),
        ([0.5], [False]),
        ([1.0, 1.0], [True, True]),
    ],
)
def test_reliability_is_drawn_for_any_confidences(tmp_path: Path, confidence: list[float], right: list[bool]) -> None:
    reliability_picture(np.array(confidence, np.float32), np.array(right), tmp_path / "reliability.png")
    assert size(tmp_path / "reliability.png") == (550, 605)


def banded(scores: tuple[float, ...], right: tuple[bool, ...]) -> tuple[Trials, Band]:
    trials = Trials(scores, right, right, (True,) * len(scores))
    return trials, band(trials, 0.03)


@pytest.mark.parametrize(
    ("scores", "right"),
    [
        (tuple(n / 100 for n in range(100)), tuple(n > 20 for n in range(100))),
        ((0.5, 0.5), (False, False)),  # nothing can be answered: no threshold to mark
        ((0.0,), (False,)),
    ],
)
def test_the_risk_is_drawn_with_and_without_a_threshold(
    tmp_path: Path, scores: tuple[float, ...], right: tuple[bool, ...]
) -> None:
    risk_picture(*banded(scores, right), tmp_path / "risk.png")
    assert size(tmp_path / "risk.png") == (660, 440)
