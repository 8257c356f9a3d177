from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.understanding.spelling import Speller, one_edit

EXAMPLES = [
    "where is my parcel",
    "a lamp",
    "my parcel is late",
    "can I return a lamp",
    "return this lamp",
    "a typo: parsel",
]
STORED = {"skagen": 1, "lamps": 3}
LANGUAGE = {"mistress", "carrot", "sleepy"}


def in_stored(words: Iterable[str]) -> Mapping[str, int]:
    return {word: STORED[word] for word in words if word in STORED}


SPELLER = Speller(EXAMPLES, LANGUAGE.__contains__, in_stored)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("where is my parcle?", "where is my parcel?"),  # swapped
        ("wheres my parcl", "wheres my parcel"),  # lost; "wheres" has no known word a slip away that two examples have
        ("my parrcel", "my parcel"),  # doubled
        ("my parcek", "my parcel"),  # wrong
        ("MY PARCLE IS LATE", "MY parcel IS LATE"),
        ("do you sell skagn", "do you sell skagen"),  # of a stored question, though only one has it
        ("我的parcle在哪里", "我的parcel在哪里"),
        ("a lmap", "a lamp"),  # of four letters, swapped ones alone
        ("retunr the lmaps", "return the lamps"),
    ],
)
def test_an_unknown_word_is_read_as_the_known_one_a_slip_away(written: str, read: str) -> None:
    assert SPELLER.mended(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "where is my parcel",
        "carrot skagen lamps",  # known: to the language, to a stored question
        "parsel",  # an example has it, and "parcel" is not in ten times as many
        "lam lamz lam p",  # too short for anything but swapped letters
        "prcl",  # two slips away
        "parcle@example.com, www.parcle.com, parcle-2, x/parcle, parcle7, o'parcle",  # parts of something else
        "包裹在哪里",
        "",
    ],
)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert SPELLER.mended(text) == text


def test_a_word_of_one_example_is_no_correction_and_what_staff_save_is_known_at_once() -> None:
    words: dict[str, int] = {}
    speller = Speller(["a typo: parsel"], lambda _: False, lambda asked: {w: words[w] for w in asked if w in words})
    assert speller.mended("parsell") == "parsell"
    words["parcel"] = 1
    assert speller.mended("parcell parcel") == "parcel parcel"
    words["parcell"] = 1
    assert speller.mended("parcell") == "parcell"


def test_a_slip_among_the_examples_is_a_slip_where_the_word_itself_is_far_more_usual() -> None:
    examples = ["my parcle", *["my parcel"] * 10]
    speller = Speller([f"{text} {at}" for at, text in enumerate(examples)], lambda _: False, lambda _: {})
    assert speller.mended("parcle") == "parcel"


@given(st.text(alphabet="abz", min_size=1, max_size=5), st.data())
def test_one_edit_reaches_every_word_a_slip_away(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abz"))
    near = set(one_edit(word))
    assert {word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]} <= near
    assert word[:at] + word[at : at + 2][::-1] + word[at + 2 :] in near | {word}


@given(st.text(max_size=60))
def test_mending_twice_is_the_same_as_once(text: str) -> None:
    once = SPELLER.mended(text)
    assert SPELLER.mended(once) == once
