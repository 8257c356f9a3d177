"""What the first start makes, and what it learns from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chatbot import setting_up
from chatbot.models.registry import Registry
from chatbot.project import load_project
from chatbot.setting_up import STORED_WORDINGS, all_pairs, project_examples, set_up
from chatbot.settings import Settings, load_settings
from chatbot.training.retrieval import NOTHING
from chatbot.understanding.pairs import read_calibration, write_calibration
from chatbot.wiring import is_set_up
from tests.fakes import CALIBRATION, HashedKnowledge, bare_model
from training_data.reading import read_data


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with encoders and a model, and no calibrated search yet."""
    monkeypatch.setattr(setting_up, "Knowledge", HashedKnowledge)
    settings = load_settings(home=tmp_path / "home", sentence_encoder_en="english", sentence_encoder_zh="english")
    (settings.home / "encoders" / "english").mkdir(parents=True)
    bare_model(settings.home / "models" / "first", CALIBRATION.trials)
    Registry(settings.home).promote("first")
    return settings


def test_a_home_without_a_calibrated_search_is_not_set_up_and_setting_up_calibrates_it(settings: Settings) -> None:
    assert not is_set_up(settings)
    set_up(settings, replace(load_project(None), pairs=(), confirmed=()), lambda *_: None)
    assert is_set_up(settings)
    assert read_calibration(settings.home / "index").band == NOTHING


def test_setting_up_leaves_alone_what_is_there(settings: Settings) -> None:
    (settings.home / "index").mkdir()
    write_calibration(settings.home / "index", CALIBRATION)
    set_up(settings, replace(load_project(None), pairs=(), confirmed=()), lambda *_: None)
    assert read_calibration(settings.home / "index") == CALIBRATION
    assert Registry(settings.home).current() == settings.home / "models" / "first"


def test_stored_questions_are_examples_of_the_intent_that_searches_them() -> None:
    project = load_project(None)
    labelled, all_of_it = read_data(project.examples).examples, project_examples(project).examples
    stored = all_of_it[len(labelled) :]
    assert all_of_it[: len(labelled)] == labelled
    assert {example.intent for example in stored} == {"faq"}
    assert {example.language for example in stored} == {"en", "zh"}
    assert 0.9 * len(all_pairs(project)) <= len(stored) <= STORED_WORDINGS * len(all_pairs(project))


def test_no_stored_question_is_learned_twice() -> None:
    project = load_project(None)
    labelled, all_of_it = read_data(project.examples).examples, project_examples(project).examples
    stored = [example.text.casefold() for example in all_of_it[len(labelled) :]]
    assert len(stored) == len(set(stored))
    assert set(stored).isdisjoint(example.text.casefold() for example in labelled)
