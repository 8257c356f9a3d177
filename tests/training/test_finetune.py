"""Training: what the folder holds, what is promised of the split, and that nothing half is ever left."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.errors import BaseModelError, TrainingError
from chatbot.models.folder import MODEL_FILES, Labels, read_card, read_labels
from chatbot.training.base_models import checkpoint
from chatbot.training.finetune import (
    Options,
    batches,
    class_weights,
    fit,
    learning_rate_of,
    seed,
    some_of_each,
    split,
    train,
    usable,
    warm_up_and_decay,
)
from chatbot.training.network import Network, TextReader, apply, attention, load_encoder, without_dropout
from chatbot.understanding.intents import IntentClassifier
from tests.samples import EXAMPLES, POSITIONS, TEXTS
from training_data.examples import Example

FAST = Options(epochs=1, validation=0.25, seed=3)
SMALL_SHA256 = re.compile(r"[0-9a-f]{64}")


def told(*_: object) -> None:
    """Nobody looks at the progress."""


def read(folder: Path, name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / name).read_text("utf-8"))
    return value


def small_train(base: Path, output: Path, options: Options = FAST, progress: Any = told) -> Mapping[str, Any]:
    return train(EXAMPLES, str.strip, {}, str(base), output.parent, output, options, progress)


@pytest.fixture(scope="module")
def twice(small_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models of the same data and seed."""
    root = tmp_path_factory.mktemp("twice")
    for name in ("one", "two"):
        small_train(small_bert, root / name)
    return root / "one", root / "two"


# --- the folder ------------------------------------------------------------------------------------------------------


def test_the_folder_holds_every_file_and_nothing_else(tiny_model: Path) -> None:
    assert sorted(file.name for file in tiny_model.iterdir()) == sorted([*MODEL_FILES, "confusion.png"])
    assert [path.name for path in tiny_model.parent.iterdir()] == [tiny_model.name]


def test_the_served_graph_says_what_torch_said(tiny_model: Path) -> None:
    parity = read(tiny_model, "metrics.json")["parity"]
    assert parity["max_difference"] <= 1e-3
    assert parity["precision"] in ("int8", "fp32")


def test_a_few_examples_teach_the_intents(tiny_model: Path) -> None:
    classifier = IntentClassifier(tiny_model)
    guesses = {text: classifier.classify(classifier.masker.masked(text))[0].name for text in (
        "where is my package", "i would like a refund", "at what time do you open", "tell me a funny joke"
    )}  # fmt: skip
    assert guesses == {
        "where is my package": "track_order",
        "i would like a refund": "refund",
        "at what time do you open": "opening_hours",
        "tell me a funny joke": "out_of_scope",
    }


def test_metrics_tell_each_intent_and_who_is_taken_for_whom(tiny_model: Path) -> None:
    judged = read(tiny_model, "metrics.json")["validation"]
    assert set(judged["per_intent"]) == set(TEXTS)
    assert all(set(score) == {"precision", "recall", "f1", "support"} for score in judged["per_intent"].values())
    assert all(0 <= score[key] <= 1 for score in judged["per_intent"].values() for key in ("precision", "recall", "f1"))
    names, rows = judged["confusion"]
    assert names == sorted(TEXTS)
    assert [sum(row) for row in rows] == [judged["per_intent"][name]["support"] for name in names]
    assert sum(map(sum, rows)) == judged["examples"]
    assert sum(rows[i][i] for i in range(len(names))) / judged["examples"] == judged["accuracy"]


