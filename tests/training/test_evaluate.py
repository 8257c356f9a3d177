"""A judgement: known answers give known figures."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chatbot.encoder import ByLanguage
from chatbot.errors import ModelError, TrainingError
from chatbot.models.folder import Labels
from chatbot.models.thresholds import Band, Calibrated, Trials
from chatbot.training import evaluate
from chatbot.training.evaluate import IntentScore, Judgement, Quality, judgement, report
from chatbot.understanding.confidence import Calibration
from tests.fakes import HashingEncoder
from tests.samples import EXAMPLES, TEXTS
from training_data.examples import Example

ANSWERED = 0.65
"""From this confidence on a message is answered."""
BAND = Band(ANSWERED, 0.3, 0.03, certified=False, trials=0, coverage=0.0, wrong=0.0, needed=0)


class Told:
    """A classifier that gives each label the share that the text names: 'a=0.7 b=0.2 oos=0.1'."""

    def __init__(self, *intents: str) -> None:
        self.labels = Labels(intents, False, Calibration(1.0, 1.0, (), (), (), 0.0))
        self.masker = self

    def masked(self, text: str) -> str:
        return text

    def confidences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [dict(re.findall(r"(\S+)=(\S+)", text)) for text in texts]
        return np.array([[float(row.get(name, 0)) for name in self.labels.intents] for row in rows], np.float32)


def judged(
    monkeypatch: pytest.MonkeyPatch, rows: Sequence[tuple[str, str]], intents: Sequence[str] = ("a", "b", "oos")
) -> Judgement:
    """The report on rows of text and label."""
    monkeypatch.setattr(evaluate, "IntentClassifier", lambda *_, **__: Told(*intents))
    monkeypatch.setattr(evaluate, "read_thresholds", lambda _: Calibrated(BAND, Trials((), (), (), ())))
    examples = [Example(text, label, "zh" if "中" in text else "en", "test") for text, label in rows]
    return report(Path("model"), examples, HashingEncoder())


def test_known_answers_give_known_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        ("a=0.8 b=0.2", "a"),
        ("a=0.8 b=0.2 中", "a"),
        ("a=0.3 b=0.7", "a"),
        ("a=0.1 b=0.9 中", "b"),
        ("a=0.1 oos=0.9", "oos"),
    ]
    assert judged(monkeypatch, rows) == Judgement(
        overall=Quality(
            examples=5,
            accuracy=pytest.approx(4 / 5),
            macro_f1=pytest.approx((0.8 + 2 / 3 + 1) / 3),
            in_scope_accuracy=pytest.approx(3 / 4),
            oos_auroc=1.0,
            coverage_at_budget=1.0,
            error_at_budget=pytest.approx(1 / 4),
        ),
        calibration_error=pytest.approx((2 * 0.2 + 0.7 + 2 * 0.1) / 5, abs=1e-6),
        per_language={
            "en": Quality(3, pytest.approx(2 / 3), pytest.approx((2 / 3 + 1) / 2), pytest.approx(1 / 2), 1.0, 1.0, 0.5),
            "zh": Quality(2, 1.0, 1.0, 1.0, None, 1.0, 0.0),
        },
        per_intent={
            "a": IntentScore(1.0, pytest.approx(2 / 3), pytest.approx(0.8), 3),
            "b": IntentScore(0.5, 1.0, pytest.approx(2 / 3), 1),
            "oos": IntentScore(1.0, 1.0, 1.0, 1),
        },
        confusion=(("a", "b", "oos"), ((2, 1, 0), (0, 1, 0), (0, 0, 1))),
    )


def test_the_budget_is_spent_by_answers_alone_and_covers_messages_with_an_intent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [
        ("a=0.9", "a"),
        ("a=0.64", "a"),  # not sure enough
        ("a=0.7", "b"),  # a wrong answer
        ("a=0.7", "oos"),  # an answer where there is none
        ("a=0.65 oos=0.9", "b"),  # likeliest out of scope: not answered, however wrong
        ("oos=0.9", "oos"),
    ]
    got = judged(monkeypatch, rows).overall
    assert (got.coverage_at_budget, got.error_at_budget) == (2 / 4, pytest.approx(2 / 3))


def test_without_a_threshold_nothing_is_said_of_the_budget() -> None:
    got = judgement(("a", "b"), np.array([[0.9, 0.1]], np.float32), [Example("x", "a", "en", "test")])
    assert (got.overall.coverage_at_budget, got.overall.error_at_budget) == (None, None)


@pytest.mark.parametrize("labels", [["a", "b"], ["oos", "oos"]])
def test_there_is_no_auroc_without_both_kinds(monkeypatch: pytest.MonkeyPatch, labels: list[str]) -> None:
    got = judged(monkeypatch, [(f"{label}=0.9", label) for label in labels])
    assert got.overall.oos_auroc is None
    assert got.overall.accuracy == 1.0
    assert got.overall.in_scope_accuracy == (0.0 if labels[0] == "oos" else 1.0)


def test_auroc_needs_no_label_for_out_of_scope_in_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("a=0.9 b=0.1", "a"), ("a=0.6 b=0.4", "b"), ("a=0.7 b=0.3", "oos"), ("a=0.5 b=0.5", "out_of_scope")]
    got = judged(monkeypatch, rows, ("a", "b"))
    assert got.overall.oos_auroc == pytest.approx(3 / 4)
    assert got.overall.accuracy == pytest.approx(1 / 4)
    assert got.overall.in_scope_accuracy == pytest.approx(1 / 2)


def test_the_other_name_of_out_of_scope_is_the_same_label(monkeypatch: pytest.MonkeyPatch) -> None:
    got = judged(monkeypatch, [("a=0.9", "a"), ("out_of_scope=0.9", "oos")], ("a", "out_of_scope"))
    assert got.overall.accuracy == 1.0
    assert set(got.per_intent) == {"a", "out_of_scope"}


def test_a_label_that_the_model_does_not_know_counts_as_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    got = judged(monkeypatch, [("a=0.9", "a"), ("a=0.9", "gift_card")])
    assert got.overall.accuracy == 0.5
    assert got.per_intent["gift_card"] == IntentScore(0.0, 0.0, 0.0, 1)
    assert got.confusion == (("a", "gift_card"), ((1, 0), (1, 0)))


def test_an_intent_that_was_only_guessed_is_shown_and_not_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    got = judged(monkeypatch, [("a=0.9", "a"), ("b=0.9", "a")])
    assert got.per_intent["b"] == IntentScore(0.0, 0.0, 0.0, 0)
    assert got.overall.macro_f1 == pytest.approx(2 / 3)


@pytest.mark.parametrize("rows", [[], [("a=0.9", "x"), ("b=0.9", "y")]])
def test_nothing_to_judge_is_told(monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str]]) -> None:
    with pytest.raises(
        TrainingError, match=rf"None of the {len(rows)} examples has a label of the model \(a, b, oos\)"
    ):
        judged(monkeypatch, rows)


def test_a_folder_that_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing or empty"):
        report(tmp_path / "none", EXAMPLES, HashingEncoder())


def test_a_real_model_is_judged_and_the_judgement_is_json(tiny_model: Path, reads: ByLanguage) -> None:
    got = report(tiny_model, EXAMPLES, reads)
    assert got.overall.examples == 40
    assert got.overall.accuracy > 0.9
    assert got.overall.oos_auroc is not None
    assert got.overall.oos_auroc > 0.9
    assert set(got.per_intent) == set(TEXTS)
    assert json.loads(json.dumps(got.as_json()))["per_intent"]["refund"]["support"] == 10


def test_texts_are_masked_before_they_are_judged(tiny_model: Path, reads: ByLanguage) -> None:
    def of(text: str) -> Judgement:
        return report(tiny_model, [Example(text, "track_order", "en", "test")], reads)

    assert of("where is MM-10023 now").calibration_error == of("where is MM-98765 now").calibration_error
