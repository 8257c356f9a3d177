"""The fine-tuning itself: where it begins, when it stops, and what moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.training.finetune import (
    FEW_EPOCHS,
    FEWEST_STEPS,
    MOST_EPOCHS,
    Options,
    batches,
    class_weights,
    epochs_of,
    fit,
    is_read_often,
    learning_rate_of,
    seed,
    some_of_each,
    suited,
    warm_up_and_decay,
)
from chatbot.training.network import Network, TextReader, apply, attention, load_encoder, without_dropout
from chatbot.training.splits import split
from tests.samples import EXAMPLES, POSITIONS, TEXTS
from training_data.examples import Example

LABELS = sorted(TEXTS)


def told(*_: object) -> None:
    """Nobody looks at the progress."""


def halves() -> tuple[Sequence[Example], Sequence[Example]]:
    """What is learned, and a quarter that is watched."""
    one = split(EXAMPLES, 0.25, 3)
    return [EXAMPLES[place] for place in one.learned], [EXAMPLES[place] for place in one.held]


@pytest.fixture
def network(small_bert: Path) -> tuple[Network, TextReader]:
    encoder = load_encoder(small_bert)
    return Network(encoder, encoder.config.hidden_size, len(TEXTS)), TextReader(small_bert, "", POSITIONS)


def test_training_begins_at_the_class_means_and_leaves_the_embeddings_alone(
    network: tuple[Network, TextReader],
) -> None:
    net, reader = network
    words = net.encoder.get_input_embeddings().weight.clone()
    inner = net.encoder.encoder.layer[0].output.dense.weight.clone()
    training, validation = halves()
    seed(1)
    fit(net, reader, training, validation, LABELS, Options(epochs=2, batch=8, learning_rate=1e-3), told)
    assert torch.equal(words, net.encoder.get_input_embeddings().weight)
    assert not torch.equal(inner, net.encoder.encoder.layer[0].output.dense.weight)
    assert net.labels.norm(dim=1).min() > 0
    assert net.mean.abs().max() > 0


@pytest.mark.parametrize(
    ("layers", "width", "epochs", "rate"),
    [(12, 384, 3, 2e-4), (12, 384, 4, 5e-5), (6, 384, 4, 1e-4), (12, 768, 2, 5e-5)],
)
def test_the_rate_goes_by_how_often_the_data_is_read_and_by_the_size_of_the_encoder(
    network: tuple[Network, TextReader], layers: int, width: int, epochs: int, rate: float
) -> None:
    net = Network(network[0].encoder, width, 2)
    net.encoder.config.num_hidden_layers = layers
    assert learning_rate_of(net, Options(), epochs) == rate
    assert learning_rate_of(net, Options(learning_rate=0.5), epochs) == 0.5


@pytest.mark.parametrize(
    ("texts", "options", "epochs"),
    [
        (40, Options(), MOST_EPOCHS),  # two steps a reading: never read more often than this
        (32 * 50, Options(), FEWEST_STEPS // 50),
        (32 * 1000, Options(), 3),
        (32 * 1000, Options(fewest_epochs=5), 5),
        (40, Options(epochs=2), 2),
    ],
)
def test_little_data_is_read_more_often(texts: int, options: Options, epochs: int) -> None:
    assert epochs_of(texts, options) == epochs


def test_only_what_is_read_often_is_learned_with_mistakes_and_against_an_adversary() -> None:
    options = Options(epochs=FEW_EPOCHS)
    assert suited(32 * 1000, options) == replace(options, mistakes=0.0, adversarial=0.0)
    assert not is_read_often(32 * 1000, options)
    options = Options(epochs=FEW_EPOCHS + 1)
    assert suited(32 * 1000, options) == options
    assert options.mistakes > 0 < options.adversarial
    assert is_read_often(32 * 1000, options)


def test_without_texts_to_watch_the_last_epoch_is_the_best(network: tuple[Network, TextReader]) -> None:
    net, reader = network
    wild = Options(epochs=3, batch=8, learning_rate=1e4, patience=1)  # it can only get worse, and nobody sees it
    assert fit(net, reader, EXAMPLES, [], LABELS, wild, told) == 3


def test_attention_is_as_it_was_after_training(network: tuple[Network, TextReader]) -> None:
    net, reader = network
    without_dropout(net.encoder)
    before, kind = apply(net, reader, ["hello"])[0], net.encoder.config._attn_implementation
    with attention(net.encoder, "eager"):
        assert net.encoder.config._attn_implementation == "eager"
        assert torch.allclose(apply(net, reader, ["hello"])[0], before, atol=1e-5)
    assert net.encoder.config._attn_implementation == kind != "eager"


def test_the_first_vectors_are_means_of_some_texts_of_each_label() -> None:
    assert some_of_each(torch.tensor([0, 1, 0, 0, 1, 2]), 2) == [0, 1, 2, 4, 5]


def test_training_stops_when_it_gets_no_better(network: tuple[Network, TextReader]) -> None:
    net, reader = network
    stages: list[str] = []
    wild = Options(epochs=12, batch=8, learning_rate=1e4, patience=1)  # it can only get worse
    training, validation = halves()
    fit(net, reader, training, validation, LABELS, wild, lambda stage, *_: stages.append(stage))
    assert list(dict.fromkeys(stages)) == ["epoch 1 of 12", "epoch 2 of 12"]


def test_training_that_only_makes_it_worse_gives_back_where_it_began(network: tuple[Network, TextReader]) -> None:
    net, reader = network
    training, validation = halves()
    texts = [row.text for row in validation]
    fit(net, reader, training, validation, LABELS, Options(epochs=1, learning_rate=1e-30), told)
    before = apply(net, reader, texts)[2]
    wild = Options(epochs=2, batch=8, learning_rate=1e4)  # the scale alone makes every loss a thousand
    assert fit(net, reader, training, validation, LABELS, wild, told) == 0
    assert torch.equal(apply(net, reader, texts)[2], before)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=300), st.integers(1, 40))
@settings(deadline=None)
def test_every_text_is_in_exactly_one_batch(lengths: list[int], size: int) -> None:
    found = list(batches(lengths, size, 5))
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in found)


def test_a_rare_intent_counts_more_and_the_mean_stays_one() -> None:
    weights = class_weights(torch.tensor([0] * 16 + [1] * 4), 2)
    assert float(weights.mean()) == pytest.approx(1.0)
    assert float(weights[1] / weights[0]) == pytest.approx(2.0)


def test_the_rate_rises_and_then_falls_to_nothing() -> None:
    rate = warm_up_and_decay(10, 0.2)
    assert [rate(step) for step in range(11)] == pytest.approx(
        [0.5, 1.0, 1.0, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8, 0.0]
    )
