"""What a recipe changes in the network, or adds to its loss; of these the product ships none (docs/benchmarks.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from chatbot.benchmarks.errors import BenchmarkError

WARMTH = 2.0
"""Temperature at which teacher and pupil are compared (Hinton et al. 2015)."""


def layers_of(encoder: Any) -> nn.ModuleList:
    """The list of transformer layers of any architecture: the one as long as the configuration says."""
    depth = encoder.config.num_hidden_layers
    return next(each for each in encoder.modules() if isinstance(each, nn.ModuleList) and len(each) == depth)


def held_still(encoder: Any, share: float) -> None:
    """Freezes the embeddings and that share of the layers, from below."""
    layers = layers_of(encoder)
    still = [encoder.embeddings, *list(layers)[: round(share * len(layers))]]
    for parameter in (parameter for part in still for parameter in part.parameters()):
        parameter.requires_grad = False


def shallow(encoder: Any, share: float) -> None:
    """Keeps that share of the layers, evenly spread, the last among them."""
    layers = list(layers_of(encoder))
    kept = max(1, round(share * len(layers)))
    every = len(layers) / kept
    encoder.encoder.layer = nn.ModuleList(layers[round((at + 1) * every) - 1] for at in range(kept))
    encoder.config.num_hidden_layers = kept


def with_lora(encoder: Any, rank: int) -> Any:
    """The encoder with low-rank matrices beside its linear ones, the only weights that move (Hu et al. 2021)."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise BenchmarkError("LoRA needs the package peft. Install it: .venv/bin/pip install -e '.[bench]'") from error
    return get_peft_model(
        encoder, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["query", "key", "value", "dense"])
    )


def merged(encoder: Any) -> Any:
    """The encoder that peft wrapped, its matrices multiplied in."""
    return encoder.merge_and_unload()


class Teacher:
    """The loss of not saying what the teacher says. logits: its own, of all training rows; shape (n, labels)."""

    def __init__(self, logits: torch.Tensor) -> None:
        self.logits = logits

    def __call__(self, places: Sequence[int], logits: torch.Tensor) -> torch.Tensor:
        """Kullback-Leibler divergence at WARMTH, in the scale of cross-entropy's gradients."""
        wanted = functional.log_softmax(self.logits[list(places)] / WARMTH, dim=1)
        said = functional.log_softmax(logits / WARMTH, dim=1)
        return functional.kl_div(said, wanted, log_target=True, reduction="batchmean") * WARMTH**2
