from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.understanding.text import MAX_CHARACTERS, is_invisible, normalised, says_nothing


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("  Where   is\tmy\r\nparcel? ", "Where is my parcel?"),
        ("１００２３４ ＡＢＣ！", "100234 ABC!"),
        ("我的订单　在哪", "我的订单 在哪"),
        ("a\u200bb\ufeffc\u202ed\u00ade", "abcde"),
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("a\x0bb\x0cc\u2028d\u00a0e", "a b c d e"),
        ("half \ud83d pair", "half pair"),
        ("👩\u200d👧 ❤️", "👩\u200d👧 ❤️"),
        ("e\u200b\u0301", "é"),
        ("", ""),
        (" \u200b\t", ""),
    ],
)
def test_what_a_customer_sees_is_what_is_read(text: str, seen: str) -> None:
    assert normalised(text) == seen


def test_a_long_text_is_cut() -> None:
    assert normalised("x" * 5000) == "x" * MAX_CHARACTERS
    assert normalised("\ufdfa" * 5000) == normalised("\ufdfa" * 200)[:MAX_CHARACTERS].strip()
    assert normalised("x" * (MAX_CHARACTERS - 1) + "  y") == "x" * (MAX_CHARACTERS - 1)


@given(st.one_of(st.text(), st.text("a \u200b\u0301\ufdfaＡ１\u3000가\u1100\u1161\ud800", max_size=40)))
def test_twice_is_the_same_as_once_and_nothing_invisible_is_left(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once
    assert not any(is_invisible(char) for char in once)
    assert len(once) <= MAX_CHARACTERS


@pytest.mark.parametrize("text", ["", "0", "k", "?", "👍", "...!", "嗯", " x "])
def test_a_text_of_fewer_than_two_letters_says_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["哈哈哈", "xxxxx", "A a A!", "0000"])
def test_a_letter_again_and_again_says_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["ok", "退款", "88", "n o", "哈哈哈退款", "hahaha"])
def test_a_text_of_two_letters_may_say_something(text: str) -> None:
    assert not says_nothing(text)
