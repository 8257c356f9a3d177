"""Whether two answers say the same: what can be measured of it without understanding them.

Numbers, weekdays and months, and whether the first sentence says no. Two answers that contradict each other in other
words are not found, and two that only look so may be: both are shown side by side, and a person judges.
"""

from __future__ import annotations

import re

from knowledge_base.text import normalise_question, simplified

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
DAY = re.compile(r"\b(mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?\b", re.IGNORECASE)
MONTH = re.compile(
    r"\b(jan(?:uary)?|feb(?:ruary)?|march|april|june|july|aug(?:ust)?|sept(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b",
    re.IGNORECASE,
)
CHINESE_DAY = re.compile("(?:周|星期|礼拜)([一二三四五六日天])")
DAYS = dict(zip("一二三四五六日天", ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "sun"), strict=True))
NO = re.compile(
    r"\b(?:no|not|never|cannot|unfortunately|unable)\b|n't\b|不(?!用担心|过|仅|但|同)|没有|没法|无法|未能|暂无|抱歉",
    re.IGNORECASE,
)
FIRST_SENTENCE = re.compile(r".*?(?:[.!?](?=\s|$)|[。！？\n]|$)", re.DOTALL)


def same(one: str, other: str) -> bool:
    """Whether the answers are equal but for case, signs at the ends, white space and full-width forms."""
    return normalise_question(one) == normalise_question(other)


def differ(one: str, other: str) -> bool:
    """Whether each has a number or a day that the other lacks, or only one of the first sentences says no.

    One that only says more than the other does not differ from it.
    """
    if same(one, other):
        return False
    here, there = particulars(one), particulars(other)
    return bool(here - there and there - here) or says_no(one) != says_no(other)


def particulars(answer: str) -> frozenset[str]:
    """The numbers (1,000 as 1000), weekdays and months of an answer."""
    text = simplified(answer)
    numbers = {number.replace(",", "") for number in NUMBER.findall(text)}
    days = {day.casefold()[:3] for day in DAY.findall(text)} | {DAYS[day] for day in CHINESE_DAY.findall(text)}
    months = {f"month {month.casefold()[:3]}" for month in MONTH.findall(text)}
    return frozenset(numbers | days | months)


def says_no(answer: str) -> bool:
    """Whether the first sentence has a word of refusal or denial."""
    first = FIRST_SENTENCE.match(simplified(answer).strip())
    return bool(first and NO.search(first[0].replace("’", "'")))
