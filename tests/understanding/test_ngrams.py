"""A text as words and pieces of words: what a typing mistake leaves whole, in both scripts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.understanding.ngrams import LONGEST_TEXT, Ngrams, learned, pieces, words

TEXTS = ("I want a refund", "where is my parcel", "refund my parcel", "我要退款", "退款多久")
EVERYTHING = 10**9


@pytest.fixture(scope="module")
def ngrams() -> Ngrams:
    return learned(TEXTS, 1, EVERYTHING)


def likeness(ngrams: Ngrams, one: str, other: str) -> float:
    size = len(ngrams.vocabulary)
    return float(ngrams.sparse(one).dense(size) @ ngrams.sparse(other).dense(size))


# --- what a text is cut into -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Where is it?", ["where", "is", "it", "where is", "is it"]),
        ("退款多久", ["退款", "款多", "多久", "退款 款多", "款多 多久"]),
        ("退款 please", ["退款", "please", "退款 please"]),
        ("refund", ["refund"]),
        ("?!", []),
        ("", []),
    ],
)
def test_words_are_words_or_pairs_of_han_characters_and_pairs_of_them(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_pieces_are_two_to_four_characters_within_words_and_know_where_a_word_ends() -> None:
    assert pieces("My  ID") == [
        *("~ m", "~my", "~y ", "~ my", "~my ", "~ my "),
        *("~ i", "~id", "~d ", "~ id", "~id ", "~ id "),
    ]
    assert pieces(" ") == []


@given(st.text(max_size=80))
def test_no_piece_is_ever_taken_for_a_word(text: str) -> None:
    assert not set(words(text)) & set(pieces(text))


def test_what_comes_after_the_first_characters_of_a_long_text_is_not_read() -> None:
    start = "ab " * (LONGEST_TEXT // 3) + "cd"
    assert len(start) == LONGEST_TEXT
    assert (words(start + "efg hij"), pieces(start + "efg hij")) == (words(start), pieces(start))


# --- what is learned -------------------------------------------------------------------------------------------------


def test_an_ngram_of_fewer_texts_is_left_out_and_those_of_most_texts_are_kept() -> None:
    texts = ("aa bb", "aa bb", "aa cc")
    assert "cc" not in learned(texts, 2, EVERYTHING).vocabulary
    assert {"aa", "bb", "aa bb"} <= set(learned(texts, 2, EVERYTHING).vocabulary)
    assert "aa" in learned(texts, 1, 7).vocabulary
    assert len(learned(texts, 1, 7).vocabulary) == 7
    assert "bb" not in learned(texts, 1, 7).vocabulary


def test_what_is_in_every_text_weighs_one_and_what_is_rare_weighs_more() -> None:
    have = learned(("aa bb", "aa cc", "aa dd"), 1, EVERYTHING)
    assert have.rarity[have.place["aa"]] == pytest.approx(1.0)
    assert have.rarity[have.place["bb"]] == pytest.approx(1 + np.log(4 / 2))


def test_a_word_said_three_times_weighs_one_and_a_bit_more_than_twice_as_much() -> None:
    have = Ngrams(["aa", "bb"], np.ones(2, np.float32))
    said = have.sparse("aa bb aa aa")
    assert said.ids.tolist() == [0, 1]
    assert said.values[0] / said.values[1] == pytest.approx(1 + np.log(3))


def test_the_same_texts_in_another_order_give_the_same_vocabulary() -> None:
    assert learned(TEXTS, 1, EVERYTHING).vocabulary == learned(TEXTS[::-1], 1, EVERYTHING).vocabulary


# --- a text's place in it --------------------------------------------------------------------------------------------


@given(st.text("wherfundp my退款多久?!", max_size=60))
def test_words_have_length_one_and_pieces_have_or_there_are_none(text: str) -> None:
    ngrams = learned(TEXTS, 1, EVERYTHING)
    found = ngrams.sparse(text)
    of_pieces = np.array([ngrams.vocabulary[place].startswith("~") for place in found.ids], bool)
    assert (np.diff(found.ids) > 0).all()
    for kind in (of_pieces, ~of_pieces):
        assert np.linalg.norm(found.values[kind]) == pytest.approx(1.0 if kind.any() else 0.0, abs=1e-5)


@pytest.mark.parametrize("text", ["", "?!", "zzzz", "ЖЖ", "价格"])
def test_a_text_of_which_nothing_is_known_is_empty(ngrams: Ngrams, text: str) -> None:
    found = ngrams.sparse(text)
    assert (found.ids.shape, found.values.shape) == ((0,), (0,))
    assert found.dense(len(ngrams.vocabulary)).tolist() == [0.0] * len(ngrams.vocabulary)


def test_a_typing_mistake_shares_pieces_where_it_shares_no_word(ngrams: Ngrams) -> None:
    assert not set(words("refnud")) & set(ngrams.vocabulary)
    assert likeness(ngrams, "refnud", "refund") > 0.2
    assert likeness(ngrams, "refnud", "where is") < 0.1


def test_a_text_is_as_like_itself_as_words_and_pieces_can_be(ngrams: Ngrams) -> None:
    assert [likeness(ngrams, text, text) for text in TEXTS] == pytest.approx([2.0] * len(TEXTS), abs=1e-5)
