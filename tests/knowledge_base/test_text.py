from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.text import language_of, normalise_question, share_of_han, simplified, tokens


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "  where   is my\torder ",
        "WHERE IS MY ORDER???",
        "“Where is my order!”",
        "Ｗｈｅｒｅ　ｉｓ　ｍｙ　ｏｒｄｅｒ？",
        "Where\u200b is\u00a0my \u202eorder\u202c\ufeff",
        "...where is my order~",
        "Where is my or\u00adder\ufe0f?",
        "where is my order \ud83d",
    ],
)
def test_spellings_of_one_question_are_equal(text: str) -> None:
    assert normalise_question(text) == "where is my order"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("怎麼退貨？", "怎么退货"),
        ("怎么退款？", "怎么退款"),
        ("怎么 退款?", "怎么退款"),
        ("怎么退款～", "怎么退款"),
        ("退款?多久", "退款 多久"),
        ("What’s up", "what's up?"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "CAFÉ"),
    ],
)
def test_these_are_the_same_question(one: str, other: str) -> None:
    assert normalise_question(one) == normalise_question(other)


@pytest.mark.parametrize(("one", "other"), [("What is C#?", "What is C?"), ("Is it 100%?", "Is it 100?"), ("¥5", "5")])
def test_signs_with_a_meaning_stay(one: str, other: str) -> None:
    assert normalise_question(one) != normalise_question(other)


@pytest.mark.parametrize("text", ["", " ", "???", "！？。", "\u200b\u202e", "\x00"])
def test_what_asks_nothing_is_empty(text: str) -> None:
    assert normalise_question(text) == ""


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_question(text)
    assert normalise_question(once) == once
    once.encode()  # no half surrogate is left, which SQLite could not store


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["?", "？", " ", "\u3000", "\u200d", "!", "。", "\n"]))
def test_edges_do_not_matter(text: str, edge: str) -> None:
    assert normalise_question(edge + text + edge) == normalise_question(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is order A1029?", ["where", "is", "order", "a1029"]),
        ("退款多久到账", ["退款", "款多", "多久", "久到", "到账"]),
        ("退貨", ["退货"]),
        ("退", ["退"]),
        ("我的order在哪", ["我的", "order", "在哪"]),
        ("退款，多久", ["退款", "多久"]),
        ("don't", ["dont"]),
        ("don’t", ["dont"]),
        ("Café ＡＢＣ", ["cafe", "abc"]),
        ("snake_case", ["snake", "case"]),
        ("?!", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.text(st.characters(exclude_categories=["Cn"])))  # what is no character yet, in the blocks of Han, may be one
def test_a_word_has_no_blank_and_no_punctuation(text: str) -> None:
    assert all(word.isalnum() for word in tokens(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退貨", "退货"),
        ("發票怎麼開？SIM", "发票怎么开？SIM"),
        ("乾燥", "干燥"),
        ("乾隆", "乾隆"),
        ("什么时候发货", "什么时候发货"),
        ("Where is it?", "Where is it?"),
        ("退貨\ud83d", "退货"),
        ("", ""),
    ],
)
def test_traditional_characters_are_simplified(text: str, expected: str) -> None:
    assert simplified(text) == expected


@given(st.text(st.sampled_from("退貨薴乾隆燥後於發票臺灣麼徵")))
def test_normalising_chinese_twice_changes_nothing(text: str) -> None:
    once = normalise_question(text)
    assert normalise_question(once) == once


@pytest.mark.parametrize(
    ("text", "language"), [("我的order在哪里", "zh"), ("what is 退款", "en"), ("12", "en"), ("", "en")]
)
def test_a_text_tells_its_language_by_its_characters(text: str, language: str) -> None:
    assert language_of(text) == language


def test_share_of_han() -> None:
    assert share_of_han("退款 now") == pytest.approx(2 / 5)
    assert share_of_han("123") == 0
