"""Intents: each set is trained and judged in a process and a home of its own, with one and the same recipe."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.benchmarks.apart import within
from chatbot.benchmarks.errors import BenchmarkError, OutOfTimeError
from chatbot.benchmarks.homes import fresh_home, settings_for
from chatbot.benchmarks.intent_sets import IntentSet, learnable
from chatbot.benchmarks.memory import peak_mb
from chatbot.benchmarks.provenance import SEED

if TYPE_CHECKING:
    from chatbot.models.thresholds import Band
    from chatbot.training.evaluate import Judgement, Quality

QUICK_SECONDS = 560.0
"""The quick form ends within ten minutes on any machine: the sets that are not done by then are left out, and named."""
SHORTEST = 20.0
"""Seconds below which no set is begun: loading torch and writing a graph take as many."""
FLOOR_ROWS = 5000
"""Training rows up to which the floor is fitted without --full: logistic regression over 150 labels takes minutes."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares in [0, 1]; see chatbot.training.evaluate.Quality.

    coverage_at_budget: of the in-scope rows, answered automatically at the model's own thresholds. error_at_budget:
    wrong or out-of-scope rows among all that were answered.
    """

    accuracy: float
    in_scope_accuracy: float
    macro_f1: float
    oos_auroc: float | None
    coverage_at_budget: float | None
    error_at_budget: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """Of one set.

    *_rows_there: before thinning. budget: of wrong answers; certified: whether the training rows were enough to certify
    it. ece: expected calibration error. train_seconds: with making the sentence encoders. peak_rss_mb: of the process
    that trained and then judged. floor: TF-IDF with logistic regression; None: not fitted. training: what the trainer
    says of itself.
    """

    set: str
    training_rows: int
    training_rows_there: int
    test_rows: int
    test_rows_there: int
    labels: int
    seed: int
    overall: Figures
    per_language: Mapping[str, Figures]
    budget: float
    certified: bool
    ece: float
    train_seconds: float
    judge_ms_per_text: float
    peak_rss_mb: float | None
    floor: Figures | None
    training: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The overall figures stand at the top."""
        whole = asdict(self)
        return {"set": whole.pop("set"), **whole.pop("overall"), **whole}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A set without figures, and why."""

    set: str
    left_out: str

    def as_json(self) -> dict[str, Any]:
        """As it is."""
        return asdict(self)


def measure(
    sets: Sequence[IntentSet], base_models: Path, full: bool, seconds: float | None, tell: Callable[[str], None]
) -> list[Result | LeftOut]:
    """A result for each set, in their order. seconds: for all together; None: no end."""
    began = time.monotonic()
    found: list[Result | LeftOut] = []
    for each in sets:
        left = None if seconds is None else seconds - (time.monotonic() - began)
        tell(f"{each.name}: {len(each.taught.examples)} training rows, {len(each.asked)} test rows")
        with_floor = full or len(each.taught.examples) <= FLOOR_ROWS
        try:
            found.append(measured_within(left, each, base_models, with_floor))
        except BenchmarkError as error:
            if len(sets) == 1:
                raise
            found.append(LeftOut(each.name, str(error)))  # the others are not lost with it
        if isinstance(found[-1], LeftOut):
            tell(f"{each.name} is left out: {found[-1].left_out}")
    return found


def measured_within(seconds: float | None, each: IntentSet, base_models: Path, with_floor: bool) -> Result | LeftOut:
    """The result of one set, or that its time was over."""
    if seconds is not None and seconds < SHORTEST:
        return LeftOut(each.name, "the time of the quick form was over; --full measures it")
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as place:  # made here: a process that is killed
        home = fresh_home(Path(place), base_models)  # cannot clear up after itself
        try:
            return within(seconds, measured, each, home, with_floor)
        except OutOfTimeError:
            return LeftOut(each.name, "it did not end within the time of the quick form; --full measures it")


def measured(each: IntentSet, home: Path, with_floor: bool) -> Result:
    """Trains and judges; the process's peak is taken before the floor, which is no part of the product."""
    from chatbot.models.thresholds import read_thresholds
    from chatbot.setting_up import train_model
    from chatbot.showing import Bar
    from chatbot.training.evaluate import report
    from chatbot.training.finetune import Options
    from chatbot.training.floor import floor_report
    from chatbot.wiring import sentence_encoder

    settings = settings_for(home, (example.text for example in each.taught.examples))
    with Bar() as bar:
        began = time.perf_counter()
        folder, metrics = train_model(settings, learnable(each.taught), Options(seed=SEED), home / "model", bar)
        trained = time.perf_counter()
    judged = report(folder, each.asked, sentence_encoder(settings))
    band = read_thresholds(folder).band
    ended = time.perf_counter()
    peak = peak_mb()
    floor = figures(floor_report(each.taught, each.asked).overall) if with_floor else None
    return result(each, judged, band, floor, metrics, trained - began, ended - trained, peak)


def result(
    each: IntentSet,
    judged: Judgement,
    band: Band,
    floor: Figures | None,
    metrics: Mapping[str, Any],
    train_seconds: float,
    judge_seconds: float,
    peak: float | None,
) -> Result:
    """All that is told of a set. metrics: of the trainer; of them, what is one word or number."""
    return Result(
        set=each.name,
        training_rows=len(each.taught.examples),
        training_rows_there=each.taught_there,
        test_rows=len(each.asked),
        test_rows_there=each.asked_there,
        labels=len({example.intent for example in each.taught.examples}),
        seed=SEED,
        overall=figures(judged.overall),
        per_language={language: figures(quality) for language, quality in judged.per_language.items()},
        budget=band.budget,
        certified=band.certified,
        ece=round(judged.calibration_error, 4),
        train_seconds=round(train_seconds, 1),
        judge_ms_per_text=round(1000 * judge_seconds / len(each.asked), 2),
        peak_rss_mb=peak,
        floor=floor,
        training={name: value for name, value in metrics.items() if isinstance(value, str | int | float)},
    )


def figures(quality: Quality) -> Figures:
    """Of a quality, what is told, to four places."""

    def four(value: float | None) -> float | None:
        return None if value is None else round(value, 4)

    return Figures(
        round(quality.accuracy, 4),
        round(quality.in_scope_accuracy, 4),
        round(quality.macro_f1, 4),
        four(quality.oos_auroc),
        four(quality.coverage_at_budget),
        four(quality.error_at_budget),
    )
