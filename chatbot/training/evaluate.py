"""A model folder judged on examples, with the very code that serves it."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from chatbot.errors import TrainingError
from chatbot.training.calibrate import expected_calibration_error
from chatbot.understanding.intents import IntentClassifier
from training_data.examples import OUT_OF_SCOPE, Example

LARGEST = 60.0
"""Inches a side of the picture: 6,600 pixels, 170 MB while it is drawn."""


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
    None if there are none of either.
    """

    examples: int
    accuracy: float
    macro_f1: float
    in_scope_accuracy: float
    oos_auroc: float | None


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


def report(folder: Path, examples: Sequence[Example]) -> Judgement:
    """Judges the model in the folder. Texts are masked as in serving.

    Raises TrainingError if there is nothing to judge, or no label of the examples is one of the model's.
    """
    classifier = IntentClassifier(folder, threads=2)
    known = classifier.labels.intents
    check_labels(known, examples)
    shares = classifier.probabilities([classifier.masker.masked(example.text) for example in examples])
    return judgement(known, shares, examples)


def check_labels(known: Sequence[str], examples: Sequence[Example]) -> None:
    """Raises TrainingError if no label of the examples is one of the model's."""
    if not any(alias(example.intent, known) in known for example in examples):
        few = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
        raise TrainingError(f"None of the {len(examples)} examples has a label of the model ({few}).")


def judgement(known: Sequence[str], shares: NDArray[np.float32], examples: Sequence[Example]) -> Judgement:
    """What probabilities are worth. shares: shape (examples, len(known))."""
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
        overall=quality(truth, guesses, certain),
        calibration_error=expected_calibration_error(shares.max(1), right),
        per_language={
            str(language): quality(
                [label for label, own in zip(truth, spoken == language, strict=True) if own],
                [guess for guess, own in zip(guesses, spoken == language, strict=True) if own],
                certain[spoken == language],
            )
            for language in sorted({*spoken})
        },
        per_intent={
            name: IntentScore(float(p), float(r), float(f), int(n))
            for name, p, r, f, n in zip(names, *each, strict=True)
        },
        confusion=(tuple(names), tuple(tuple(pairs[label, guess] for guess in names) for label in names)),
    )


def quality(truth: Sequence[str], guesses: Sequence[str], certain: NDArray[np.float32]) -> Quality:
    """The figures of a set of rows. certain: the highest in-scope probability of each."""
    right = np.array([guess == label for guess, label in zip(guesses, truth, strict=True)])
    outside = np.array([label in OUT_OF_SCOPE for label in truth])
    _, _, macro, _ = precision_recall_fscore_support(
        truth, guesses, labels=sorted({*truth}), average="macro", zero_division=0
    )
    both = 0 < outside.sum() < len(outside)
    return Quality(
        examples=len(truth),
        accuracy=float(right.mean()),
        macro_f1=float(macro),
        in_scope_accuracy=float(right[~outside].mean()) if (~outside).any() else 0.0,
        oos_auroc=float(roc_auc_score(~outside, certain)) if both else None,
    )


def alias(label: str, known: Sequence[str]) -> str:
    """The model's own name for out of scope, where the examples use another."""
    if label in OUT_OF_SCOPE:
        return next((name for name in known if name in OUT_OF_SCOPE), label)
    return label


def confusion_picture(judgement: Judgement, path: Path) -> None:
    """Rows: what it was. Columns: what the model said. Shares of the row, so that small intents show."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names, rows = judgement.confusion
    counts = np.array(rows, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = min(max(5.0, 0.28 * len(names) + 2.5), LARGEST)
    figure = Figure(figsize=(size, size), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7, parse_math=False)
    axes.set_yticks(range(len(names)), names, fontsize=7, parse_math=False)
    axes.set_xlabel("the model said")
    axes.set_ylabel("it was")
    axes.set_title(f"{judgement.overall.examples} texts, accuracy {judgement.overall.accuracy:.3f}", fontsize=9)
    if len(names) <= 30:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, f"{count:.0f}", ha="center", va="center", fontsize=7, color=colour)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # boxes for Chinese intent names
        figure.savefig(path)