def test_the_confusion_matrix_is_a_picture_too(tiny_model: Path) -> None:
    picture = (tiny_model / "confusion.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert b"IEND" in picture[-12:]


def test_provenance_tells_data_base_code_seed_and_time(tiny_model: Path, home: Path) -> None:
    about = read(tiny_model, "provenance.json")
    base = read(checkpoint("english", home), "frontdesk.json")
    assert SMALL_SHA256.fullmatch(about["data"].pop("fingerprint"))
    assert about["data"]["training"] + about["data"]["validation"] == len(EXAMPLES)
    assert about["base_model"] == base
    assert base["sha256"].startswith("53aa5117")
    assert about["code"] == version("frontdesk")
    assert about["options"]["seed"] == 7
    assert about["options"]["epochs"] == 2
    assert datetime.fromisoformat(about["finished"]).utcoffset() is not None
    assert about["seconds"] > 0


def test_labels_are_in_the_order_of_the_logits_with_a_temperature(tiny_model: Path) -> None:
    labels = read_labels(tiny_model)
    assert labels.intents == tuple(sorted(TEXTS))
    assert 0.2 <= labels.temperature <= 5.0


def test_the_patterns_of_masking_go_with_the_model(tiny_model: Path) -> None:
    assert read(tiny_model, "masking.json") == {"patterns": {"order_number": [r"MM-\d+"]}}
    assert IntentClassifier(tiny_model).masker.masked("is MM-10023 on its way") == "is [order] on its way"


def test_the_same_seed_and_data_give_the_same_model(twice: tuple[Path, Path]) -> None:
    one, two = twice
    for name in ("labels.json", "metrics.json", "encoder.json", "encoder.onnx"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    first, second = read(one, "provenance.json"), read(two, "provenance.json")
    assert first["data"] == second["data"]
    assert first["options"] == second["options"]


def test_other_data_have_another_fingerprint(twice: tuple[Path, Path], tiny_model: Path) -> None:
    # the small model's texts are the same words, but unmasked
    one = read(twice[0], "provenance.json")["data"]["fingerprint"]
    assert one != read(tiny_model, "provenance.json")["data"]["fingerprint"]


def test_a_base_model_in_a_folder_is_described_by_its_own_weights(twice: tuple[Path, Path], small_bert: Path) -> None:
    about = read(twice[0], "provenance.json")["base_model"]
    assert about["base_model"] == small_bert.name
    assert SMALL_SHA256.fullmatch(about["sha256"])


def test_a_text_longer_than_the_base_model_reads_is_cut(twice: tuple[Path, Path]) -> None:
    assert read_card(twice[0]).max_length == POSITIONS
    assert len(IntentClassifier(twice[0]).classify("where is my order " * 100)) == len(TEXTS)


# --- nothing half ----------------------------------------------------------------------------------------------------


def test_an_existing_output_is_refused_and_stays(small_bert: Path, tmp_path: Path) -> None:
    output = tmp_path / "model"
    output.mkdir()
    (output / "mine.txt").write_text("keep")
    with pytest.raises(TrainingError, match="exists already"):
        small_train(small_bert, output)
    assert [file.name for file in output.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("where", ["base model", "epoch 1 of 1", "export"])
def test_stopping_at_any_stage_leaves_nothing(small_bert: Path, tmp_path: Path, where: str) -> None:
    def stop(stage: str, *_: float) -> None:
        if stage == where:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_train(small_bert, tmp_path / "models" / "model", progress=stop)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_place_that_cannot_be_written_is_told_before_the_work(small_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    stages: list[str] = []
    with pytest.raises(OSError, match="file"):
        small_train(small_bert, tmp_path / "file" / "model", progress=lambda stage, *_: stages.append(stage))
    assert stages == []


def test_progress_goes_from_the_base_model_to_done(small_bert: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float, float]] = []

    def stop_at_export(stage: str, share: float, left: float) -> None:
        told.append((stage, share, left))
        if stage == "export":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_train(small_bert, tmp_path / "model", Options(epochs=2, batch=8), stop_at_export)
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "base model",
        "epoch 1 of 2",
        "epoch 2 of 2",
        "export",
    ]
    shares = [share for stage, share, _ in told if stage.startswith("epoch")]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(left >= 0 for _, _, left in told)


@pytest.mark.parametrize("broken", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_base_model_is_told_in_a_sentence(small_bert: Path, tmp_path: Path, broken: str) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for file in small_bert.iterdir():
        (base / file.name).write_bytes(file.read_bytes()[:100] if file.name == broken else file.read_bytes())
    with pytest.raises(BaseModelError, match="cannot be"):
        small_train(base, tmp_path / "model")


# --- the examples ----------------------------------------------------------------------------------------------------


def example(text: str, intent: str, group: str = "") -> Example:
    return Example(text, intent, "en", "test", group)


def test_examples_are_masked_and_each_text_is_used_once() -> None:
    rows = [
        example("Order 100234", "a"),
        example("order 555123", "b"),  # the same, once it is masked
        example("x", "a"),
        example("y", "b"),
        example("z", "b"),
        example("  ", "b"),
    ]

    def masked(text: str) -> str:
        return re.sub(r"\d+", "[order]", text).strip()

    assert [(row.text, row.intent) for row in usable(rows, masked)] == [
        ("Order [order]", "a"),
        ("x", "a"),
        ("y", "b"),
        ("z", "b"),
    ]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "0 examples of 0 intent"),
        ([example("x", "a"), example("y", "a")], "2 examples of 1 intent"),
        ([example("x", "a"), example("y", "a"), example("z", "b")], "Intent b has one example only"),
    ],
)
def test_too_few_examples_are_refused(rows: list[Example], sentence: str) -> None:
    with pytest.raises(TrainingError, match=re.escape(sentence)):
        usable(rows, str.strip)


