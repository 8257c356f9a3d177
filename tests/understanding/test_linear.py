"""The linear reader: it tells apart what words and meaning tell apart, and says which words they were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from chatbot.training.linear import NEVER, both, fitted, vocabulary
from chatbot.understanding.confidence import softmax
from chatbot.understanding.linear import VECTOR, Linear
from chatbot.understanding.ngrams import Floats, Ngrams, Sparse
from tests.fakes import HashingEncoder
from tests.samples import EXAMPLES, TEXTS

QUESTIONS = [example.text for example in EXAMPLES]
TARGETS = np.array([sorted(TEXTS).index(example.intent) for example in EXAMPLES], np.int64)
ASKED = ("where is my package", "i would like a refund", "at what time do you open", "write a poem about rice")
ANSWERS = ("track_order", "refund", "opening_hours", "out_of_scope")
NOTHING = Sparse(np.zeros(0, np.int32), np.zeros(0, np.float32))


def vectors_of(texts: Sequence[str]) -> Floats:
    return HashingEncoder(64).encode(texts)


@pytest.fixture(scope="module")
def ngrams() -> Ngrams:
    return vocabulary(QUESTIONS)


@pytest.fixture(scope="module")
def reader(ngrams: Ngrams) -> Linear:
    """Of the samples' four intents, and a fifth label of which there are no texts: the second of five."""
    found = [ngrams.sparse(text) for text in QUESTIONS]
    skipping = np.where(TARGETS >= 1, TARGETS + 1, TARGETS)
    return fitted([0] * len(QUESTIONS), vectors_of(QUESTIONS), found, skipping, len(ngrams.vocabulary), 5)


def logits(reader: Linear, ngrams: Ngrams, texts: Sequence[str], place: int = 0) -> Floats:
    return reader.logits([place] * len(texts), vectors_of(texts), [ngrams.sparse(text) for text in texts])


# --- what it tells apart ---------------------------------------------------------------------------------------------


def test_it_says_of_new_texts_what_they_are(reader: Linear, ngrams: Ngrams) -> None:
    labels = ["opening_hours", "(never seen)", *sorted(TEXTS)[1:]]
    assert tuple(labels[at] for at in logits(reader, ngrams, ASKED).argmax(1)) == ANSWERS


def test_a_label_without_texts_has_the_lowest_logit_there_is(reader: Linear, ngrams: Ngrams) -> None:
    found = logits(reader, ngrams, (*ASKED, "zzz", ""))
    assert found[:, 1].tolist() == [NEVER] * 6
    assert np.delete(found, 1, axis=1).min() > NEVER / 2


def test_a_typing_mistake_is_read_over(reader: Linear, ngrams: Ngrams) -> None:
    wrong = ("wher is my pacel", "refudn me pleaes", "opning hours")
    assert (logits(reader, ngrams, wrong).argmax(1)).tolist() == [4, 3, 0]


def test_no_texts_have_no_logits(reader: Linear) -> None:
    assert reader.logits([], np.zeros((0, 64), np.float32), []).shape == (0, 5)


def test_of_two_labels_one_logit_is_the_other_negated(ngrams: Ngrams) -> None:
    some = TARGETS >= 2
    texts = [text for text, kept in zip(QUESTIONS, some, strict=True) if kept]
    found = [ngrams.sparse(text) for text in texts]
    reader = fitted([0] * len(texts), vectors_of(texts), found, TARGETS[some] - 2, len(ngrams.vocabulary), 2)
    have = logits(reader, ngrams, texts)
    assert have[:, 0] == pytest.approx(-have[:, 1], abs=1e-4)
    assert (have.argmax(1) == TARGETS[some] - 2).all()


def test_the_shares_of_two_labels_are_the_sigmoid_of_the_one_that_was_fitted() -> None:
    weights, bias = np.array([[1.5, -2.0]]), np.array([0.25])
    rows, biases = both(weights, bias)
    texts = np.array([[0.0, 0.0], [1.0, 1.0], [-3.0, 0.5]])
    sigmoid = 1 / (1 + np.exp(-(texts @ weights[0] + bias[0])))
    assert softmax(texts @ rows.T + biases) == pytest.approx(np.stack([1 - sigmoid, sigmoid], axis=1))


def test_three_labels_are_left_as_they_are() -> None:
    weights, bias = np.arange(6.0).reshape(3, 2), np.arange(3.0)
    rows, biases = both(weights, bias)
    assert (rows.tolist(), biases.tolist()) == (weights.tolist(), bias.tolist())


# --- two sentence encoders -------------------------------------------------------------------------------------------


def test_a_vector_means_something_else_in_another_encoders_space() -> None:
    """The same two vectors, with the labels the other way round."""
    vectors = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.float32)
    places = [0, 0, 1, 1]
    reader = fitted(places, vectors, [NOTHING] * 4, np.array([0, 1, 1, 0]), 0, 2)
    assert reader.by_vector.shape == (2, 2, 2)
    assert reader.logits(places, vectors, [NOTHING] * 4).argmax(1).tolist() == [0, 1, 1, 0]


def test_of_a_text_of_an_encoder_without_examples_the_words_alone_speak(reader: Linear, ngrams: Ngrams) -> None:
    """Trained in English only, a shop is asked in Chinese."""
    alone = reader.logits([0], np.zeros((1, 64), np.float32), [ngrams.sparse("refund 退款")])
    assert logits(reader, ngrams, ("refund 退款",), place=1).tolist() == alone.tolist()


# --- which words they were -------------------------------------------------------------------------------------------


def test_what_an_ngram_carried_is_its_value_times_how_much_more_it_speaks_for_this_label() -> None:
    reader = Linear(
        by_ngram=np.array([[4, 0], [1, 3], [7, 7]], np.float32),
        by_vector=np.zeros((1, 2, 2), np.float32),
        bias=np.array([5, 0], np.float32),
    )
    found = Sparse(np.array([0, 1, 2], np.int32), np.array([0.5, 1.0, 1.0], np.float32))
    assert reader.carried(found, 0).tolist() == [1.0, -1.0, 0.0]
    assert reader.carried(found, 1).tolist() == [-1.0, 1.0, 0.0]
    assert reader.carried(NOTHING, 0).shape == (0,)


def test_a_logit_is_the_vector_the_ngrams_and_the_bias_together() -> None:
    reader = Linear(
        by_ngram=np.array([[4, 0], [1, 3]], np.float32),
        by_vector=np.array([[[1, 2], [3, 4]]], np.float32),
        bias=np.array([5, 0], np.float32),
    )
    found = Sparse(np.array([1], np.int32), np.array([2.0], np.float32))
    vector = np.array([[0.0, 1.0]], np.float32)
    assert reader.logits([0], vector, [found]).tolist() == [[VECTOR * 3 + 2 * 1 + 5, VECTOR * 4 + 2 * 3]]
