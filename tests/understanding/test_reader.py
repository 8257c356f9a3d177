"""What the readers stand on, in memory and on disk: the same but for float16."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chatbot.errors import ModelError
from chatbot.training.linear import fitted, vocabulary
from chatbot.understanding.ngrams import Floats
from chatbot.understanding.reader import SHOWN, Examples, Reader, read_reader
from tests.fakes import HashingEncoder

TEXTS = ("where is my parcel", "track my parcel", "refund me please", "i want a refund", "我要退款", "tell me a joke")
INTENTS = ("track", "track", "refund", "refund", "refund", "out_of_scope")
LABELS = ("out_of_scope", "refund", "track")
PLACES = [0, 0, 0, 0, 1, 0]
VECTORS = HashingEncoder(32).encode(TEXTS)
ASKED = ("where is my refund", "我要退", "zzz", "")
ASKED_PLACES = [0, 1, 0, 0]


@pytest.fixture(scope="module")
def reader() -> Reader:
    ngrams = vocabulary(TEXTS)
    found = [ngrams.sparse(text) for text in TEXTS]
    targets = np.array([LABELS.index(intent) for intent in INTENTS])
    linear = fitted(PLACES, VECTORS, found, targets, len(ngrams.vocabulary), len(LABELS))
    examples = Examples(TEXTS[:5], INTENTS[:5], np.array(PLACES[:5]), VECTORS[:5], found[:5])
    return Reader("hashing-1", ngrams, linear, examples)


@pytest.fixture
def folder(reader: Reader, tmp_path: Path) -> Path:
    reader.save(tmp_path)
    return tmp_path


def read(reader: Reader) -> tuple[Floats, Floats]:
    return reader.read(ASKED, ASKED_PLACES, HashingEncoder(32).encode(ASKED))


def rewrite(folder: Path, change: dict[str, Any]) -> None:
    about = json.loads((folder / "reader.json").read_text("utf-8")) | change
    (folder / "reader.json").write_text(json.dumps({key: value for key, value in about.items() if value is not None}))


# --- what it says ----------------------------------------------------------------------------------------------------


def test_a_text_has_a_logit_of_each_label_and_a_nearness(reader: Reader) -> None:
    logits, nearness = read(reader)
    assert (logits.shape, nearness.shape) == ((4, 3), (4,))
    assert logits[1].argmax() == LABELS.index("refund")
    assert nearness[2:].max() < nearness[0] < nearness[1]


def test_the_nearest_examples_are_those_of_the_texts_own_encoder(reader: Reader) -> None:
    (vector,) = HashingEncoder(32).encode(["track my parcel"])
    assert [each.text for each in reader.nearest("track my parcel", 1, vector)] == ["我要退款"]
    found = reader.nearest("track my parcel", 0, vector)
    assert (len(found), found[0].text, found[0].intent) == (SHOWN, "track my parcel", "track")
    assert found[0].nearness == pytest.approx(1.5, abs=1e-5)


def test_what_spoke_for_a_label_is_in_words_and_pieces_as_they_stand_in_the_text(reader: Reader) -> None:
    carried = reader.carried("a refund for my parcel", LABELS.index("refund"))
    assert carried[0][0] == "refund"
    assert len(carried) == SHOWN
    weights = [weight for _, weight in carried]
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0
    assert all(name.strip() in "a refund for my parcel" for name, _ in carried)


def test_nothing_speaks_for_a_label_in_a_text_of_which_nothing_is_known(reader: Reader) -> None:
    assert reader.carried("zzz", LABELS.index("refund")) == []


# --- on disk ---------------------------------------------------------------------------------------------------------


def test_what_was_saved_is_read_and_only_vectors_are_rounded(reader: Reader, folder: Path) -> None:
    have = read_reader(folder)
    assert sorted(file.name for file in folder.iterdir()) == ["reader.json", "reader.safetensors"]
    assert (have.sentences, have.ngrams.vocabulary) == ("hashing-1", reader.ngrams.vocabulary)
    assert (tuple(have.examples.texts), tuple(have.examples.intents)) == (TEXTS[:5], INTENTS[:5])
    assert have.examples.places.tolist() == PLACES[:5]
    assert np.array_equal(have.examples.vectors, VECTORS[:5].astype(np.float16).astype(np.float32))
    for mine, theirs in zip(reader.examples.ngrams, have.examples.ngrams, strict=True):
        assert (mine.ids.tolist(), mine.values.tolist()) == (theirs.ids.tolist(), theirs.values.tolist())


def test_a_reader_from_disk_says_what_it_said_in_training(reader: Reader, folder: Path) -> None:
    logits, nearness = read(reader)
    logits_again, nearness_again = read(read_reader(folder))
    assert np.array_equal(logits, logits_again)
    assert nearness == pytest.approx(nearness_again, abs=2e-3)


# --- damaged ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["reader.json", "reader.safetensors"])
@pytest.mark.parametrize("left", [None, 0, 7, 500])
def test_a_file_that_is_missing_or_cut_off_is_named(folder: Path, name: str, left: int | None) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).unlink()
    if left is not None:
        (folder / name).write_bytes(whole[:left])
    with pytest.raises(ModelError, match=rf"{name}: cannot be read.*Train again: chatbot train"):
        read_reader(folder)


@pytest.mark.parametrize("key", ["sentences", "vocabulary", "texts", "intents"])
def test_a_key_that_is_missing_is_named(folder: Path, key: str) -> None:
    rewrite(folder, {key: None})
    with pytest.raises(ModelError, match=rf"reader\.json \(KeyError\('{key}'\)\)"):
        read_reader(folder)


@pytest.mark.parametrize("change", [{"vocabulary": ["refund"]}, {"texts": ["refund me"]}, {"intents": []}])
def test_two_files_of_different_trainings_are_told(folder: Path, change: dict[str, Any]) -> None:
    """A copy that was cut short, or one file of another model: the weights would belong to other words."""
    rewrite(folder, change)
    with pytest.raises(ModelError, match=r"reader\.safetensors: cannot be read, or does not fit reader\.json"):
        read_reader(folder)
