"""Serving's inference: any text in, a vector in its place out; a damaged model folder is told in a sentence."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot import encoder as serving
from chatbot.encoder import ByLanguage, OnnxEncoder
from chatbot.errors import ModelError
from chatbot.models.folder import CLASSIFIER_FILES, ENCODER_FILES, read_json
from chatbot.places import Places
from chatbot.understanding.intents import IntentClassifier
from chatbot.understanding.text import normalised
from tests.fakes import HashingEncoder
from tests.samples import EXAMPLES, POSITIONS, TEXTS

QUESTIONS = [example.text for example in EXAMPLES]


@pytest.fixture(scope="module")
def encoder(tiny_model: Path) -> OnnxEncoder:
    return OnnxEncoder(tiny_model)


@pytest.fixture
def damaged(tiny_model: Path, tmp_path: Path) -> Callable[[str, bytes | None], Path]:
    """damaged(file, content): the model's folder with other content in one file; None: without it."""

    def damage(name: str, content: bytes | None) -> Path:
        folder = tmp_path / "damaged"
        shutil.copytree(tiny_model, folder, copy_function=os.link)
        (folder / name).unlink()  # never written through: it is the same file as the model's
        if content is not None:
            (folder / name).write_bytes(content)
        return folder

    return damage


# --- texts -----------------------------------------------------------------------------------------------------------


def test_a_row_is_of_its_own_text_alone_and_in_its_place(encoder: OnnxEncoder) -> None:
    """A graph in 8 bits would scale it by the largest number of a whole batch."""
    texts = [f"{question} {'please ' * (place % 7)}" for place, question in enumerate(QUESTIONS)]
    together = encoder.run(texts)
    alone = [encoder.run([text]) for text in texts]
    assert together.vectors.shape == (len(texts), encoder.dim)
    assert together.logits.shape == (len(texts), encoder.labels) == (len(texts), len(TEXTS))
    assert np.array_equal(together.vectors, np.vstack([one.vectors for one in alone]))
    assert np.array_equal(together.logits, np.vstack([one.logits for one in alone]))
    assert np.linalg.norm(together.vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-4)


