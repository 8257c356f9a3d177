"""Adversarial training: a text whose word vectors are moved where they hurt most is still to be read rightly.

Source: Miyato, Dai and Goodfellow 2017, "Adversarial Training Methods for Semi-Supervised Text Classification": the
fast gradient method (FGM) on word vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from chatbot.training.network import Network


class Words:
    """A batch's word vectors as they went into the encoder; after `backward` they have a slope. Shape (n, l, dim)."""

    def __init__(self, network: Network) -> None:
        encoder: Any = network.encoder
        self.embeddings: nn.Module = encoder.get_input_embeddings()
        self.seen: torch.Tensor | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within the block the latest batch's vectors are kept, as leaves: they come from weights that never move."""

        def kept(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:
            self.seen = output.detach()
            self.seen.requires_grad = True
            return self.seen

        with hooked(self.embeddings, kept):
            yield

    @contextmanager
    def moved(self, step: float) -> Iterator[None]:
        """Within the block the vectors are those kept, moved up their slope by `step` times their own length a text."""
        if self.seen is None or self.seen.grad is None:
            raise ValueError("Nothing was watched and gone backward through yet.")
        length, slope = norm(self.seen.detach()), self.seen.grad
        vectors = self.seen.detach() + step * length * slope / norm(slope).clamp(min=1e-12)
        with hooked(self.embeddings, lambda *_: vectors):
            yield


def norm(vectors: torch.Tensor) -> torch.Tensor:
    """Of each text, over its words and numbers; shape (n, 1, 1)."""
    length: torch.Tensor = torch.linalg.vector_norm(vectors, dim=(1, 2), keepdim=True)
    return length


@contextmanager
def hooked(module: nn.Module, hook: Any) -> Iterator[None]:
    """The hook on the module's output within the block."""
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
