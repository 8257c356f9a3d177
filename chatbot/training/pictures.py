"""What a judgement looks like."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chatbot.models.thresholds import Band, Trials
from chatbot.training.calibrate import expected_calibration_error, points
from chatbot.training.evaluate import Judgement

LARGEST = 60.0
"""Inches a side of a picture: 6,600 pixels, 170 MB while it is drawn."""
BINS = 10


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


def reliability_picture(confidence: NDArray[np.float32], right: NDArray[np.bool_], path: Path) -> None:
    """How often messages of each confidence are answered rightly: on the diagonal, the confidence is true.

    Below: how many messages there are. Source: DeGroot and Fienberg 1983, "The Comparison and Evaluation of
    Forecasters".
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    some = [each for each in range(BINS) if (places == each).any()]
    figure = Figure(figsize=(5, 5.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, height_ratios=(3, 1), sharex=True)
    upper.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    upper.plot(
        [confidence[places == each].mean() for each in some], [right[places == each].mean() for each in some], "o-"
    )
    upper.set_ylabel("answered rightly")
    upper.set_title(
        f"{len(right)} texts, calibration error {expected_calibration_error(confidence, right):.3f}", fontsize=9
    )
    lower.hist(confidence, bins=BINS, range=(0, 1))
    lower.set_xlabel("confidence")
    lower.set_ylabel("texts")
    figure.savefig(path)


def risk_picture(trials: Trials, band: Band, path: Path) -> None:
    """The share of wrong answers at each coverage; the budget and the chosen threshold are marked."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    along = points(trials)
    total = max(1, along[-1].answered)
    figure = Figure(figsize=(6, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([each.answered / total for each in along], [each.wrong / each.answered for each in along])
    axes.axhline(band.budget, color="firebrick", linestyle="--", linewidth=1, label=f"budget {band.budget:.0%}")
    chosen = [each for each in along if each.threshold >= band.answer]
    if chosen:
        axes.plot([chosen[-1].answered / total], [chosen[-1].wrong / chosen[-1].answered], "o", color="black",
                  label=f"answers from {band.answer:.2f}")  # fmt: skip
    axes.set_xlabel("share of messages answered")
    axes.set_ylabel("share of answers that are wrong")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    figure.savefig(path)
