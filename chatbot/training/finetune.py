"""Examples in, model folder out: the BERT encoder is fine-tuned with a cosine head on top."""

from __future__ import annotations

import copy
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from chatbot.encoder import OnnxEncoder
from chatbot.errors import TrainingError
from chatbot.files import written_beside
from chatbot.models.folder import EncoderCard, Labels, write_json, write_labels
from chatbot.models.registry import fingerprint_of
from chatbot.training.base_models import checkpoint, description
from chatbot.training.calibrate import fitted_temperature
from chatbot.training.evaluate import confusion_picture, report
from chatbot.training.export import export
from chatbot.training.network import Network, TextReader, apply, attention, load_encoder, without_dropout
from training_data.examples import Example

Progress = Callable[[str, float, float], None]
"""Told the stage, the share done in [0, 1], and the seconds left of it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to train. The defaults are those of docs/benchmarks.md.

    epochs: 0 lets the size of the data choose, at least fewest_epochs. learning_rate: of the encoder, 0 lets its size
    choose; the head's is HEAD_RATE times it.
    max_length: in tokens; a customer's first hundred words say what it is about. validation: share of the examples.
    """

    epochs: int = 0
    fewest_epochs: int = 3
    batch: int = 32
    learning_rate: float = 0.0
    weight_decay: float = 0.01
    warm_up: float = 0.1
    label_smoothing: float = 0.1
    max_length: int = 128
    validation: float = 0.1
    patience: int = 2
    seed: int = 13


HEAD_RATE = 10.0
FEW_EPOCHS = 3
"""Up to here no text is read often enough to be learned by heart: a narrow encoder bears a higher rate, and dropout
gains nothing that could be measured. In seven readings of ten texts an intent it gained two points."""
NARROW, NARROW_RATE = 512, 2e-4
"""Hidden units; E5-small and MiniLM have 384."""
SHALLOW, SHALLOW_RATE, DEEP_RATE = 6, 1.5e-4, 5e-5
"""Layers. A distilled encoder of six bears three times the rate of BERT's twelve (Devlin et al. 2019: 2e-5 to 5e-5)."""
FEWEST_STEPS = 140
"""Below this many updates the encoder has hardly moved; small data is read more often, up to MOST_EPOCHS times."""
MOST_EPOCHS = 12
MEANS_OF = 32
"""Texts of a label whose mean is its first vector: more move the mean little, and cost a tenth of the training."""


def train(
    examples: Sequence[Example],
    masked: Callable[[str], str],
    patterns: Mapping[str, Sequence[str]],
    base_model: str,
    home: Path,
    output: Path,
    options: Options,
    progress: Progress,
) -> Mapping[str, Any]:
    """Trains on the examples and writes the model folder `output`, whole or not at all. Returns its metrics.

    masked: replaces personal data, as serving does. patterns: what masked was made of; kept in the folder.
    Raises TrainingError if the examples do not suffice or the output is there already, BaseModelError for the base,
    OSError if the output cannot be written.
    """
    started = time.monotonic()
    if output.exists():
        raise TrainingError(f"{output}: exists already. Name a new folder; a model is never overwritten.")
    rows = usable(examples, masked)
    labels = tuple(sorted({row.intent for row in rows}))
    training, validation = split(rows, options)
    with written_beside(output) as folder:  # begun now: a place that cannot be written is told before the long work
        seed(options.seed)
        progress("base model", 0.0, 0.0)
        base = checkpoint(base_model, home)
        about = description(base)
        reader = TextReader(base, about.prefix, min(options.max_length, about.max_length))
        encoder = load_encoder(base)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = Network(encoder, encoder.config.hidden_size, len(labels)).to(device)
        epochs = epochs_of(len(training), options)
        if epochs <= FEW_EPOCHS:
            without_dropout(encoder)
        with attention(encoder, "eager"):
            best = fit(network, reader, training, validation, labels, options, progress)
        progress("export", 0.0, 0.0)
        fingerprint = fingerprint_of([f"{row.text}\t{row.intent}" for row in rows])
        card = EncoderCard(
            f"intents-{about.sha256[:8]}-{fingerprint[:8]}", network.mean.numel(), about.prefix, reader.max_length
        )
        write_json(folder / "masking.json", {"patterns": {name: list(group) for name, group in patterns.items()}})
        metrics = {**write_classifier(network, reader, card, labels, validation, folder), "best_epoch": best}
        write_json(folder / "metrics.json", metrics)
        provenance = {
            "data": {"fingerprint": fingerprint, "training": len(training), "validation": len(validation)},
            "base_model": asdict(about),
            "code": version("frontdesk"),
            "torch": torch.__version__,
            "device": device.type,
            "options": asdict(options),
            "chosen": {
                "epochs": epochs,
                "learning_rate": learning_rate_of(network, options, epochs),
            },
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - started, 1),
        }
        write_json(folder / "provenance.json", provenance)
    progress("done", 1.0, 0.0)
    return metrics


