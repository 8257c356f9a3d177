"""Pinyin in the middle of Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from knowledge_base.pairs import Pair
from knowledge_base.pinyin import written_out
from knowledge_base.store import PairStore

STORED = {"退款": 9, "退宽": 1, "退货": 5, "申请": 4, "请退": 2, "绿色": 3, "长度": 2, "安卓": 1}


def like(pattern: str) -> Mapping[str, int]:
    return {word: count for word, count in STORED.items() if re.fullmatch(pattern.replace("_", "."), word)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退kuan", "退款"),  # 退宽 sounds the same, and is rarer
        ("tui款多久", "退款多久"),
        ("TUI货", "退货"),
        ("申qing退huo", "申请退货"),
        ("怎麼tui貨", "怎麼退貨"),
        ("lv色", "绿色"),
        ("chang度", "长度"),  # 长 has two readings
        ("an卓手机", "安卓手机"),
    ],
)
def test_a_syllable_becomes_the_character_of_the_stored_word(text: str, expected: str) -> None:
    assert written_out(text, like) == expected


@pytest.mark.parametrize(
    "text",
    [
        "退款",
        "tui",
        "tuikuan",
        "退 kuan",
        "退kuan2",
        "x1kuan款",
        "退kuang",
        "SIM卡",
        "app下载",
        "VIP退款",
        "退me",
        "order退款",
        "",
    ],
)
def test_what_no_stored_word_explains_stays(text: str) -> None:
    assert written_out(text, like) == text


def test_what_is_no_syllable_is_not_looked_up() -> None:
    def fail(pattern: str) -> Mapping[str, int]:
        raise AssertionError(pattern)

    for text in ("SIM卡", "app下载", "T恤", "退款order", "iPhone手机壳", "2kuan款"):
        assert written_out(text, fail) == text


def test_a_long_text_costs_no_more_than_a_short_one() -> None:
    asked: list[str] = []

    def listening(pattern: str) -> Mapping[str, int]:
        asked.append(pattern)
        return like(pattern)

    assert written_out("tui款，" * 100, listening) == "退款，" * 4 + "tui款，" * 96
    assert asked == ["_款"] * 4


def test_only_words_that_are_published_explain_a_syllable(store: PairStore) -> None:
    pair = store.add(Pair("怎么退款", "A."))
    assert written_out("退kuan", store.words_like) == "退款"
    store.withdraw(pair.id)
    assert written_out("退kuan", store.words_like) == "退kuan"
