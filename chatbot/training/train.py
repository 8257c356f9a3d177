"""Examples in, model folder out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from chatbot.encoder import OnnxEncoder
from chatbot.errors import TrainingError
from chatbot.files import written_beside
from chatbot.models.folder import EncoderCard, Labels, write_json, write_labels
from chatbot.models.registry import fingerprint_of
from chatbot.models.thresholds import BUDGET, Calibrated, Trials, write_thresholds
from chatbot.training import linear
from chatbot.training.base_models import BaseDescription, checkpoint, description
from chatbot.training.calibrate import band, fitted
from chatbot.training.choosing import chosen
from chatbot.training.evaluate import judgement
from chatbot.training.export import Parity, export
from chatbot.training.finetune import Options, Progress, epochs_of, fit, is_read_often, learning_rate_of, seed, suited
from chatbot.training.network import Network, TextReader, apply, attention, load_encoder, without_dropout
from chatbot.training.pictures import confusion_picture, reliability_picture
from chatbot.training.splits import Plan, Round, planned, usable
from chatbot.training.tagging import Lesson, lesson_of
from chatbot.training.tagging import learned as learned_tagger
from chatbot.understanding.confidence import Calibration, Reading, confidences
from chatbot.understanding.entities import NO_TABLES, Tables
from chatbot.understanding.intents import inside
from chatbot.understanding.masking import Masker
from chatbot.understanding.ngrams import Floats, Sparse
from chatbot.understanding.reader import Examples, Reader, Sentences
from chatbot.understanding.tagging import write_entities
from knowledge_base.text import simplified
from training_data.examples import OUT_OF_SCOPE, Example

CHECKED = 400
"""Texts that the exported graph is compared with torch on."""
UNKNOWN = -1
"""Target of a text whose intent was not learned."""


@dataclass(frozen=True, slots=True)
class Base:
    """The checkpoint that is fine-tuned, and what must be known of it."""

    folder: Path
    about: BaseDescription
    max_length: int

    def reader(self) -> TextReader:
        """Its tokenizer."""
        return TextReader(self.folder, self.about.prefix, self.max_length)


@dataclass(frozen=True, slots=True)
class Material:
    """The examples, ready to be learned from. places, vectors: of the sentence encoders, shapes (n,) and (n, dim)."""

    rows: Sequence[Example]
    labels: tuple[str, ...]
    targets: NDArray[np.int64]
    sentences: str
    places: NDArray[np.int64]
    vectors: Floats


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned from some of the rows. network: None where the encoder is not tuned. best: its epoch."""

    reader: Reader
    network: Network | None
    best: int


def train(
    examples: Sequence[Example],
    masked: Callable[[str], str],
    patterns: Mapping[str, Sequence[str]],
    base_model: str,
    sentences: Sentences,
    home: Path,
    output: Path,
    options: Options,
    progress: Progress,
    tables: Tables = NO_TABLES,
) -> Mapping[str, Any]:
    """Trains on the examples and writes the model folder `output`, whole or not at all. Returns its metrics.

    masked: replaces personal data, as serving does. patterns: what masked was made of; kept in the folder. sentences:
    the encoders that serving uses for the search. tables: lists and synonyms of entities. How it is trained follows
    from the size of the data: splits.planned.
    Raises TrainingError if the examples do not suffice or the output is there already, BaseModelError for the base,
    OSError if the output cannot be written.
    """
    started = time.monotonic()
    check_new(output)
    rows = usable(examples, lambda text: simplified(masked(text)))
    plan = planned(rows, options.validation, options.seed)
    with written_beside(output) as folder:  # begun now: a place that cannot be written is told before the long work
        seed(options.seed)
        progress("base model", 0.0, 0.0)
        base = base_of(base_model, rows, home, options) if plan.tuned else None
        progress("sentence vectors", 0.0, 0.0)
        material = prepared(rows, sentences)
        learned, reading = rounds(material, plan, base, options, progress)
        progress("export", 0.0, 0.0)
        lesson = lesson_of(examples, Masker(patterns), tables, options.seed)
        parity = write_encoder(learned, material, plan, base, folder, with_tokens=bool(lesson.kinds))
        if parity and not plan.folded:  # what serves is calibrated: the graph, and not the network behind it
            texts = [rows[place].text for place in plan.held]
            reading = replace(reading, tuned=OnnxEncoder(folder).run(texts).logits)
        learned.reader.save(folder)
        write_json(folder / "masking.json", {"patterns": {name: list(group) for name, group in patterns.items()}})
        metrics = write_calibrated(reading, material, plan, folder) | {
            "parity": parity.as_json() if parity else None,
            "best_epoch": learned.best,
        }
        metrics |= write_tagger(lesson, tables, OnnxEncoder(folder) if parity else None, folder, options.seed)
        write_json(folder / "metrics.json", metrics)
        seconds = round(time.monotonic() - started, 1)
        write_json(
            folder / "provenance.json", provenance(learned, material, plan, base, options) | {"seconds": seconds}
        )
    progress("done", 1.0, 0.0)
    return metrics