def write_classifier(
    network: Network,
    reader: TextReader,
    card: EncoderCard,
    labels: tuple[str, ...],
    validation: Sequence[Example],
    folder: Path,
) -> Mapping[str, Any]:
    """Graph, tokenizer, calibrated labels and the picture into the folder; returns what the validation split says."""
    texts = [row.text for row in validation]
    targets = np.array([labels.index(row.intent) for row in validation], dtype=np.int64)
    parity = export(network, reader, card, folder, texts, [int(target) for target in targets])
    logits = OnnxEncoder(folder, torch.get_num_threads()).run(texts).logits  # of the graph that serves
    write_labels(folder, Labels(labels, fitted_temperature(logits, targets)))
    judged = report(folder, validation)
    confusion_picture(judged, folder / "confusion.png")
    return {"validation": judged.as_json(), "parity": parity.as_json()}


def usable(examples: Sequence[Example], masked: Callable[[str], str]) -> list[Example]:
    """The examples with masked texts, each text once; a text under two intents goes by the first.

    Raises TrainingError if fewer than two intents or fewer than two examples of an intent are left.
    """
    rows: dict[str, Example] = {}
    for example in examples:
        text = masked(example.text)
        if text:
            rows.setdefault(
                text.casefold(), Example(text, example.intent, example.language, example.source, example.group)
            )
    counts = Counter(row.intent for row in rows.values())
    if len(counts) < 2:
        raise TrainingError(
            f"{len(rows)} examples of {len(counts)} intent(s) were read; at least two intents are needed."
        )
    short = [intent for intent, count in counts.items() if count < 2]
    if short:
        raise TrainingError(
            f"Intent {', '.join(short)} has one example only; at least two are needed, fifteen are good."
        )
    return list(rows.values())


def split(rows: Sequence[Example], options: Options) -> tuple[list[Example], list[Example]]:
    """Training and validation, by conversation and never by row, with about the same share of each intent.

    An intent keeps at least one example in training, whatever the share. Raises TrainingError if nothing is left to
    validate on.
    """
    groups: dict[str, list[Example]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row.group or f"row {number}", []).append(row)
    order = sorted(groups)
    random.Random(options.seed).shuffle(order)
    left = Counter(row.intent for row in rows)
    wanted = {intent: max(1, round(count * options.validation)) for intent, count in left.items()}
    chosen: set[str] = set()
    for name in order:
        have = Counter(row.intent for row in groups[name])
        if all(wanted[intent] >= count and left[intent] - count >= 1 for intent, count in have.items()):
            chosen.add(name)
            for intent, count in have.items():
                wanted[intent] -= count
                left[intent] -= count
    if not chosen:
        raise TrainingError(
            f"None of the {len(groups)} conversations can be set aside to validate on: each is too large a part of an "
            "intent's examples. Add conversations, or single examples."
        )
    return (
        [row for name in order if name not in chosen for row in groups[name]],
        [row for name in order if name in chosen for row in groups[name]],
    )


