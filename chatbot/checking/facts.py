"""Numbers and what they count, and questions that ask the same: what it takes to see two answers contradict.

No model: words decide. Two questions ask the same if, function words apart, one of them has no word that the other has
not: "warranty on lamps" and "warranty on mattresses" differ, "how long is the warranty" asks for both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge_base.text import tokens, visible

ENGLISH_TEXT = "one two three four five six seven eight nine ten eleven twelve"
ENGLISH = ENGLISH_TEXT.split()
SPELT = {word: float(value) for value, word in enumerate(ENGLISH, 1)}
HAN = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ONE = rf"\d+(?:,\d{{3}})*(?:\.\d+)?|\b(?:{'|'.join(ENGLISH)})\b|[零一二两三四五六七八九十百]+"
RANGE = rf"({ONE})(?:\s?(?:-|–|—|~|to|and|or|至|到)\s?({ONE}))?"
BEFORE = {"money": r"(?:S?\$|SGD)\s?"}
BEHIND = {
    "money": r"(?:dollars?|SGD|新元|新币|元|块钱)",
    "percent": r"(?:%|％|per ?cent)",
    "hours": r"(?:hours?|hrs?|个?小时|个?钟头)",
    "minutes": r"(?:minutes?|mins?|分钟)",
    "days": r"(?:working |business |calendar )?(?:days?|nights?)|个?工作日|天|日内|晚",
    "weeks": r"(?:weeks?|个?星期|个?礼拜|周)",
    "months": r"(?:months?|个月)",
    "years": r"(?:years?|年)",
    "weight": r"(?:kg|kilos?|公斤|千克)",
    "length": r"(?:mm|cm|met(?:re|er)s?|毫米|厘米|公分|米)",
    "heat": r"(?:°C?|degrees?|度)",
}
"""What a number counts: the sign before it (S$ 6) or the word behind it (6 days, 6 天)."""
PATTERNS = [(unit, re.compile(sign + RANGE, re.IGNORECASE)) for unit, sign in BEFORE.items()] + [
    (unit, re.compile(rf"{RANGE}[\s-]?(?:{word})", re.IGNORECASE)) for unit, word in BEHIND.items()
]
DATES = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?P<name>{'|'.join(MONTHS)})", re.IGNORECASE),
    re.compile(rf"\b(?P<name>{'|'.join(MONTHS)})[a-z]*\.? (?P<day>\d{{1,2}})\b", re.IGNORECASE),
    re.compile(r"(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]"),
    re.compile(r"\d{4}-(?P<month>\d{2})-(?P<day>\d{2})"),
)
CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})\b")
FUNCTION_TEXT = """
a about after again all also am an and another any anything are as at back be been before being but by can come could
d did do does doing done else ever for from further get gets getting give given go got had has have having hello help
hey hi how i if im in into is isnt it its just know lah later let like long ll make many may maybe me might mine
more much must my need needs no not of off ok on one only or other our out over please pls re s shall she should so
some something soon still sure take takes tell than thanks that the their them then there these they thing things this
those to too u up ur us usually very want wanna was way we well were what whats when where which while who why will
with without would yes yet you your yours
"""
FUNCTION_WORDS = frozenset(FUNCTION_TEXT.split())
FUNCTION_SIGNS = frozenset(
    "的了吗呢吧啊呀哦么嘛是在有没不要会能可以我你您们他她它这那哪什几多少久天怎样如何请问一个就都也还再和跟与或及给把被到从对为想"
)
LEAST_SHARED = 0.6
"""Share of the content words of the longer of two questions that the shorter has, if both ask the same."""


Days = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True)
class Said:
    """A question with what its answer says. owner: whose answer; those of one owner are not held against each other.

    days: the first and the last on which the answer holds; (None, None): always.
    """

    owner: str
    where: str
    question: str
    answer: str
    days: Days = (None, None)


def facts(text: str) -> dict[str, frozenset[float]]:
    """The numbers of a text by what they count; dates as month and day in one number, clock times in minutes."""
    text = visible(text)
    found: dict[str, set[float]] = defaultdict(set)
    for pattern in DATES:
        for match in pattern.finditer(text):
            part = match.groupdict()
            month = int(part["month"]) if part.get("month") else MONTHS.index(part["name"].casefold()) + 1
            found["date"].add(month * 100 + int(part["day"]))
        text = pattern.sub(" ", text)
    found["clock"] = {int(hour) * 60 + int(minute) for hour, minute in CLOCK.findall(text)}
    text = CLOCK.sub(" ", text)
    for unit, pattern in PATTERNS:
        for low, high in pattern.findall(text):
            found[unit] |= {value(number) for number in (low, high) if number}
    return {unit: frozenset(numbers) for unit, numbers in found.items() if numbers}


def value(number: str) -> float:
    """A number in digits, in English words up to twelve, or in Chinese signs up to 999."""
    if number[0].isdigit():
        return float(number.replace(",", ""))
    if number.isascii():
        return SPELT[number.casefold()]
    total, digit = 0, 0
    for sign in number:
        if sign in "十百":
            total, digit = total + (digit or 1) * (10 if sign == "十" else 100), 0
        else:
            digit = HAN[sign]
    return float(total + digit)


def differ(one: Mapping[str, frozenset[float]], other: Mapping[str, frozenset[float]]) -> str:
    """What both count with numbers that do not agree, as 'days'; '' if nothing. One may say less than the other."""
    for unit in one.keys() & other.keys():
        if not one[unit] <= other[unit] and not other[unit] <= one[unit]:
            return unit
    return ""


def content(question: str) -> frozenset[str]:
    """The words that carry a question: stems of Latin words, single Han characters; no function words."""
    words = tokens(question)
    latin = {stem(word) for word in words if word.isascii() and word not in FUNCTION_WORDS}
    return frozenset(latin | {sign for word in words if not word.isascii() for sign in word} - FUNCTION_SIGNS)


def stem(word: str) -> str:
    """An English word without its ending: delivers, delivered, delivering and delivery are one."""
    for ending in ("ies", "ing", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def same_question(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether one has no content word that the other has not, and nearly as many."""
    few, many = sorted((one, other), key=len)
    return bool(few) and few <= many and len(few) >= LEAST_SHARED * len(many)


def both_hold(one: Days, other: Days) -> bool:
    """Whether two answers hold on the same days. One for certain days is an exception from one for always."""
    if (None, None) in (one, other):
        return one == other
    return (one[0] or date.min) <= (other[1] or date.max) and (other[0] or date.min) <= (one[1] or date.max)


def contradictions(said: Sequence[Said]) -> Iterator[tuple[Said, Said, str]]:
    """Two that are asked the same and answer with other numbers, and what these count. One finding for two places."""
    words = [content(each.question) for each in said]
    numbers = [facts(each.answer) for each in said]
    index: dict[str, list[int]] = defaultdict(list)
    for place, content_words in enumerate(words):
        for word in content_words:
            index[word].append(place)
    told: set[frozenset[str]] = set()
    for place, mine in enumerate(words):
        if not mine or not numbers[place]:
            continue
        for other in index[min(mine, key=lambda word: (len(index[word]), word))]:
            one, two = said[min(place, other)], said[max(place, other)]
            places = frozenset({one.where, two.where})
            if one.owner == two.owner or places in told or not both_hold(one.days, two.days):
                continue
            if same_question(mine, words[other]) and (unit := differ(numbers[place], numbers[other])):
                told.add(places)
                yield one, two, unit