@st.composite
def some_rows(draw: st.DrawFn) -> list[Example]:
    """Two to four intents, at least two examples each; some in conversations."""
    intents = draw(st.lists(st.sampled_from("abcd"), min_size=2, max_size=4, unique=True))
    rows = []
    for intent in intents:
        for number in range(draw(st.integers(2, 30))):
            group = draw(st.sampled_from(["", "", "c1", "c2", "c3", "c4"]))
            rows.append(example(f"{intent} {number}", intent, group))
    return rows


@given(some_rows(), st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_the_split_keeps_conversations_whole_and_every_intent_in_training(rows: list[Example], chance: int) -> None:
    try:
        training, validation = split(rows, Options(seed=chance))
    except TrainingError:  # nothing could be set aside
        assert any(row.group for row in rows)
        return
    assert Counter(training) + Counter(validation) == Counter(rows)
    assert not {row.group for row in training if row.group} & {row.group for row in validation if row.group}
    assert {row.intent for row in training} == {row.intent for row in rows}
    assert 0 < len(validation) <= max(len(rows) * 0.1 + 2 * 4, 4)


def test_the_split_takes_the_wanted_share_of_each_intent() -> None:
    _, validation = split([example(f"{intent} {n}", intent) for intent in "ab" for n in range(40)], Options())
    assert Counter(row.intent for row in validation) == {"a": 4, "b": 4}


def test_another_seed_is_another_split() -> None:
    assert split(EXAMPLES, Options(seed=1)) == split(EXAMPLES, Options(seed=1))
    assert split(EXAMPLES, Options(seed=1)) != split(EXAMPLES, Options(seed=2))


def test_one_long_conversation_is_too_little_to_validate_on() -> None:
    rows = [example(f"{intent} {n}", intent, "the only one") for intent in "ab" for n in range(9)]
    with pytest.raises(TrainingError, match="None of the 1 conversations can be set aside"):
        split(rows, Options())


# --- the way there ---------------------------------------------------------------------------------------------------


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
    training, validation = split(EXAMPLES, FAST)
    seed(1)
    fit(net, reader, training, validation, sorted(TEXTS), Options(epochs=2, batch=8, learning_rate=1e-3), told)
    assert torch.equal(words, net.encoder.get_input_embeddings().weight)
    assert not torch.equal(inner, net.encoder.encoder.layer[0].output.dense.weight)
    assert net.labels.norm(dim=1).min() > 0
    assert net.mean.abs().max() > 0


@pytest.mark.parametrize(
    ("layers", "width", "epochs", "rate"),
    [(12, 384, 3, 2e-4), (12, 384, 4, 5e-5), (6, 384, 4, 1.5e-4), (12, 768, 2, 5e-5)],
)
def test_the_rate_goes_by_how_often_the_data_is_read_and_by_the_size_of_the_encoder(
    network: tuple[Network, TextReader], layers: int, width: int, epochs: int, rate: float
) -> None:
    net = Network(network[0].encoder, width, 2)
    net.encoder.config.num_hidden_layers = layers
    assert learning_rate_of(net, Options(), epochs) == rate
    assert learning_rate_of(net, Options(learning_rate=0.5), epochs) == 0.5


@pytest.mark.parametrize(("epochs", "chance"), [(3, 0.0), (4, 0.1)])
def test_data_that_is_read_often_keeps_dropout(
    small_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: int, chance: float
) -> None:
    seen: list[set[float]] = []

    def looked_at(network: Network, *_: object) -> int:
        seen.append({module.p for module in network.encoder.modules() if isinstance(module, torch.nn.Dropout)})
        raise KeyboardInterrupt

    monkeypatch.setattr("chatbot.training.finetune.fit", looked_at)
    with pytest.raises(KeyboardInterrupt):
        small_train(small_bert, tmp_path / "model", Options(epochs=epochs))
    assert seen == [{chance}]


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
    training, validation = split(EXAMPLES, FAST)
    fit(net, reader, training, validation, sorted(TEXTS), wild, lambda stage, *_: stages.append(stage))
    assert list(dict.fromkeys(stages)) == ["epoch 1 of 12", "epoch 2 of 12"]


def test_training_that_only_makes_it_worse_gives_back_where_it_began(network: tuple[Network, TextReader]) -> None:
    net, reader = network
    training, validation = split(EXAMPLES, FAST)
    texts = [row.text for row in validation]
    fit(net, reader, training, validation, sorted(TEXTS), Options(epochs=1, learning_rate=1e-30), told)
    before = apply(net, reader, texts)[2]
    wild = Options(epochs=2, batch=8, learning_rate=1e4)  # the scale alone makes every loss a thousand
    assert fit(net, reader, training, validation, sorted(TEXTS), wild, told) == 0
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


def test_the_labels_file_is_read_as_it_was_written(twice: tuple[Path, Path]) -> None:
    labels = read_labels(twice[0])
    assert labels == Labels(tuple(sorted(TEXTS)), labels.temperature)
    assert np.isfinite(labels.temperature)