def rounds(
    material: Material, plan: Plan, base: Base | None, options: Options, progress: Progress
) -> tuple[Learned, Reading]:
    """What is served, and the readings of all texts held out.

    Of one round, the encoder is served as it is; the linear reader, which is fitted in seconds, learns from the texts
    held out, too, once they have been read.
    """
    every = tuple(range(len(material.rows)))
    if not plan.folded:
        learned = learn(material, plan.rounds[0], base, options, progress, watch=True)
        reading = read(learned, material, plan.rounds[0], base)
        progress("words", 0.0, 0.0)
        return replace(learned, reader=linear_reader(material, every)), reading
    readings = []
    for number, each in enumerate(plan.rounds, start=1):
        learned = learn(material, each, base, options, prefixed(progress, f"round {number}, "))
        readings.append(read(learned, material, each, base))
    return learn(material, Round(every, ()), base, options, progress), together(readings)


def write_tagger(
    lesson: Lesson, tables: Tables, encoder: OnnxEncoder | None, folder: Path, seed: int
) -> dict[str, Any]:
    """The tables, and what was learned of entities, into the folder; returns the quality, where any were learned."""
    if not lesson.kinds:
        write_entities(folder, tables, None)
        return {}
    tagger, quality = learned_tagger(lesson, encoder, seed)
    write_entities(folder, tables, tagger)
    return {"entities": quality}


def write_calibrated(reading: Reading, material: Material, plan: Plan, folder: Path) -> dict[str, Any]:
    """Labels, thresholds and pictures into the folder; returns the quality on the texts held out."""
    truth = np.concatenate([targets_of(material, each) for each in plan.rounds])
    calibration = fitted(reading, truth, inside(material.labels))
    write_labels(folder, Labels(material.labels, plan.tuned, calibration))
    trials = tried(reading, calibration, truth, material.labels)
    write_thresholds(folder, Calibrated(band(trials, BUDGET), trials))
    return measured(reading, calibration, material, plan.held, truth, folder)