def test_every_computation_takes_a_place(encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(1)
    monkeypatch.setattr(serving, "PLACES", places)
    with ThreadPoolExecutor(1) as pool:
        with places.one():
            asked = pool.submit(encoder.run, ["refund", "where is it"])
            deadline = time.monotonic() + 20
            while not places.line:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            assert not asked.done()
        assert asked.result(20).vectors.shape == (2, encoder.dim)
    assert (places.free, len(places.line)) == (1, 0)


def test_no_texts_are_no_vectors(encoder: OnnxEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.run([]).logits.shape == (0, 4)


def test_an_empty_string_has_a_vector_and_intents(encoder: OnnxEncoder, tiny_model: Path, reads: ByLanguage) -> None:
    assert np.isfinite(encoder.encode([""])).all()
    intents = IntentClassifier(tiny_model, reads).classify("")
    assert {intent.name for intent in intents} == set(TEXTS)
    assert sum(intent.confidence for intent in intents) <= 1 + 1e-5


def test_a_long_text_is_cut_and_not_refused(encoder: OnnxEncoder) -> None:
    (tokens,) = encoder.tokenizer.encode_batch(["where is my parcel " * 500])
    assert len(tokens.ids) == encoder.card.max_length == 128
    assert encoder.encode(["where is my parcel " * 500, "hi"]).shape == (2, 384)


@pytest.mark.parametrize("special", ["</s>", "<s>", "[SEP]", "[CLS]", "[PAD]", "[MASK]", "[UNK]", "<pad>", "<mask>"])
@pytest.mark.parametrize("folder", ["tiny_model", "small_model", "multilingual_tokenizer"])
def test_a_literal_special_token_is_text(request: pytest.FixtureRequest, folder: str, special: str) -> None:
    if folder == "multilingual_tokenizer":  # the tokenizer alone: its graph is heavy
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(request.getfixturevalue("multilingual") / "tokenizer.json"))
        tokenizer.encode_special_tokens = True
    else:
        tokenizer = OnnxEncoder(request.getfixturevalue(folder)).tokenizer
    control = {0, 1, 2, 3, 4} if folder != "tiny_model" else {0, 101, 102, 103}
    inner = tokenizer.encode(f"refund {special} please", add_special_tokens=False)
    assert not control & set(inner.ids) - {tokenizer.token_to_id("[UNK]"), tokenizer.token_to_id("<unk>")}
    assert len(tokenizer.encode(f"refund {special} please").ids) == len(inner.ids) + 2


@pytest.fixture(scope="module")
def small_model(small_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence encoder of a base model as anyone may bring it: its tokenizer knows special tokens in a text."""
    from chatbot.training.sentence import make_sentence_encoder

    folder = tmp_path_factory.mktemp("encoders") / "small"
    make_sentence_encoder(str(small_bert), folder.parent, QUESTIONS, folder)
    return folder


def test_a_text_is_cut_where_a_short_base_model_ends(small_model: Path) -> None:
    encoder = OnnxEncoder(small_model)
    assert encoder.card.max_length == POSITIONS
    assert encoder.encode(["where is my order " * 100]).shape == (1, 32)


def test_training_and_serving_read_a_special_token_alike(small_bert: Path, small_model: Path) -> None:
    import torch

    from chatbot.training.network import TextReader

    text = "refund [SEP] [PAD] please"
    trained = TextReader(small_bert, "", 64)([text], torch.device("cpu")).input_ids[0].tolist()
    assert trained == OnnxEncoder(small_model).tokenizer.encode(text).ids
    assert trained.count(3) == 1  # [SEP], at the end


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_customer_writes_has_a_vector(encoder: OnnxEncoder, text: str) -> None:
    vectors = encoder.encode([normalised(text)])
    assert np.isfinite(vectors).all()
    assert float(np.linalg.norm(vectors)) == pytest.approx(1.0, abs=1e-4)


def test_threads_may_ask_at_once(encoder: OnnxEncoder) -> None:
    alone = {text: encoder.run([text]).logits for text in QUESTIONS[:20]}
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda text: encoder.run([text]).logits, list(alone) * 3))
    assert np.array_equal(np.vstack(at_once), np.vstack(list(alone.values()) * 3))


def test_an_encoder_tells_name_and_size(encoder: OnnxEncoder) -> None:
    assert encoder.name.startswith("intents-53aa5117-")
    assert (encoder.dim, encoder.labels) == (384, 4)


# --- an encoder for each language ------------------------------------------------------------------------------------


class Small(HashingEncoder):
    """Of another length, and it tells what it was asked."""

    def __init__(self, dim: int, name: str) -> None:
        super().__init__(dim, name)
        self.asked: list[str] = []

    def encode(self, texts: Any) -> Any:
        self.asked += texts
        return super().encode(texts)


@pytest.fixture
def two() -> tuple[Any, Any]:
    return Small(8, "en-1"), Small(16, "zh-1")


def test_each_text_goes_to_the_encoder_of_its_language_and_comes_back_in_its_place(two: tuple[Any, Any]) -> None:
    english, chinese = two
    both = ByLanguage({"en": english, "zh": chinese})
    texts = ["where is it", "我要退款", "refund", "在哪里", ""]
    vectors = both.encode(texts)
    assert (both.dim, both.name) == (16, "en-1+zh-1")
    assert (english.asked, chinese.asked) == (["where is it", "refund", ""], ["我要退款", "在哪里"])
    for place, text in enumerate(texts):
        mine = chinese if place in (1, 3) else english
        assert vectors[place, : mine.dim] == pytest.approx(HashingEncoder(mine.dim).encode([text])[0])
        assert not vectors[place, mine.dim :].any()
    assert both.encode([]).shape == (0, 16)


def test_one_encoder_for_both_languages_is_asked_once(two: tuple[Any, Any]) -> None:
    one, _ = two
    both = ByLanguage({"en": one, "zh": one})
    both.encode(["refund", "退款"])
    assert one.asked == ["refund", "退款"]
    assert both.name == "en-1"
    assert (both.place("refund"), both.place("退款")) == (0, 0)


def test_each_encoder_has_a_place_of_its_own(two: tuple[Any, Any]) -> None:
    english, chinese = two
    both = ByLanguage({"en": english, "zh": chinese})
    assert [both.place(text) for text in ("where is it", "我要退款", "")] == [0, 1, 0]


# --- damaged folders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CLASSIFIER_FILES, *ENCODER_FILES])
@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_or_empty_file_is_named(
    damaged: Callable[[str, bytes | None], Path], reads: ByLanguage, name: str, content: bytes | None
) -> None:
    with pytest.raises(ModelError, match=rf"damaged: {name} is missing or empty\. Train again"):
        IntentClassifier(damaged(name, content), reads)


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json"])
def test_a_truncated_file_is_told(damaged: Callable[[str, bytes | None], Path], tiny_model: Path, name: str) -> None:
    whole = (tiny_model / name).read_bytes()
    with pytest.raises(ModelError, match=r"damaged: cannot be loaded .*Train again: chatbot train"):
        OnnxEncoder(damaged(name, whole[: len(whole) // 2]))


@pytest.mark.parametrize("intents", [["a"], ["a", "b", "c", "d", "e"], []])
def test_labels_of_another_number_are_told(
    damaged: Callable[[str, bytes | None], Path], tiny_model: Path, reads: ByLanguage, intents: list[str]
) -> None:
    labels = json.dumps({**read_json(tiny_model / "labels.json"), "intents": intents}).encode()
    with pytest.raises(ModelError, match=rf"labels\.json names {len(intents)} intents, the graph tells 4 apart"):
        IntentClassifier(damaged("labels.json", labels), reads)


def test_a_sentence_encoder_is_no_classifier(
    sentences: Path, tiny_model: Path, reads: ByLanguage, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(tiny_model, folder, copy_function=os.link)
    for name in ENCODER_FILES:
        (folder / name).unlink()
        os.link(sentences / name, folder / name)
    with pytest.raises(ModelError, match=r"names 4 intents, the graph tells 0 apart"):
        IntentClassifier(folder, reads)


@pytest.mark.parametrize("card", [{"dim": 383}, {"dim": "x"}, {"max_length": 0}, {"extra": 1}])
def test_a_card_of_another_graph_is_told(
    damaged: Callable[[str, bytes | None], Path], tiny_model: Path, card: dict[str, Any]
) -> None:
    value = json.loads((tiny_model / "encoder.json").read_text()) | card
    with pytest.raises(ModelError, match=r"encoder\.json"):
        OnnxEncoder(damaged("encoder.json", json.dumps(value).encode()))


@pytest.mark.parametrize("masking", ["{}", '{"patterns": 3}', '{"patterns": {"a": ["("]}}', '{"patterns": {"a": 1}}'])
def test_masking_that_cannot_be_compiled_is_told(
    damaged: Callable[[str, bytes | None], Path], reads: ByLanguage, masking: str
) -> None:
    with pytest.raises(ModelError, match=r"masking\.json: holds no patterns"):
        IntentClassifier(damaged("masking.json", masking.encode()), reads)


def test_an_error_of_a_folder_that_is_not_there_names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        OnnxEncoder(tmp_path / "nowhere")
