"""The BERT encoder is fine-tuned with a cosine head on top."""

from __future__ import annotations

import copy
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional

from chatbot.training.adversarial import Words
from chatbot.training.mistakes import slip, sounds
from chatbot.training.network import Network, TextReader, Tokens, apply
from training_data.examples import Example

Progress = Callable[[str, float, float], None]
"""Told the stage, the share done in [0, 1], and the seconds left of it."""
Extra = Callable[[Sequence[int], torch.Tensor], torch.Tensor]
"""A loss beside those of `fit`. Given: the places of a batch's rows, and their logits."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to train. The defaults are those of docs/benchmarks.md.

    epochs: 0 lets the size of the data choose, at least fewest_epochs. learning_rate: of the encoder, 0 lets its size
    choose; the head's is HEAD_RATE times it.
    max_length: in tokens; a customer's first hundred words say what it is about. validation: share of the examples.
    mistakes: share of a batch's texts that get a typing mistake. adversarial: how far word vectors are moved, beside
    their length; 0: not at all. Both only where a text is read more than FEW_EPOCHS times.
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
    mistakes: float = 0.5
    adversarial: float = 0.1
    seed: int = 13


HEAD_RATE = 10.0
FEW_EPOCHS = 3
"""Up to here no text is read often enough to be learned by heart: a narrow encoder bears a higher rate, and dropout,
typing mistakes and moved words gain nothing that could be measured (docs/benchmarks.md). In more readings of ten texts
an intent dropout gained two points, the others together one and a half."""
NARROW, NARROW_RATE = 512, 2e-4
"""Hidden units; E5-small and MiniLM have 384."""
SHALLOW, SHALLOW_RATE, DEEP_RATE = 6, 1e-4, 5e-5
"""Layers. A distilled encoder of six bears twice the rate of BERT's twelve (Devlin et al. 2019: 2e-5 to 5e-5)."""
FEWEST_STEPS = 200
"""Below this many updates the encoder has hardly moved; small data is read more often, up to MOST_EPOCHS times."""
CONTRAST_FEW, CONTRAST_MANY = 1.0, 0.5
"""Weight of the contrastive loss beside cross-entropy, for data that is read more than FEW_EPOCHS times and for other.
On ten texts an intent it gains 1.5 points, on the live bot's sixteen 2.0; see docs/benchmarks.md."""
CLOSENESS = 0.1
"""Temperature of the contrastive loss."""
MOST_EPOCHS = 12
MEANS_OF = 32
"""Texts of a label whose mean is its first vector: more move the mean little, and cost a tenth of the training."""


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
    extra: Extra | None = None,
) -> int:
    """Trains the network in place and leaves the weights of the best epoch in it; returns that epoch, from 0.

    Epoch 0 is the network before any update: a nearest-centroid classifier. Without validation the last is the best.
    Cross-entropy and a supervised contrastive loss together: texts of one intent come to lie side by side. Some texts
    get a typing mistake, each time another; and cross-entropy once more, on word vectors moved against the network.
    """
    number = {label: index for index, label in enumerate(labels)}
    texts, targets = [row.text for row in training], torch.tensor([number[row.intent] for row in training])
    truth = torch.tensor([number[row.intent] for row in validation])

    def loss_now() -> float:
        if not validation:
            return math.inf
        logits = apply(network, reader, [row.text for row in validation])[2]
        return float(functional.cross_entropy(logits, truth, label_smoothing=options.label_smoothing))

    device = network.scale.device
    first = some_of_each(targets, MEANS_OF)
    network.start_from(apply(network, reader, [texts[i] for i in first])[0].to(device), targets[first].to(device))
    weights = class_weights(targets, len(labels)).to(device)
    steps = math.ceil(len(texts) / options.batch)
    epochs = epochs_of(len(texts), options)
    contrast = CONTRAST_MANY if epochs <= FEW_EPOCHS else CONTRAST_FEW
    chance, alike, words = random.Random(options.seed), sounds(texts if options.mistakes else ()), Words(network)
    optimiser = torch.optim.AdamW(rates(network, options, epochs), weight_decay=options.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, warm_up_and_decay(steps * epochs, options.warm_up))
    best, best_loss, best_weights, began, done = 0, loss_now(), trained_weights(network), time.monotonic(), 0
    for epoch in range(1, epochs + 1):
        network.train()
        for batch in batches([len(text) for text in texts], options.batch, options.seed + epoch):
            slips = [chance.random() < options.mistakes for _ in batch]
            written = [
                slip(texts[i], alike, chance) if wrong else texts[i] for i, wrong in zip(batch, slips, strict=True)
            ]
            tokens, wanted = reader(written, device), targets[batch].to(device)
            optimiser.zero_grad()
            with words.watched():
                vectors, logits = forward(network, tokens)
            loss = functional.cross_entropy(logits, wanted, weight=weights, label_smoothing=options.label_smoothing)
            loss = loss + contrast * contrastive(vectors, wanted)
            if extra:
                loss = loss + extra(batch, logits)
            loss.backward()  # type: ignore[no-untyped-call]
            if options.adversarial:
                with words.moved(options.adversarial):
                    logits = forward(network, tokens)[1]
                functional.cross_entropy(logits, wanted).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            done += 1
            left = (time.monotonic() - began) / done * (steps * epochs - done)
            progress(f"epoch {epoch} of {epochs}", done / (steps * epochs), left)
        loss_after = loss_now()
        if loss_after < best_loss or not validation:
            best, best_loss, best_weights = epoch, loss_after, trained_weights(network)
        elif epoch - max(best, 1) >= options.patience:
            break
    network.load_state_dict(best_weights, strict=False)
    return best


def forward(network: Network, tokens: Tokens) -> tuple[torch.Tensor, torch.Tensor]:
    """Sentence embeddings and logits; the encoder in reduced precision, the head in float32."""
    with reduced_precision(tokens.input_ids.device):
        pooled = network.pooled(tokens.input_ids, tokens.attention_mask)
    return network.read(pooled.float())


def contrastive(vectors: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """How far texts of one label lie apart in a batch, against the others; 0 if no label is there twice.

    vectors: shape (batch, dim), L2-normalised. Source: Khosla et al. 2020, "Supervised Contrastive Learning", L_out.
    """
    own = torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    near = (vectors @ vectors.T / CLOSENESS).masked_fill(own, -1e9)
    same = (targets[:, None] == targets[None]) & ~own
    some = same.any(1)
    shares = torch.log_softmax(near, dim=1)
    losses = -(shares * same).sum(1)[some] / same.sum(1)[some]
    return losses.mean() if bool(some.any()) else vectors.sum() * 0


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


def is_read_often(texts: int, options: Options) -> bool:
    """Whether each text is read more than FEW_EPOCHS times."""
    return epochs_of(texts, options) > FEW_EPOCHS


def suited(texts: int, options: Options) -> Options:
    """The options for so many texts: no mistakes and no adversarial training where they are not read often."""
    return options if is_read_often(texts, options) else replace(options, mistakes=0.0, adversarial=0.0)


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
