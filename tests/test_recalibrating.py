"""Thresholds for another error budget, without training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot import setting_up
from chatbot.errors import ModelError
from chatbot.models.folder import MODEL_FILES
from chatbot.models.thresholds import Calibrated, Trials, read_thresholds
from chatbot.project import load_project
from chatbot.recalibrating import recalibrated
from chatbot.settings import Settings, load_settings
from chatbot.training.calibrate import band
from chatbot.training.retrieval import NOTHING
from chatbot.understanding.pairs import FILE, read_calibration
from knowledge_base.pairs import Pair
from tests.fakes import HashedKnowledge, bare_model, knowledge_base

TRIALS = Trials(
    scores=tuple((200 - number) / 200 for number in range(200)),
    right=tuple(number % 10 != 9 for number in range(200)),
    among=(True,) * 200,
    inside=(True,) * 200,
)
NOUNS = ("lamp", "sofa", "mirror", "carpet", "drawer", "pillow")
PROJECT = replace(load_project(None), confirmed=())
PAIRS = [
    Pair(f"Do you sell a {noun}?", "Yes.", (f"any {noun} for sale", f"{noun} prices"), language="en") for noun in NOUNS
]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr(setting_up, "Knowledge", HashedKnowledge)
    home = tmp_path / "home"
    home.mkdir()
    with knowledge_base(home, PAIRS):
        yield load_settings(home=home)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return bare_model(tmp_path / "model", TRIALS)


def quiet(stage: str, share: float, seconds_left: float) -> None:
    """Progress that nobody watches."""


def test_both_bands_are_computed_for_the_budget_and_kept(settings: Settings, model: Path) -> None:
    bands = recalibrated(settings, PROJECT, model, 0.2, None, quiet)
    assert read_thresholds(model) == Calibrated(band(TRIALS, 0.2), TRIALS)
    kept = read_calibration(settings.home / "index")
    assert bands == {"intents": band(TRIALS, 0.2), "stored answers": kept.band}
    assert kept.band == band(kept.trials, 0.2)
    assert (kept.pairs, len(kept.trials.scores)) == (6, 19)


def test_a_laxer_budget_answers_more(settings: Settings, model: Path) -> None:
    strict, lax = (recalibrated(settings, PROJECT, model, budget, None, quiet)["intents"] for budget in (0.01, 0.2))
    assert strict.answer > lax.answer
    assert strict.coverage < lax.coverage


def test_the_pairs_are_asked_anew_and_the_model_goes_by_what_training_kept(settings: Settings, model: Path) -> None:
    before = recalibrated(settings, PROJECT, model, 0.1, None, quiet)
    knowledge = HashedKnowledge(settings)
    knowledge.store.add(Pair("Do you sell a bench?", "No.", ("any bench for sale",), language="en"))
    knowledge.close()
    after = recalibrated(settings, PROJECT, model, 0.1, None, quiet)
    assert after["intents"] == before["intents"]
    assert (before["stored answers"].trials, after["stored answers"].trials) == (19, 22)
    assert read_calibration(settings.home / "index").pairs == 7


def test_confirmed_questions_of_pairs_that_are_gone_are_left_out(
    settings: Settings, model: Path, tmp_path: Path
) -> None:
    rows = [f"i look for a {noun} no {number},Do you sell a {noun}?,en" for number in range(50) for noun in NOUNS]
    (tmp_path / "asked.csv").write_text("text,question,language\nhm,,en\n" + "\n".join(rows) + "\n")
    project = replace(PROJECT, confirmed=(tmp_path / "asked.csv",))
    trials = [recalibrated(settings, project, model, 0.1, None, quiet)["stored answers"].trials]
    knowledge = HashedKnowledge(settings)
    knowledge.store.withdraw(1)
    knowledge.close()
    trials.append(recalibrated(settings, project, model, 0.1, None, quiet)["stored answers"].trials)
    assert trials == [301, 251]


def test_progress_is_of_the_stage_thresholds_and_ends_at_the_whole(settings: Settings, model: Path) -> None:
    told: list[tuple[str, float]] = []
    recalibrated(settings, PROJECT, model, 0.1, None, lambda stage, share, _: told.append((stage, share)))
    assert told == [("thresholds", 1.0)]


def test_a_report_is_a_picture_for_intents_and_one_for_pairs(settings: Settings, model: Path, tmp_path: Path) -> None:
    recalibrated(settings, PROJECT, model, 0.1, tmp_path / "a" / "report", quiet)
    pictures = {path.name: path.read_bytes()[:4] for path in (tmp_path / "a" / "report").iterdir()}
    assert pictures == {"intents.png": b"\x89PNG", "pairs.png": b"\x89PNG"}


def test_a_search_without_trials_has_no_picture(settings: Settings, model: Path, tmp_path: Path) -> None:
    knowledge = HashedKnowledge(settings)
    for number in range(1, 7):
        knowledge.store.withdraw(number)
    knowledge.close()
    bands = recalibrated(settings, PROJECT, model, 0.1, tmp_path / "report", quiet)
    assert bands["stored answers"] == replace(NOTHING, budget=0.1)
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["intents.png"]


@pytest.mark.parametrize("name", MODEL_FILES)
def test_an_incomplete_model_is_told_and_nothing_is_written(settings: Settings, model: Path, name: str) -> None:
    (model / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing or empty"):
        recalibrated(settings, PROJECT, model, 0.1, None, quiet)
    assert not (settings.home / "index" / FILE).exists()


def test_damaged_thresholds_are_told_and_nothing_is_written(settings: Settings, model: Path) -> None:
    (model / "thresholds.json").write_text("{}")
    with pytest.raises(ModelError, match=r"thresholds\.json: .* Train again: chatbot train"):
        recalibrated(settings, PROJECT, model, 0.1, None, quiet)
    assert not (settings.home / "index" / FILE).exists()
