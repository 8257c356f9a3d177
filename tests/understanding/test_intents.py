"""The classifier on a trained model: what it says, why it says it, and what it refuses to stand on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from chatbot.encoder import ByLanguage
from chatbot.errors import ModelError
from chatbot.understanding.intents import IntentClassifier, inside
from chatbot.understanding.ngrams import Floats
from tests.fakes import HashingEncoder
from tests.samples import EXAMPLES, TEXTS

GIBBERISH = ("xqzv blorp wug", "asdfghjkl", "ЖЖЖ ЩЩЩ", "😀😀😀", "9 8 7 6")


@pytest.fixture(scope="module", params=["tiny_model", "few_model"])
def folder(request: pytest.FixtureRequest) -> Path:
    """A model with an encoder of its own, and one without."""
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture(scope="module")
def classifier(folder: Path, reads: ByLanguage) -> IntentClassifier:
    return IntentClassifier(folder, reads)


@pytest.fixture(scope="module")
def tuned(tiny_model: Path, reads: ByLanguage) -> IntentClassifier:
    return IntentClassifier(tiny_model, reads)


# --- what it says ----------------------------------------------------------------------------------------------------


def test_intents_come_best_first_and_all_of_them(classifier: IntentClassifier) -> None:
    intents = classifier.classify("i want a refund of my money")
    assert intents[0].name == "refund"
    assert sorted(intent.name for intent in intents) == sorted(TEXTS)
    assert [intent.confidence for intent in intents] == sorted((i.confidence for i in intents), reverse=True)
    assert sum(intent.confidence for intent in intents) <= 1 + 1e-5


def test_one_text_or_many_is_the_same(classifier: IntentClassifier) -> None:
    texts = ("where is my package", "refund", "", "tell me a joke")
    together = classifier.confidences(texts)
    assert together.shape == (4, 4)
    for text, row in zip(texts, together, strict=True):
        have = {intent.name: intent.confidence for intent in classifier.classify(text)}
        assert [have[name] for name in classifier.labels.intents] == pytest.approx(row.tolist(), abs=1e-6)


def test_no_texts_have_no_confidences(classifier: IntentClassifier) -> None:
    assert classifier.confidences([]).shape == (0, 4)


def test_traditional_characters_are_read_as_simplified_ones(classifier: IntentClassifier) -> None:
    assert classifier.classify("我要退貨") == classifier.classify("我要退货")


@pytest.mark.parametrize("text", GIBBERISH)
def test_gibberish_is_not_surely_anything_that_is_answered(tuned: IntentClassifier, text: str) -> None:
    sure = max(intent.confidence for intent in tuned.classify("i want a refund of my money"))
    most = max(intent.confidence for intent in tuned.classify(text) if intent.name != "out_of_scope")
    assert most < 0.3 < 0.9 < sure


def test_sentence_vectors_that_are_there_already_are_taken(tuned: IntentClassifier, reads: ByLanguage) -> None:
    asked = []

    def given(text: str) -> Floats:
        asked.append(text)
        return reads.encode([text])

    assert tuned.classify("refund me", lambda: given("refund me")) == tuned.classify("refund me")
    assert asked == ["refund me"]
    assert tuned.classify("refund me", lambda: given("open on sunday?")) != tuned.classify("refund me")


def test_its_version_is_the_name_of_its_folder(classifier: IntentClassifier, folder: Path) -> None:
    assert classifier.version == folder.name


# --- why -------------------------------------------------------------------------------------------------------------


def test_why_names_the_likeliest_intents_the_nearest_examples_and_the_words(classifier: IntentClassifier) -> None:
    why = classifier.why("how do i get a refund today")
    assert why.intents == classifier.classify("how do i get a refund today")[:3]
    assert why.intents[0].name == "refund"
    assert (why.nearest[0].text, why.nearest[0].intent) == ("how do i get a refund", "refund")
    assert [each.nearness for each in why.nearest] == sorted((n.nearness for n in why.nearest), reverse=True)
    assert 0.8 < why.nearest[0].nearness <= 1.5
    assert "refund" in [word for word, _ in why.carried]
    assert all(weight > 0 for _, weight in why.carried)


def test_what_is_out_of_scope_is_no_nearest_example(classifier: IntentClassifier) -> None:
    assert {each.intent for each in classifier.why("tell me a joke").nearest} <= set(TEXTS) - {"out_of_scope"}


def test_of_gibberish_no_word_carried_anything(tuned: IntentClassifier) -> None:
    assert tuned.why("ЖЖЖ").carried == ()


# --- what it refuses -------------------------------------------------------------------------------------------------


def test_other_sentence_encoders_than_in_training_are_refused_by_name(folder: Path, reads: ByLanguage) -> None:
    """The vectors of the examples would lie in another space, and nothing would tell."""
    with pytest.raises(
        ModelError, match=rf"trained with the sentence encoders {reads.name}; the settings name other-1"
    ):
        IntentClassifier(folder, HashingEncoder(384, "other-1"))


def test_a_reader_of_other_labels_is_refused(few_model: Path, reads: ByLanguage, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    shutil.copytree(few_model, tmp_path / "model")
    have = load_file(few_model / "reader.safetensors")
    save_file(have | {"bias": np.zeros(3, np.float32)}, tmp_path / "model" / "reader.safetensors")
    with pytest.raises(ModelError, match=r"labels\.json names 4 intents, the graph tells 3 apart"):
        IntentClassifier(tmp_path / "model", reads)


def test_labels_out_of_scope_are_not_inside() -> None:
    assert inside(("a", "oos", "b", "out_of_scope")) == (0, 2)
    assert inside(tuple(sorted(TEXTS))) == (0, 2, 3)


def test_a_training_example_itself_is_surely_its_intent(tuned: IntentClassifier) -> None:
    some = [example for example in EXAMPLES if example.intent != "out_of_scope"][::5]
    best = [tuned.classify(tuned.masker.masked(example.text))[0] for example in some]
    assert [intent.name for intent in best] == [example.intent for example in some]
    assert min(intent.confidence for intent in best) > 0.8


def test_one_letter_is_understood_only_where_an_example_is_just_that(tiny_model: Path, reads: ByLanguage) -> None:
    classifier = IntentClassifier(tiny_model, reads)
    assert {intent.confidence for intent in classifier.classify("x")} == {0.0}
    assert {intent.confidence for intent in classifier.classify("xxxx")} == {0.0}
    classifier.known = frozenset({"x"})
    assert max(intent.confidence for intent in classifier.classify("x")) > 0
    assert max(intent.confidence for intent in classifier.classify("xxxx")) > 0
