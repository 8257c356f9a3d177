"""Dates and times of day, in English and Chinese, as ISO 8601: "tomorrow at 3pm", 明天下午三点, "12 March".

A text is read in small parts, a day, a part of it, a time on the clock; parts beside each other are one expression.
What may be past or to come is to come: a shop is asked about deliveries. Of 03/04/2026 the day comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from chatbot.messages import Entity
from chatbot.understanding.entities_time_words import HOURS, PATTERNS, Part

BETWEEN = re.compile(
    r"(?:\s|,|的|，)*(?:(?:at|on|by|in the|in|around|about|before|from|大约|大概|左右)\s?)?(?:the\s)?", re.IGNORECASE
)
"""What may stand between two parts of one expression."""
TRIGGER = re.compile(
    r"\d|day|tomorrow|tonight|tmr|week|month|noon|midnight|hour|minute|o['’]?\s?clock|half past|quarter|morning"
    r"|afternoon|evening|\b(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|[天日号周月点时后前晚早末礼]",
    re.IGNORECASE,
)
"""Without any of these a text names no time."""
MOST = 100
"""Parts that are read of a message."""
EARLIEST = 7
"""The hour before which "by 5" means the afternoon."""


def times(text: str, now: datetime, date_name: str, time_name: str) -> Iterator[Entity]:
    """The expressions in a text. now: with its time zone.

    date_name: what those that name days alone are called; time_name: the others; '' for either leaves them out, and
    alone it names all: a date then says only the day of a moment.
    """
    if not TRIGGER.search(text):
        return
    for parts in joined(text, parts_of(text, now)):
        whole = united(parts)
        if not whole.is_enough:
            continue
        name = date_name if (whole.is_days and date_name) or not time_name else time_name
        value = days(whole, now) if name == date_name else moment(whole, now)
        if value:
            yield Entity(name, value, whole.start, whole.end)


def parts_of(text: str, now: datetime) -> list[Part]:
    """All parts in order of place; of overlapping ones the first pattern's."""
    found: list[Part] = []
    for pattern, read in PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if len(found) < MOST and all(end <= other.start or other.end <= start for other in found):
                part = read(match, now)
                if part is not None:
                    found.append(part)
    return sorted(found, key=lambda part: part.start)


def joined(text: str, parts: Sequence[Part]) -> Iterator[list[Part]]:
    """The parts that stand beside each other and say different things, together."""
    group: list[Part] = []
    for part in parts:
        beside = group and BETWEEN.fullmatch(text, group[-1].end, part.start)
        if group and (not beside or any(said & part.says for said in (other.says for other in group))):
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def united(parts: Sequence[Part]) -> Part:
    """Several parts as one."""
    return Part(
        parts[0].start,
        parts[-1].end,
        day=next((part.day for part in parts if part.day), None),
        last=next((part.last for part in parts if part.last), None),
        clock=next((part.clock for part in parts if part.clock), None),
        part=next((part.part for part in parts if part.part), ""),
        moment=next((part.moment for part in parts if part.moment), None),
        of_twelve=any(part.of_twelve for part in parts),
        unsure=len(parts) == 1 and parts[0].unsure,
    )


def days(whole: Part, now: datetime) -> str:
    """The day, or the first and the last; '' where only a time of day is said."""
    if whole.moment:
        return whole.moment.date().isoformat()
    if whole.day is None:
        return ""
    return whole.day.isoformat() + (f"/{whole.last.isoformat()}" if whole.last else "")


def moment(whole: Part, now: datetime) -> str:
    """The moment; of a part of the day, or of several days, where it begins and ends; of one day alone the day."""
    if whole.moment:
        return whole.moment.isoformat(timespec="seconds")
    if whole.clock:
        hour = hours(whole.clock, whole.part, whole.of_twelve)
        return on(whole.day, whole.clock, hour, now).isoformat(timespec="seconds")
    if whole.part and whole.day and not whole.last:
        first, last = (datetime.combine(whole.day, time(), now.tzinfo) + timedelta(hours=h) for h in HOURS[whole.part])
        return f"{first.isoformat(timespec='seconds')}/{last.isoformat(timespec='seconds')}"
    return days(whole, now)


def hours(clock: time, part: str, of_twelve: bool) -> int:
    """The hour on a clock of 24, above that on the next day: three in the afternoon is 15.

    An hour of twelve that nothing says more of is one of a working day, from 7 to 18.
    """
    hour = clock.hour
    if part and hour <= 12:
        first, last = HOURS[part]
        return next((each for each in (hour % 12, hour % 12 + 12, hour % 12 + 24) if first <= each <= last), hour)
    return hour + 12 if of_twelve and 0 < hour < EARLIEST else hour


def on(day: date | None, clock: time, hour: int, now: datetime) -> datetime:
    """The time on the day; without one, when it next comes."""
    whole = timedelta(hours=hour, minutes=clock.minute)
    found = datetime.combine(day or now.date(), time(), now.tzinfo) + whole
    return found if day or found >= now else found + timedelta(days=1)
