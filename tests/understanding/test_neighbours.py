"""The nearest examples: by meaning and by words, of the same encoder only."""

from __future__ import annotations

import numpy as np
import pytest

from chatbot.understanding.neighbours import MEAN_OF, WORDS, Neighbour, Neighbours
from chatbot.understanding.ngrams import Floats, Ngrams, learned

TEXTS = ("track my parcel", "refund me", "refund my parcel", "我要退款")
INTENTS = ("track", "refund", "refund", "refund")
PLACES = np.array([0, 0, 0, 1])
VECTORS = np.array([[1, 0], [0, 1], [0.6, 0.8], [1, 0]], np.float32)


@pytest.fixture(scope="module")
def ngrams() -> Ngrams:
    return learned(TEXTS, 1, 10**9)


@pytest.fixture(scope="module")
def known(ngrams: Ngrams) -> Neighbours:
    found = [ngrams.sparse(text) for text in TEXTS]
    return Neighbours(TEXTS, INTENTS, PLACES, VECTORS, found, len(ngrams.vocabulary))


def vector(x: float, y: float) -> Floats:
    return np.array([x, y], np.float32)


def near(text: str, intent: str, nearness: float) -> Neighbour:
    return Neighbour(text, intent, pytest.approx(nearness, abs=1e-5))


def test_the_nearest_come_first_each_with_its_intent(known: Neighbours, ngrams: Ngrams) -> None:
    assert known.nearest(0, vector(0.8, 0.6), ngrams.sparse("zzz")) == [
        near("refund my parcel", "refund", 0.96),
        near("track my parcel", "track", 0.8),
        near("refund me", "refund", 0.6),
    ]


def test_the_example_itself_is_as_near_as_anything_can_be(known: Neighbours, ngrams: Ngrams) -> None:
    assert known.nearest(1, vector(1, 0), ngrams.sparse("我要退款")) == [near("我要退款", "refund", 1 + WORDS)]


def test_of_two_that_mean_the_same_the_one_with_the_same_words_is_nearer(ngrams: Ngrams) -> None:
    same = np.array([[1, 0]] * 4, np.float32)
    known = Neighbours(
        TEXTS, INTENTS, np.zeros(4, np.int64), same, [ngrams.sparse(text) for text in TEXTS], len(ngrams.vocabulary)
    )
    found = known.nearest(0, vector(1, 0), ngrams.sparse("refund me"))
    assert found[0] == near("refund me", "refund", 1 + WORDS)
    assert found[1].text == "refund my parcel"
    assert 1 < found[1].nearness < 1 + WORDS


def test_words_in_common_outweigh_a_little_difference_in_meaning(known: Neighbours, ngrams: Ngrams) -> None:
    asked = vector(0.65, float(np.sqrt(1 - 0.65**2)))  # nearest in meaning: "refund my parcel"
    assert known.nearest(0, asked, ngrams.sparse("zzz"))[0].text == "refund my parcel"
    assert known.nearest(0, asked, ngrams.sparse("refund me"))[0].text == "refund me"


def test_a_text_of_another_encoders_place_is_near_to_nothing_of_this_one(known: Neighbours, ngrams: Ngrams) -> None:
    asked = ngrams.sparse("track my parcel")
    assert [each.text for each in known.nearest(1, vector(1, 0), asked)] == ["我要退款"]
    assert known.nearest(2, vector(1, 0), asked) == []
    assert known.nearness(2, vector(1, 0), asked) == 0.0


def test_nearness_is_the_mean_of_the_nearest_few(ngrams: Ngrams) -> None:
    cosines = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.1, 0.0])
    vectors = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1).astype(np.float32)
    nothing = ngrams.sparse("zzz")
    known = Neighbours("abcdefg", ["x"] * 7, np.zeros(7, np.int64), vectors, [nothing] * 7, len(ngrams.vocabulary))
    assert MEAN_OF == 5
    assert known.nearness(0, vector(1, 0), nothing) == pytest.approx(0.7)
    assert [each.text for each in known.nearest(0, vector(1, 0), nothing, most=2)] == ["a", "b"]


def test_fewer_examples_than_that_are_all_of_the_mean(known: Neighbours, ngrams: Ngrams) -> None:
    assert known.nearness(0, vector(1, 0), ngrams.sparse("zzz")) == pytest.approx((1 + 0.6 + 0) / 3)
