"""The graph that is served is torch's function; 8 bits where that costs nothing; a sentence encoder is one too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from chatbot.encoder import OnnxEncoder
from chatbot.errors import TrainingError
from chatbot.models.folder import ENCODER_FILES, EncoderCard
from chatbot.training import export as exporting
from chatbot.training.export import Parity, export, outliers
from chatbot.training.network import Network, TextReader, apply, load_encoder
from chatbot.training.sentence import make_sentence_encoder
from tests.samples import EXAMPLES, POSITIONS, TEXTS

QUESTIONS = [example.text for example in EXAMPLES]
TARGETS = [sorted(TEXTS).index(example.intent) for example in EXAMPLES]
CARD = EncoderCard("small-1", 32, "", POSITIONS)
ODD = ["", "?", "a", "where is my order " * 200, "退款", "a [SEP] b", "é ﬁ ①", *QUESTIONS[:37]]
"""Texts of every length, and in scripts that the tokenizer knows nothing of."""


@pytest.fixture(scope="module")
def network(small_bert: Path) -> Network:
    torch.manual_seed(0)
    encoder = load_encoder(small_bert)
    network = Network(encoder, 32, len(TEXTS))
    network.start_from(apply(network, TextReader(small_bert, "", POSITIONS), QUESTIONS)[0], torch.tensor(TARGETS))
    return network


@pytest.fixture(scope="module")
def reader(small_bert: Path) -> TextReader:
    return TextReader(small_bert, "", POSITIONS)


@pytest.fixture(scope="module")
def graph(network: Network, reader: TextReader, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fp32 graph, made once: that is what takes seconds."""
    path = tmp_path_factory.mktemp("graph") / "full.onnx"
    exporting.to_onnx(network, reader, path, with_logits=True)
    return path


@pytest.fixture
def made_before(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "to_onnx", lambda network, reader, path, with_logits: shutil.copy(graph, path))


def largest_difference(folder: Path, network: Network, reader: TextReader) -> float:
    """Between what is served and torch, over texts that the export never saw."""
    served = OnnxEncoder(folder).run(ODD)
    _, vectors, logits = apply(network, reader, ODD)
    return max(
        float(np.abs(served.vectors - vectors.numpy()).max()), float(np.abs(served.logits - logits.numpy()).max())
    )


@pytest.mark.usefixtures("made_before")
def test_without_8_bits_the_served_graph_is_torchs_function_for_any_text_and_batch(
    network: Network, reader: TextReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "LOSS", -1.0)  # an accuracy that can only be lost
    parity = export(network, reader, CARD, tmp_path, QUESTIONS, TARGETS)
    assert parity.precision == "fp32"
    assert parity.max_difference <= 1e-3
    assert largest_difference(tmp_path, network, reader) <= 1e-3
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(ENCODER_FILES)


@pytest.mark.usefixtures("made_before")
def test_8_bits_are_served_where_they_cost_nothing(network: Network, reader: TextReader, tmp_path: Path) -> None:
    parity = export(network, reader, CARD, tmp_path, QUESTIONS, TARGETS)
    assert parity == Parity(40, parity.max_difference, 1.0, 0.0, parity.int8_cosine, 0, "int8")
    assert parity.int8_cosine >= exporting.COSINE
    assert 1e-3 < largest_difference(tmp_path, network, reader) < 0.5
    types = {value.data_type for value in onnx.load(tmp_path / "encoder.onnx").graph.initializer}
    assert onnx.TensorProto.INT8 in types
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(ENCODER_FILES)


@pytest.mark.usefixtures("made_before")
def test_8_bits_are_not_served_where_the_vectors_turn_away(
    network: Network, reader: TextReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "COSINE", 1.01)
    assert export(network, reader, CARD, tmp_path, QUESTIONS, TARGETS).precision == "fp32"
    assert largest_difference(tmp_path, network, reader) <= 1e-3


@pytest.mark.usefixtures("made_before")
def test_a_graph_that_computes_something_else_is_refused(network: Network, reader: TextReader, tmp_path: Path) -> None:
    other = Network(network.encoder, 32, len(TEXTS))
    other.labels.data = torch.eye(len(TEXTS), 32)
    with pytest.raises(TrainingError, match="differs from torch"):
        export(other, reader, CARD, tmp_path, QUESTIONS, TARGETS)


@pytest.mark.usefixtures("made_before")
def test_products_with_outliers_stay_exact(
    network: Network, reader: TextReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CREST", 0.0)  # every product is one then
    parity = export(network, reader, CARD, tmp_path, QUESTIONS, TARGETS)
    assert parity.kept_exact == 2 * 6 + 1  # query, key, value, output, up, down of two layers; the head
    monkeypatch.setattr(exporting, "CREST", 1e9)
    assert outliers(tmp_path, QUESTIONS[:3]) == []


def test_the_sentence_encoder_has_vectors_as_torch_gives_them_and_no_logits(sentences: Path, english: Path) -> None:
    encoder = OnnxEncoder(sentences)
    about = json.loads((sentences / "provenance.json").read_text("utf-8"))
    assert encoder.labels == 0
    assert encoder.run(ODD).logits.shape == (len(ODD), 0)
    assert sorted(file.name for file in sentences.iterdir()) == sorted([*ENCODER_FILES, "provenance.json"])
    assert about["mean_of"]["texts"] == 40
    assert about["parity"]["texts"] == 40
    assert about["base_model"]["sha256"][:8] in encoder.name

    network, reader = Network(load_encoder(english), 384, 1), TextReader(english, "", 128)
    network.start_from(apply(network, reader, QUESTIONS)[0], torch.zeros(len(QUESTIONS), dtype=torch.int64))
    wanted = apply(network, reader, QUESTIONS)[1].numpy()
    cosines = (encoder.encode(QUESTIONS) * wanted).sum(1)
    assert cosines.mean() >= exporting.COSINE
    assert about["parity"]["max_difference"] <= 1e-3


def test_a_sentence_encoder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    make_sentence_encoder("no such model", tmp_path, [], tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_a_sentence_encoder_needs_texts(small_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="needs some texts"):
        make_sentence_encoder(str(small_bert), tmp_path, [], tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
