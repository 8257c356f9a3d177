"""A model folder judged on examples, with the very code that serves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from chatbot.errors import TrainingError
from chatbot.models.thresholds import read_thresholds
from chatbot.training.calibrate import expected_calibration_error
from chatbot.understanding.intents import IntentClassifier
from chatbot.understanding.reader import Sentences
from training_data.examples import OUT_OF_SCOPE, Example


@dataclass(frozen=True, slots=True)
class IntentScore:
    """Of one intent; each in [0, 1]. support: how many examples of it were judged."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Of a set of examples.

    accuracy: over all rows; a row of a label that the model does not know counts as wrong, an out-of-scope row as right
    only if out of scope was answered. macro_f1: over the labels of the examples. in_scope_accuracy: over the rows that
    have an intent. oos_auroc: how well the highest in-scope probability tells rows with an intent from those without;
    None if there are none of either. coverage_at_budget: share of the rows with an intent that are answered at the
    model's threshold; error_at_budget: wrong answers, and answers to rows without an intent, among all answered rows.
    """

    examples: int
    accuracy: float
    macro_f1: float
    in_scope_accuracy: float
    oos_auroc: float | None
    coverage_at_budget: float | None = None
    error_at_budget: float | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Quality on labelled examples: over all, in each language, of each intent; and what was taken for what."""

    overall: Quality
    calibration_error: float
    per_language: Mapping[str, Quality]
    per_intent: Mapping[str, IntentScore]
    confusion: tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]

    def as_json(self) -> dict[str, Any]:
        """For metrics.json and --json: the overall figures stand at the top."""
        whole = asdict(self)
        return {**whole.pop("overall"), **whole}


def report(folder: Path, examples: Sequence[Example], sentences: Sentences) -> Judgement:
    """Judges the model in the folder. Texts are masked as in serving. sentences: the encoders that it stands beside.

    Raises TrainingError if there is nothing to judge, or no label of the examples is one of the model's.
    """
    classifier = IntentClassifier(folder, sentences, threads=1)
    known = classifier.labels.intents
    check_labels(known, examples)
    shares = classifier.confidences([classifier.masker.masked(example.text) for example in examples])
    return judgement(known, shares, examples, read_thresholds(folder).band.answer)


def check_labels(known: Sequence[str], examples: Sequence[Example]) -> None:
    """Raises TrainingError if no label of the examples is one of the model's."""
    if not any(alias(example.intent, known) in known for example in examples):
        few = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
        raise TrainingError(f"None of the {len(examples)} examples has a label of the model ({few}).")


def judgement(
    known: Sequence[str], shares: NDArray[np.float32], examples: Sequence[Example], answer: float | None = None
) -> Judgement:
    """What confidences are worth. shares: shape (examples, len(known)). answer: the threshold, where there is one."""
    truth = [alias(example.intent, known) for example in examples]
    guesses = [known[i] for i in shares.argmax(1)]
    right = np.array([guess == label for guess, label in zip(guesses, truth, strict=True)])
    columns = [i for i, label in enumerate(known) if label not in OUT_OF_SCOPE]
    certain = shares[:, columns].max(1)
    names = sorted({*truth} | {*guesses})
    each = precision_recall_fscore_support(truth, guesses, labels=names, zero_division=0)
    spoken = np.array([example.language for example in examples])
    pairs = Counter(zip(truth, guesses, strict=True))
    return Judgement(
        overall=quality(truth, guesses, certain, answer),
        calibration_error=expected_calibration_error(shares.max(1), right),
        per_language={
            str(language): quality(
                [label for label, own in zip(truth, spoken == language, strict=True) if own],
                [guess for guess, own in zip(guesses, spoken == language, strict=True) if own],
                certain[spoken == language],
                answer,
            )
            for language in sorted({*spoken})
        },
        per_intent={
            name: IntentScore(float(p), float(r), float(f), int(n))
            for name, p, r, f, n in zip(names, *each, strict=True)
        },
        confusion=(tuple(names), tuple(tuple(pairs[label, guess] for guess in names) for label in names)),
    )


def quality(
    truth: Sequence[str], guesses: Sequence[str], certain: NDArray[np.float32], answer: float | None
) -> Quality:
    """The figures of a set of rows. certain: the highest in-scope confidence of each."""
    right = np.array([guess == label for guess, label in zip(guesses, truth, strict=True)])
    outside = np.array([label in OUT_OF_SCOPE for label in truth])
    _, _, macro, _ = precision_recall_fscore_support(
        truth, guesses, labels=sorted({*truth}), average="macro", zero_division=0
    )
    answered = (certain >= (2.0 if answer is None else answer)) & np.array([g not in OUT_OF_SCOPE for g in guesses])
    both = 0 < outside.sum() < len(outside)
    return Quality(
        examples=len(truth),
        accuracy=float(right.mean()),
        macro_f1=float(macro),
        in_scope_accuracy=float(right[~outside].mean()) if (~outside).any() else 0.0,
        oos_auroc=float(roc_auc_score(~outside, certain)) if both else None,
        coverage_at_budget=None if answer is None else float(answered[~outside].sum() / max(1, (~outside).sum())),
        error_at_budget=None if answer is None else float((answered & ~right).sum() / max(1, answered.sum())),
    )


def alias(label: str, known: Sequence[str]) -> str:
    """The model's own name for out of scope, where the examples use another."""
    if label in OUT_OF_SCOPE:
        return next((name for name in known if name in OUT_OF_SCOPE), label)
    return label
