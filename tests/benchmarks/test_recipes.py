"""The recipes that are compared: what each changes, and that all of them train and are judged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from chatbot.benchmarks.recipes import RECIPES
from chatbot.benchmarks.tables import sheets
from chatbot.benchmarks.variants import Teacher, held_still, layers_of, merged, shallow, with_lora
from chatbot.training.finetune import Options, fit
from chatbot.training.network import Network, TextReader, load_encoder
from tests.samples import EXAMPLES, POSITIONS, TEXTS

LABELS = sorted(TEXTS)


@pytest.fixture
def network(small_bert: Path) -> Network:
    encoder = load_encoder(small_bert)
    return Network(encoder, encoder.config.hidden_size, len(LABELS))


def moving(network: Network) -> set[str]:
    return {name for name, parameter in network.encoder.named_parameters() if parameter.requires_grad}


def test_the_lower_layers_are_held_still_and_the_others_move(network: Network) -> None:
    layers = len(layers_of(network.encoder))
    before = moving(network)
    held_still(network.encoder, 0.5)
    gone = before - moving(network)
    assert any(".layer.0." in name for name in gone)
    assert not any(f".layer.{layers - 1}." in name for name in gone)
    assert not any("embeddings" in name for name in moving(network))


def test_a_shallow_encoder_keeps_the_last_layer_and_still_reads(network: Network, small_bert: Path) -> None:
    last = layers_of(network.encoder)[-1]
    shallow(network.encoder, 0.5)
    assert list(layers_of(network.encoder)) == [last]
    tokens = TextReader(small_bert, "", POSITIONS)(["where is it"], torch.device("cpu"))
    assert network(tokens.input_ids, tokens.attention_mask)[1].shape == (1, len(LABELS))


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated")  # transformers 5 of itself, in peft
def test_only_the_matrices_of_lora_move_and_are_multiplied_in(network: Network, small_bert: Path) -> None:
    own = network.encoder
    network.encoder = with_lora(own, 4)
    assert moving(network)
    assert all("lora" in name for name in moving(network))
    reader = TextReader(small_bert, "", POSITIONS)
    fit(network, reader, EXAMPLES, (), LABELS, Options(epochs=1, batch=8, learning_rate=1e-2), lambda *_: None)
    network.eval()
    tokens = reader(["where is it"], torch.device("cpu"))
    with torch.no_grad():
        before = network(tokens.input_ids, tokens.attention_mask)[1]
        network.encoder = merged(network.encoder)
        after = network(tokens.input_ids, tokens.attention_mask)[1]
    assert torch.allclose(before, after, atol=1e-4)


def test_a_teacher_is_content_with_its_own_words_and_with_no_others() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    teacher = Teacher(logits)
    assert float(teacher([1, 0], logits[[1, 0]])) == pytest.approx(0.0, abs=1e-6)
    assert float(teacher([0, 1], logits[[1, 0]])) > 0.5


def test_every_recipe_has_a_name_of_its_own_and_a_row_a_language() -> None:
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES)
    shares = {"all": 0.5, "en": 0.4, "zh": 0.6}
    one = {
        "set": "shop", "recipe": "full", "tuned": shares, "served": shares, "slips": shares, "auroc": shares,
        "trained": 10.0, "train_cpu_seconds": 1.0, "judge_cpu_ms": 2.0,
    }  # fmt: skip
    drawn = sheets({"benchmark": "recipes", "results": [one, {**one, "recipe": "other"}]})[0]
    assert [row[:3] for row in drawn.rows] == [
        ("shop, en", "full", "0.400"), ("shop, en", "other", "0.400"),
        ("shop, zh", "full", "0.600"), ("shop, zh", "other", "0.600"),
    ]  # fmt: skip