def provenance(learned: Learned, material: Material, plan: Plan, base: Base | None, options: Options) -> dict[str, Any]:
    """What the model was made of, with what, and how."""
    texts = len(material.rows) if plan.folded else len(plan.rounds[0].learned)
    return {
        "data": {
            "fingerprint": fingerprint_of([f"{row.text}\t{row.intent}" for row in material.rows]),
            "training": texts,
            "held_out": len(plan.held),
            "rounds": len(plan.rounds),
        },
        "base_model": asdict(base.about) if base else None,
        "sentences": material.sentences,
        "code": version("frontdesk"),
        "torch": torch.__version__,
        "device": device().type,
        "options": asdict(options),
        "chosen": how(learned.network, texts, options),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def check_new(output: Path) -> None:
    """Raises TrainingError if the output is there already."""
    if output.exists():
        raise TrainingError(f"{output}: exists already. Name a new folder; a model is never overwritten.")


def device() -> torch.device:
    """Where the encoder is tuned."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def base_of(base_model: str, rows: Sequence[Example], home: Path, options: Options) -> Base:
    """The checkpoint for these texts."""
    folder = checkpoint(chosen(base_model, [row.text for row in rows], home), home)
    about = description(folder)
    return Base(folder, about, min(options.max_length, about.max_length))


def prepared(rows: Sequence[Example], sentences: Sentences) -> Material:
    """The rows with their labels as numbers and their sentence vectors."""
    texts = [row.text for row in rows]
    labels = tuple(sorted({row.intent for row in rows}))
    number = {label: at for at, label in enumerate(labels)}
    return Material(
        rows,
        labels,
        np.array([number[row.intent] for row in rows], np.int64),
        sentences.name,
        np.array([sentences.place(text) for text in texts], np.int64),
        sentences.encode(texts),
    )


def targets_of(material: Material, each: Round) -> NDArray[np.int64]:
    """The right label of each text held out; what answers an unknown intent is out of scope, where there is that."""
    outside = next((at for at, label in enumerate(material.labels) if label in OUT_OF_SCOPE), UNKNOWN)
    held = list(each.held)
    missing = [material.rows[place].intent in each.unknown for place in held]
    return np.where(missing, outside, material.targets[held])


def learn(
    material: Material, each: Round, base: Base | None, options: Options, progress: Progress, watch: bool = False
) -> Learned:
    """Both readers, from the rows of a round. watch: the rows held out tell when to stop."""
    rows = [material.rows[place] for place in each.learned]
    progress("words", 0.0, 0.0)
    reader = linear_reader(material, list(each.learned))
    if base is None:
        return Learned(reader, None, 0)
    encoder = load_encoder(base.folder)
    network = Network(encoder, encoder.config.hidden_size, len(material.labels)).to(device())
    if not is_read_often(len(rows), options):
        without_dropout(encoder)
    watched = [material.rows[place] for place in each.held] if watch else []
    with attention(encoder, "eager"):
        best = fit(network, base.reader(), rows, watched, material.labels, suited(len(rows), options), progress)
    return Learned(reader, network, best)


def linear_reader(material: Material, learned: Sequence[int]) -> Reader:
    """The linear reader and the nearest examples of some rows."""
    rows = list(learned)  # numpy reads a tuple of places as one place in many dimensions
    texts = [material.rows[place].text for place in learned]
    ngrams = linear.vocabulary(texts)
    found = [ngrams.sparse(text) for text in texts]
    weights = linear.fitted(
        [int(place) for place in material.places[rows]],
        material.vectors[rows],
        found,
        material.targets[rows],
        len(ngrams.vocabulary),
        len(material.labels),
    )
    return Reader(material.sentences, ngrams, weights, examples_of(material, learned, found))


def examples_of(material: Material, learned: Sequence[int], found: Sequence[Sparse]) -> Examples:
    """Those in scope: being near to what is out of scope is no reason to answer."""
    kept = [(at, place) for at, place in enumerate(learned) if material.rows[place].intent not in OUT_OF_SCOPE]
    places = [place for _, place in kept]
    return Examples(
        [material.rows[place].text for place in places],
        [material.rows[place].intent for place in places],
        material.places[places],
        material.vectors[places],
        [found[at] for at, _ in kept],
    )


def read(learned: Learned, material: Material, each: Round, base: Base | None) -> Reading:
    """What was learned says of the texts held out."""
    held = list(each.held)
    texts = [material.rows[place].text for place in held]
    logits, nearness = learned.reader.read(texts, [int(p) for p in material.places[held]], material.vectors[held])
    tuned: Floats | None = None
    if learned.network is not None and base is not None:
        tuned = apply(learned.network, base.reader(), texts)[2].numpy()
        missing = [at for at, label in enumerate(material.labels) if label in each.unknown]
        tuned[:, missing] = linear.NEVER
    return Reading(tuned, logits, nearness)


def together(readings: Sequence[Reading]) -> Reading:
    """Those of all rounds, one after another."""
    tuned = [each.tuned for each in readings if each.tuned is not None]
    return Reading(
        np.concatenate(tuned) if tuned else None,
        np.concatenate([each.linear for each in readings]),
        np.concatenate([each.nearness for each in readings]),
    )


def write_encoder(
    learned: Learned, material: Material, plan: Plan, base: Base | None, folder: Path, with_tokens: bool
) -> Parity | None:
    """The tuned encoder as a graph, compared with torch on some of the rows; None if it was not tuned.

    with_tokens: whether it tells the vectors of tokens, too.
    """
    if learned.network is None or base is None:
        return None
    checked = range(len(material.rows)) if plan.folded else plan.held
    some = checked[:: max(1, len(checked) // CHECKED)]
    name = f"intents-{base.about.sha256[:8]}-{fingerprint_of([row.text for row in material.rows])[:8]}"
    card = EncoderCard(name, learned.network.mean.numel(), base.about.prefix, base.max_length)
    texts, targets = [material.rows[place].text for place in some], [int(material.targets[place]) for place in some]
    return export(learned.network, base.reader(), card, folder, texts, targets, with_tokens)


def tried(reading: Reading, calibration: Calibration, truth: NDArray[np.int64], labels: Sequence[str]) -> Trials:
    """What the calibrated readers would have answered. A text that is likeliest out of scope has the score 0."""
    columns = np.array(inside(labels))
    certain = confidences(reading, calibration, inside(labels))
    order = columns[np.argsort(-certain[:, columns], axis=1, kind="stable")]
    first = order[:, 0]
    scores = np.where(certain.argmax(1) == first, certain[np.arange(len(first)), first], 0.0)
    return Trials(
        tuple(float(score) for score in scores),
        tuple(bool(right) for right in first == truth),
        tuple(bool(right) for right in (order[:, :3] == truth[:, None]).any(1)),
        tuple(bool(known) for known in np.isin(truth, columns)),
    )


def measured(
    reading: Reading,
    calibration: Calibration,
    material: Material,
    held: Sequence[int],
    truth: NDArray[np.int64],
    folder: Path,
) -> dict[str, Any]:
    """Quality on the rows whose intent had been learned, with its pictures."""
    certain = confidences(reading, calibration, inside(material.labels))
    known = np.flatnonzero((truth >= 0) & (truth == material.targets[list(held)])).tolist()
    judged = judgement(material.labels, certain[known], [material.rows[held[at]] for at in known])
    confusion_picture(judged, folder / "confusion.png")
    reliability_picture(certain.max(1), certain.argmax(1) == truth, folder / "reliability.png")
    return {"validation": judged.as_json()}


def how(network: Network | None, texts: int, options: Options) -> Mapping[str, Any] | None:
    """Epochs and learning rate, where the encoder was tuned."""
    if network is None:
        return None
    epochs = epochs_of(texts, options)
    return {"epochs": epochs, "learning_rate": learning_rate_of(network, options, epochs)}


def prefixed(progress: Progress, stage: str) -> Progress:
    """The same progress, its stages named after a round."""
    return lambda name, share, left: progress(stage + name, share, left)
