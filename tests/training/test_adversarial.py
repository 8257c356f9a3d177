from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from chatbot.training.adversarial import Words
from chatbot.training.finetune import forward, seed
from chatbot.training.network import Network, TextReader, Tokens, load_encoder
from tests.samples import EXAMPLES, POSITIONS, TEXTS

LABELS = sorted(TEXTS)
TARGETS = torch.tensor([LABELS.index(row.intent) for row in EXAMPLES[:8]])


@pytest.fixture
def batch(small_bert: Path) -> tuple[Network, Tokens]:
    seed(1)
    encoder = load_encoder(small_bert)
    network = Network(encoder, encoder.config.hidden_size, len(LABELS))
    network.labels.data.normal_()
    network.eval()  # no dropout: what differs is the move
    tokens = TextReader(small_bert, "", POSITIONS)([row.text for row in EXAMPLES[:8]], torch.device("cpu"))
    return network, tokens


def loss_of(network: Network, tokens: Tokens) -> torch.Tensor:
    return functional.cross_entropy(forward(network, tokens)[1], TARGETS)


def test_moved_words_are_harder_to_read_and_what_is_learned_from_them_reaches_every_layer(
    batch: tuple[Network, Tokens],
) -> None:
    network, tokens = batch
    words = Words(network)
    with words.watched():
        before = loss_of(network, tokens)
    before.backward()  # type: ignore[no-untyped-call]
    network.zero_grad()
    with words.moved(0.1):
        after = loss_of(network, tokens)
    after.backward()  # type: ignore[no-untyped-call]
    assert after.item() > before.item()
    moving = [parameter for parameter in network.parameters() if parameter.requires_grad]
    assert all(parameter.grad is not None for parameter in moving)


def test_afterwards_the_network_reads_as_before(batch: tuple[Network, Tokens]) -> None:
    network, tokens = batch
    plain = loss_of(network, tokens).item()
    words = Words(network)
    with words.watched():
        loss_of(network, tokens).backward()  # type: ignore[no-untyped-call]
    with words.moved(0.5):
        pass
    assert loss_of(network, tokens).item() == plain


def test_padding_is_not_moved(batch: tuple[Network, Tokens]) -> None:
    network, tokens = batch
    words = Words(network)
    with words.watched():
        loss_of(network, tokens).backward()  # type: ignore[no-untyped-call]
    assert words.seen is not None
    assert words.seen.grad is not None
    assert torch.all(words.seen.grad[tokens.attention_mask == 0] == 0)
    assert torch.any(words.seen.grad[tokens.attention_mask == 1] != 0)


def test_nothing_can_be_moved_that_was_not_watched(batch: tuple[Network, Tokens]) -> None:
    with pytest.raises(ValueError, match="Nothing was watched"), Words(batch[0]).moved(0.1):
        pass
