"""Amounts of money: S$80, thirty dollars, 三百块."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.messages import Entity
from chatbot.understanding.entities_numbers import FIGURES, HAN, WORDS, plain, value_of

SIGNS = r"(?:S\$|US\$|HK\$|NT\$|A\$|C\$|\$|€|£|¥|SGD|USD|EUR|GBP|CNY|RMB|HKD|MYR|人民币|新币|美元)"
UNITS = (
    r"(?:(?:singapore|us|hong\skong|australian)\s)?"
    r"(?:dollars?|bucks?|euros?|pounds?|yuan|renminbi|sgd|usd|eur|gbp|cny|rmb|hkd|myr|€|£)\b"
)
CENTS = r"(?:cents?|pence)\b"
HAN_UNITS = r"(?:人民币|新加坡元|新元|新币|坡币|美元|美金|欧元|英镑|港币|港元|元钱|元|圆|块钱)"
AMOUNT = re.compile(
    rf"(?<![A-Za-z]){SIGNS}\s?(?P<signed>{FIGURES})(?P<k>k\b)?"
    rf"|(?P<fen>{FIGURES}|{WORDS})\s?{CENTS}"
    rf"|(?<![\d.,])(?P<united>{FIGURES}|{WORDS})\s?(?:{UNITS}|€|£)"
    rf"|(?<![\d.,])(?P<han>{FIGURES}|{HAN})\s?{HAN_UNITS}"
    rf"|(?<![\d.,])(?P<piece>{FIGURES}|{HAN})\s?块(?P<mao>[一二三四五六七八九](?![十百千万个张]))?",
    re.IGNORECASE,
)
BEHIND_MONEY = re.compile(r"$|[\s\W\d]|[钱的了吧吗呢啊左右以多退给就还太贵运]")
"""What may stand behind 块 where it is money: 三块地毯 are three rugs."""


def amounts(text: str, name: str) -> Iterator[Entity]:
    """The amounts in a text; the value is the number, without its currency, as Duckling's."""
    for match in AMOUNT.finditer(text):
        value = worth(match, text)
        if value is not None:
            yield Entity(name, plain(value), *match.span())


def worth(match: re.Match[str], text: str) -> float | None:
    """The amount; None for 块 that counts pieces."""
    if match["fen"]:
        return value_of(match["fen"]) / 100
    if match["piece"]:
        value = value_of(match["piece"])
        if match["mao"]:
            return value + value_of(match["mao"]) / 10
        return None if match["piece"] == "一" or not BEHIND_MONEY.match(text[match.end() :]) else value
    number = value_of(match["signed"] or match["united"] or match["han"])
    return 1000 * number if match["k"] else number
