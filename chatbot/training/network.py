"""The network that is fine-tuned: a BERT encoder, mean pooling, and a cosine head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from chatbot.errors import BaseModelError

BATCH = 64


@dataclass(frozen=True, slots=True)
class Tokens:
    """input_ids, attention_mask: int64, shape (batch, longest)."""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor


class Network(nn.Module):
    """Tokens in; `sentence_embedding` and `logits` out.

    sentence_embedding, shape (batch, dim): mean over the attention mask, less the mean of the training texts,
    L2-normalised. The mean is taken away because the vectors of some encoders (E5) lie in one narrow cone, where every
    cosine is near 1 (Mu and Viswanath 2018, "All-but-the-Top").
    logits, shape (batch, labels): scaled cosines to one learned vector a label (Gidaris and Komodakis 2018),
    initialised with the class means, so that training starts from a nearest-centroid classifier and not from noise.
    """

    def __init__(self, encoder: nn.Module, dim: int, labels: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.mean: torch.Tensor
        self.register_buffer("mean", torch.zeros(dim))
        self.labels = nn.Parameter(torch.zeros(labels, dim))
        self.bias = nn.Parameter(torch.zeros(labels))
        self.scale = nn.Parameter(torch.tensor(SCALE))

    def pooled(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Mean of the last hidden states over the tokens that are not padding; shape (batch, dim)."""
        return self.mean_of(self.hidden(input_ids, attention_mask), attention_mask)

    def hidden(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The last hidden states; shape (batch, length, dim)."""
        states: torch.Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states

    def mean_of(self, hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Their mean over the tokens that are not padding; shape (batch, dim)."""
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """sentence_embedding and logits."""
        return self.read(self.pooled(input_ids, attention_mask))

    def read(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """sentence_embedding and logits of pooled hidden states; shape (batch, dim)."""
        vectors = functional.normalize(pooled - self.mean, dim=-1)
        return vectors, self.scale * vectors @ functional.normalize(self.labels, dim=-1).T + self.bias

    def start_from(self, pooled: torch.Tensor, targets: torch.Tensor) -> None:
        """Mean and class means from the training texts. pooled: shape (n, dim); targets: int64, shape (n,)."""
        with torch.no_grad():
            self.mean.copy_(pooled.mean(0))
            vectors = functional.normalize(pooled - self.mean, dim=-1)
            for label in range(len(self.labels)):
                members = vectors[targets == label]
                if len(members):
                    self.labels[label] = members.mean(0)


SCALE = 16.0
"""Where the learned scale begins: cosines of two classes differ by some tenths, a softmax needs some units."""


class TextReader:
    """A checkpoint's tokenizer with its prefix. Raises BaseModelError if the folder has none that serving can use."""

    def __init__(self, folder: Path, prefix: str, max_length: int) -> None:
        try:
            # As in serving: a literal "</s>" is text. (Set at the backend it is undone by each call.)
            self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), use_fast=True, split_special_tokens=True)
        except Exception as error:  # each kind of tokenizer has its own
            raise BaseModelError(f"{folder}: its tokenizer cannot be loaded ({error}).") from error
        if not self.tokenizer.is_fast:
            raise BaseModelError(f"{folder}: has no fast tokenizer (tokenizer.json); serving needs one.")
        self.prefix, self.max_length = prefix, max_length

    def __call__(self, texts: Sequence[str], device: torch.device) -> Tokens:
        """The texts, padded to the longest of them."""
        batch = self.tokenizer(
            [self.prefix + text for text in texts],
            padding=True,
            truncation=True,
            max_length=self.max_length,
            return_tensors="pt",
        )
        return Tokens(batch["input_ids"].to(device), batch["attention_mask"].to(device))


def load_encoder(folder: Path) -> Any:
    """The checkpoint's encoder in float32, its word embeddings frozen.

    Frozen: a shop's few texts touch a fraction of the vocabulary; moving only those rows away from the rest helps
    nobody, and costs a third of the time. Raises BaseModelError if the folder cannot be loaded.
    """
    transformers.logging.set_verbosity_error()  # it reports the pooler, which is not used
    transformers.logging.disable_progress_bar()  # half a second long, in the midst of the bar that tells the stages
    try:
        encoder = loaded(folder)
    except Exception as error:  # of configuration, of weights, of torch
        raise BaseModelError(f"{folder}: cannot be loaded as a base model ({error}).") from error
    for parameter in encoder.get_input_embeddings().parameters():
        parameter.requires_grad = False
    return encoder


def without_dropout(encoder: nn.Module) -> None:
    """Takes dropout out of an encoder: its random numbers cost a CPU a fifth of the time."""
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


@contextmanager
def attention(encoder: Any, kind: str) -> Iterator[None]:
    """The encoder computing its attention in another way within the block: `eager` is the faster one to train with.

    Nothing changes for an architecture that has one way only.
    """
    own = getattr(encoder.config, "_attn_implementation", None)
    try:
        encoder.set_attn_implementation(kind)
    except (AttributeError, ValueError):
        yield
        return
    try:
        yield
    finally:
        encoder.set_attn_implementation(own)


def loaded(folder: Path) -> Any:
    """The checkpoint in float32, without a pooling layer where its kind has one."""
    try:
        return AutoModel.from_pretrained(str(folder), dtype=torch.float32, add_pooling_layer=False)
    except TypeError:
        return AutoModel.from_pretrained(str(folder), dtype=torch.float32)


def apply(
    network: Network, reader: TextReader, texts: Sequence[str]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pooled hidden states, sentence embeddings and logits of all texts, on the CPU, in eval mode."""
    network.eval()
    device = network.scale.device
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))  # a batch of like lengths pads little
    parts: list[torch.Tensor] = []
    with torch.no_grad():
        for start in range(0, len(texts), BATCH):
            tokens = reader([texts[place] for place in order[start : start + BATCH]], device)
            parts.append(network.pooled(tokens.input_ids, tokens.attention_mask))
        pooled = torch.cat(parts)[torch.argsort(torch.tensor(order, device=device))]
        vectors, logits = network.read(pooled)
    return pooled.cpu(), vectors.cpu(), logits.cpu()
