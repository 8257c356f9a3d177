"""Thresholds for another error budget, without training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from chatbot.models.folder import check_model
from chatbot.models.thresholds import Band, read_thresholds, write_thresholds
from chatbot.project import Project
from chatbot.setting_up import calibrate_search, confirmed_questions
from chatbot.settings import Settings
from chatbot.training.calibrate import band

Progress = Callable[[str, float, float], None]


def recalibrated(
    settings: Settings, project: Project, model: Path, budget: float, report: Path | None, progress: Progress
) -> Mapping[str, Band]:
    """Computes and writes the bands of the model and of the search. report: a folder for their pictures.

    The model's come from the trials that training kept; the search is asked its stored questions anew, since pairs
    change every day. Raises ModelError if the model is incomplete.
    """
    check_model(model)
    kept = read_thresholds(model)
    intents = replace(kept, band=band(kept.trials, budget))
    pairs = calibrate_search(settings, confirmed_questions(project), budget, progress)
    write_thresholds(model, intents)
    if report:
        from chatbot.training.pictures import risk_picture

        report.mkdir(parents=True, exist_ok=True)
        for name, found in (("intents", intents), ("pairs", pairs)):
            if found.trials.scores:
                risk_picture(found.trials, found.band, report / f"{name}.png")
    return {"intents": intents.band, "stored answers": pairs.band}