def seed(number: int) -> None:
    """Fixes every source of chance, so that the same data gives the same model on the same machine."""
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def fit(
    network: Network,
    reader: TextReader,
    training: Sequence[Example],
    validation: Sequence[Example],
    labels: Sequence[str],
    options: Options,
    progress: Progress,
) -> int:
    """Trains the network in place and leaves the weights of the best epoch in it; returns that epoch, from 0.

    Epoch 0 is the network before any update: a nearest-centroid classifier.
    """
    number = {label: index for index, label in enumerate(labels)}
    texts, targets = [row.text for row in training], torch.tensor([number[row.intent] for row in training])
    truth = torch.tensor([number[row.intent] for row in validation])

    def loss_now() -> float:
        logits = apply(network, reader, [row.text for row in validation])[2]
        return float(functional.cross_entropy(logits, truth, label_smoothing=options.label_smoothing))

    device = network.scale.device
    first = some_of_each(targets, MEANS_OF)
    network.start_from(apply(network, reader, [texts[i] for i in first])[0].to(device), targets[first].to(device))
    weights = class_weights(targets, len(labels)).to(device)
    steps = math.ceil(len(texts) / options.batch)
    epochs = epochs_of(len(texts), options)
    optimiser = torch.optim.AdamW(rates(network, options, epochs), weight_decay=options.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, warm_up_and_decay(steps * epochs, options.warm_up))
    best, best_loss, best_weights, began, done = 0, loss_now(), trained_weights(network), time.monotonic(), 0
    for epoch in range(1, epochs + 1):
        network.train()
        for batch in batches([len(text) for text in texts], options.batch, options.seed + epoch):
            tokens = reader([texts[i] for i in batch], device)
            with reduced_precision(device):
                pooled = network.pooled(tokens.input_ids, tokens.attention_mask)
            _, logits = network.read(pooled.float())
            loss = functional.cross_entropy(
                logits, targets[batch].to(device), weight=weights, label_smoothing=options.label_smoothing
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            done += 1
            left = (time.monotonic() - began) / done * (steps * epochs - done)
            progress(f"epoch {epoch} of {epochs}", done / (steps * epochs), left)
        loss_after = loss_now()
        if loss_after < best_loss:
            best, best_loss, best_weights = epoch, loss_after, trained_weights(network)
        elif epoch - max(best, 1) >= options.patience:
            break
    network.load_state_dict(best_weights, strict=False)
    return best


def some_of_each(targets: torch.Tensor, most: int) -> list[int]:
    """Places of the first so many of each label, in order."""
    seen: Counter[int] = Counter()
    places = []
    for place, target in enumerate(targets.tolist()):
        seen[target] += 1
        if seen[target] <= most:
            places.append(place)
    return places


def reduced_precision(device: torch.device) -> torch.autocast:
    """Matrix products in bfloat16 where the processor computes in it, for half the time; the weights stay float32."""
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
    else:
        able = any(torch.cpu.get_capabilities().get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=bool(able))


def trained_weights(network: Network) -> dict[str, torch.Tensor]:
    """A copy of the weights that training moves."""
    moving = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    return {name: copy.deepcopy(value) for name, value in network.state_dict().items() if name in moving}


def class_weights(targets: torch.Tensor, labels: int) -> torch.Tensor:
    """The square root of the inverse frequency, mean 1: a rare intent counts more, but is not shouted."""
    counts = torch.bincount(targets, minlength=labels).clamp(min=1).float()
    weights = (counts.mean() / counts).sqrt()
    return weights / weights.mean()


def rates(network: Network, options: Options, epochs: int) -> list[dict[str, object]]:
    """The encoder's parameters at the learning rate, the head's at HEAD_RATE times it."""
    encoder = [p for p in network.encoder.parameters() if p.requires_grad]
    rate = learning_rate_of(network, options, epochs)
    return [
        {"params": encoder, "lr": rate},
        {"params": [network.labels, network.bias], "lr": rate * HEAD_RATE},
        {"params": [network.scale], "lr": rate * HEAD_RATE, "weight_decay": 0.0},
    ]


def epochs_of(texts: int, options: Options) -> int:
    """At most so many: as the options say, or enough for FEWEST_STEPS updates."""
    steps = math.ceil(texts / options.batch)
    return options.epochs or min(MOST_EPOCHS, max(options.fewest_epochs, math.ceil(FEWEST_STEPS / steps)))


def learning_rate_of(network: Network, options: Options, epochs: int) -> float:
    """The encoder's: as the options say, or by how often the data is read, by its width and its depth.

    Architectures that do not tell their depth count as deep.
    """
    if options.learning_rate:
        return options.learning_rate
    if epochs <= FEW_EPOCHS and network.mean.numel() <= NARROW:
        return NARROW_RATE
    layers = int(getattr(network.encoder.config, "num_hidden_layers", SHALLOW + 1))
    return SHALLOW_RATE if layers <= SHALLOW else DEEP_RATE


def warm_up_and_decay(steps: int, share: float) -> Callable[[int], float]:
    """Linear from 0 to 1 over the share of the steps, then linear to 0 (Devlin et al. 2019)."""
    rise = max(1, round(steps * share))
    return lambda step: min((step + 1) / rise, max(0.0, (steps - step) / max(1, steps - rise)))


def batches(lengths: Sequence[int], size: int, seed: int) -> Iterator[list[int]]:
    """Random batches of texts of similar length: sorted within windows of eight batches, so that they pad little."""
    chance = random.Random(seed)
    order = list(range(len(lengths)))
    chance.shuffle(order)
    found = []
    for start in range(0, len(order), 8 * size):
        window = sorted(order[start : start + 8 * size], key=lambda index: lengths[index])
        found += [window[i : i + size] for i in range(0, len(window), size)]
    chance.shuffle(found)
    yield from found
