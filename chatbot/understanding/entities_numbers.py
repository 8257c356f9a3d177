"""Numbers as customers write them, in digits and in words, of English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.messages import Entity

ONES = {
    word: value
    for value, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
        )
    )
}
TENS = {
    word: 10 * value
    for value, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
DIGITS = {**{char: value for value, char in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2, "俩": 2}
POWERS = {"十": 10, "百": 100, "千": 1000}
MYRIADS = {"万": 10_000, "亿": 100_000_000}

# As long as a number is that anybody means: longer runs are no number, and cost time.
FIGURES = r"(?:[1-9]\d{0,2}(?:,\d{3}){1,4}(?![,\d])|0(?!\d)|[1-9]\d{0,14}(?!\d))(?:\.\d+)?"
SMALL = "|".join([*ONES, *TENS])
WORDS = (
    rf"\b(?:(?:a\s(?={'|'.join(SCALES)}))|(?:{SMALL})\b)(?:(?:\s|-|\sand\s)?\b(?:{SMALL}|{'|'.join(SCALES)})\b){{0,8}}"
)
HAN_NUMBER = "[零〇一二两俩三四五六七八九十百千万亿]"
HAN = rf"(?<!{HAN_NUMBER}){HAN_NUMBER}{{1,16}}(?!{HAN_NUMBER})(?:点[零〇一二三四五六七八九]{{1,6}})?"
MEASURES = "个张把件只条台套间位本双盒箱份次天周年月日号块元米斤公两寸层点分小扇盏座对副"
"""Measure words: a Chinese numeral of one character is a number before one of these, or alone."""
NUMBER = re.compile(
    rf"(?P<figures>(?<![A-Za-z0-9_.,#/:\-]){FIGURES}(?!st\b|nd\b|rd\b|th\b|[A-Za-z_\-]{{0,9}}\d|[.,/:]\d))"
    rf"|(?P<words>{WORDS})|(?P<han>(?<!第){HAN})",
    re.IGNORECASE,
)
VAGUE = re.compile(
    r"(?:the|this|that|which|no|any|every|some|another|each|other|new|old|right|wrong|same|first|last|next"
    r"|black|white|blue|red|green|grey|gray|brown|big|small|bigger|smaller|good|bad|only|former|latter)\s$",
    re.IGNORECASE,
)
"""Before "one" that stands for a thing and counts none."""
IDIOMS = re.compile(
    "一下|一些|一样|一直|一起|一定|一般|一点|一切|一共|一旦|一边|一会|一次性|万一|十分|统一|唯一|之一|同一|千万别|千万不"
    "|星期.|礼拜.|周[一二三四五六]"
)
ORDINAL = re.compile(
    r"\b(?P<figures>\d{1,3})(?:st|nd|rd|th)\b|\b(?P<words>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
    rf"|tenth)\b|第(?P<han>\d{{1,4}}(?!\d)|{HAN_NUMBER}{{1,6}})",
    re.IGNORECASE,
)
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def numbers(text: str, name: str) -> Iterator[Entity]:
    """The numbers in a text, their values in figures. name: what the domain calls them."""
    idioms = [match.span() for match in IDIOMS.finditer(text)]
    for match in NUMBER.finditer(text):
        start, end = match.span()
        if counts(match, text) and not any(start < over and under < end for under, over in idioms):
            yield Entity(name, plain(value_of(match.group())), start, end)


def counts(match: re.Match[str], text: str) -> bool:
    """Whether a word that may be a number is one: not "the blue one", not the 一 of 一直."""
    word, before, behind = match.group(), text[: match.start()], text[match.end() :]
    if match["words"]:
        return word.casefold() != "one" or not (VAGUE.search(before) or before[-1:] == "-")
    if match["han"]:
        return len(word) > 1 or word == text or behind[:1] in MEASURES or behind[:1].isspace()
    return True


def ordinals(text: str, name: str) -> Iterator[Entity]:
    """First, 2nd, 第三: their values in figures."""
    for match in ORDINAL.finditer(text):
        word = match["words"]
        value = float(ORDINALS.index(word.casefold()) + 1) if word else value_of(match["figures"] or match["han"])
        yield Entity(name, plain(value), *match.span())


def value_of(written: str) -> float:
    """The value of what NUMBER matches."""
    written = written.strip().casefold()
    if written[0].isdigit():
        return float(written.replace(",", ""))
    return english(written) if written[0].isascii() else chinese(written)


def english(written: str) -> float:
    """Two hundred and fifty gives 250."""
    total = group = 0
    for word in re.findall("[a-z]+", written):
        if word in SCALES and SCALES[word] > 100:
            total, group = total + max(1, group) * SCALES[word], 0
        elif word in SCALES:
            group = max(1, group) * 100
        else:
            group += ONES.get(word, TENS.get(word, 0)) if word != "a" else 0
    return float(total + group)


def chinese(written: str) -> float:
    """三百五十 gives 350, 二〇二六 gives 2026, 三百五 gives 350, 三点五 gives 3.5."""
    whole, _, decimals = written.partition("点")
    after = float("0." + "".join(str(DIGITS[char]) for char in decimals)) if decimals else 0.0
    if not any(char in POWERS or char in MYRIADS for char in whole):
        return int("".join(str(DIGITS[char]) for char in whole) or "0") + after
    total = group = digit = 0
    power = 1
    for char in whole:
        if char in DIGITS:
            digit = DIGITS[char]
            power = 1 if digit == 0 else power
        elif char in POWERS:
            power = POWERS[char]
            group, digit = group + max(1, digit) * power, 0
        else:
            total, power = (total + group + digit) * MYRIADS[char], MYRIADS[char]
            group = digit = 0
    return total + group + digit * max(1, power // 10) + after


def plain(value: float) -> str:
    """The number without needless decimals."""
    return str(int(value)) if value == int(value) else str(round(value, 6))
