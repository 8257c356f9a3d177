from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chatbot.models.registry import Registry
from chatbot.models.thresholds import Band, Calibrated, Trials, write_thresholds
from chatbot.understanding.pairs import write_calibration
from tests.fakes import CALIBRATION
from tests.testing import bikes


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    return bikes.project(tmp_path / "workshop")


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a model, named in the environment."""
    home = tmp_path / "home"
    for name, value in (("HOME", str(home)), ("SENTENCE_ENCODER_EN", "english"), ("SENTENCE_ENCODER_ZH", "english")):
        monkeypatch.setenv(f"CHATBOT_{name}", value)
    monkeypatch.delenv("CHATBOT_PROJECT", raising=False)
    return home


@pytest.fixture
def trained_home(empty_home: Path, sentences: Path, few_model: Path) -> Path:
    """A home with a small model, which knows the intents of the samples.

    It has seen too few examples to certify from where on it answers, so that is written down here.
    """
    (empty_home / "encoders").mkdir(parents=True)
    (empty_home / "encoders" / "english").symlink_to(sentences)
    shutil.copytree(few_model, empty_home / "models" / "few")
    nothing = Trials((), (), (), ())
    band = Band(answer=0.6, clarify=0.25, budget=0.03, certified=False, trials=0, coverage=0.0, wrong=0.0, needed=0)
    write_thresholds(empty_home / "models" / "few", Calibrated(band, nothing))
    Registry(empty_home).promote("few")
    (empty_home / "index").mkdir()
    write_calibration(empty_home / "index", CALIBRATION)
    return empty_home
