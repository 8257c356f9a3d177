"""Appointments that are still free, and which of them a customer's words mean. Pure but for the counting."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlite_utils import Database

SLOTS = ("9-12", "12-15", "15-18", "18-21")
"""Hours in which a team comes, Monday to Saturday."""
TEAMS = 3
"""Appointments that one slot can hold."""
DAYS = 6
"""Days that are offered: no weekday twice, so that "Friday" means one."""
CLOSED = (date(2027, 2, 5), date(2027, 2, 8))
"""First and last day without deliveries, over Lunar New Year."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = (
    ("monday", "mon", "星期一", "周一", "礼拜一"),
    ("tuesday", "tue", "tues", "星期二", "周二", "礼拜二"),
    ("wednesday", "wed", "星期三", "周三", "礼拜三"),
    ("thursday", "thu", "thur", "thurs", "星期四", "周四", "礼拜四"),
    ("friday", "fri", "星期五", "周五", "礼拜五"),
    ("saturday", "sat", "星期六", "周六", "礼拜六"),
)
PARTS_OF_DAY: Mapping[str, tuple[str, ...]] = {
    "9-12": ("morning", "上午", "早上"),
    "12-15": ("noon", "lunchtime", "中午"),
    "15-18": ("afternoon", "下午"),
    "18-21": ("evening", "night", "晚上", "傍晚"),
}
WORD = "(?<![a-z]){}s?(?![a-z])"


def offered(db: Database, at: datetime) -> dict[date, tuple[str, ...]]:
    """The next days with the slots that are free on each. From the day after tomorrow, so that 24 hours lie between."""
    days: dict[date, tuple[str, ...]] = {}
    day = at.date() + timedelta(days=1)
    while len(days) < DAYS:
        day += timedelta(days=1)
        if day.weekday() == 6 or CLOSED[0] <= day <= CLOSED[1]:
            continue
        query = "SELECT slot, count(*) FROM orders WHERE day = ? AND state = 'on_its_way' GROUP BY slot"
        booked = dict(db.execute(query, [day.isoformat()]).fetchall())
        if free := tuple(slot for slot in SLOTS if booked.get(slot, 0) < TEAMS):
            days[day] = free
    return days


def meant_day(text: str, days: Sequence[date]) -> date | None:
    """Which of the days a text names; None for none of them, or for more than one."""
    words = text.casefold()
    found = {day for day in days if any(re.search(spelling, words) for spelling in dates(day))}
    found = found or {day for day in days if any(has(words, name) for name in WEEKDAYS[day.weekday()])}
    return found.pop() if len(found) == 1 else None


def dates(day: date) -> tuple[str, ...]:
    """How a day is written, as patterns: 2026-12-04, 4 December, Dec 4th, 12月4日, 4/12."""
    month, number = f"{MONTHS[day.month - 1]}[a-z]*", rf"0?{day.day}(?!\d)"
    return (
        rf"(?<!\d){day.year}[-/.]0?{day.month}[-/.]{number}",
        rf"(?<!\d){number}(?:st|nd|rd|th)?(?: of)?\s*{month}",
        rf"(?<![a-z]){month}\.?\s*{number}",
        rf"(?<!\d)0?{day.month}\s*月\s*{number}",
        rf"(?<![\d/.-]){number}/0?{day.month}(?![\d/])",
    )


def meant_slot(text: str, slots: Sequence[str]) -> str | None:
    """Which of the slots a text names; None for none of them, or for more than one."""
    words = text.casefold()
    found = {slot for slot in slots if re.search(hours(slot), words)}
    found = found or {slot for slot in slots if any(has(words, part) for part in PARTS_OF_DAY[slot])}
    return found.pop() if len(found) == 1 else None


def hours(slot: str) -> str:
    """How a slot is written, as a pattern: 15-18, 15:00 to 18:00, 15点到18点."""
    first, last = (rf"0?{hour}(?::00)?\s*[点點时]?" for hour in slot.split("-"))
    return rf"(?<![\d-]){first}\s*(?:-|–|~|to|and|到|至)\s*{last}(?![\d-])"


def has(words: str, name: str) -> bool:
    """Whether a text has a name as a word; a Chinese one anywhere."""
    return bool(re.search(WORD.format(re.escape(name)) if name.isascii() else re.escape(name), words))
