"""The words for days and times, in English and Chinese, and what each says."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from chatbot.understanding.entities_numbers import HAN_NUMBER, SMALL, value_of

HOURS: Mapping[str, tuple[int, int]] = {
    "dawn": (0, 6),
    "morning": (6, 12),
    "noon": (11, 14),
    "afternoon": (12, 18),
    "evening": (17, 24),
    "night": (18, 28),
}
"""Of parts of a day: from when to when; above 24 it is the next day."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a piece of a text says of a time. last: the last day of several. part: of HOURS. moment: all of it.

    of_twelve: whether the clock's hour may be one of the afternoon. unsure: alone it may mean something else, as in
    "good morning" or 一点.
    """

    start: int
    end: int
    day: date | None = None
    last: date | None = None
    clock: time | None = None
    part: str = ""
    moment: datetime | None = None
    of_twelve: bool = False
    unsure: bool = False

    @property
    def says(self) -> frozenset[str]:
        """Which of day, clock and part it says; what says all stands alone."""
        if self.moment or self.last:
            return frozenset(("day", "clock", "part"))
        known = (("day", self.day), ("clock", self.clock), ("part", self.part))
        return frozenset(name for name, value in known if value)

    @property
    def is_days(self) -> bool:
        """Whether it names days alone."""
        return self.day is not None and self.clock is None and not self.part and self.moment is None

    @property
    def is_enough(self) -> bool:
        """Whether it says a time: a part of some day does not."""
        return not self.unsure and bool(self.day or self.clock or self.moment)


Read = Callable[[re.Match[str], datetime], Part | None]

# --- reckoning --------------------------------------------------------------------------------------------------------


def number(written: str) -> int:
    """The value of a number in figures or words; `a`, `an` are one."""
    return 1 if written.casefold() in ("a", "an") else int(value_of(written))


def that_day(year: int, month: int, day: int) -> date | None:
    """The day, if the calendar has it."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def coming(now: datetime, month: int, day: int) -> date | None:
    """The next such day, today included."""
    found = that_day(now.year, month, day)
    return found if found and found >= now.date() else that_day(now.year + 1, month, day)


def in_months(day: date, months: int) -> date:
    """So many months on; the last of the month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def weekday(now: datetime, which: int, weeks: int | None) -> date:
    """The weekday (0: Monday) of the week that is so many on; None: the next to come, today included."""
    today = now.date()
    if weeks is None:
        return today + timedelta(days=(which - today.weekday()) % 7)
    return today + timedelta(days=which - today.weekday() + 7 * weeks)


def later(now: datetime, count: int, unit: str) -> tuple[date | None, datetime | None]:
    """So many units on: a day, or for hours and minutes a moment."""
    if unit in ("minute", "hour"):
        return None, now + timedelta(**{f"{unit}s": count})
    if unit in ("day", "week"):
        return now.date() + timedelta(**{f"{unit}s": count}), None
    return in_months(now.date(), count * (12 if unit == "year" else 1)), None


# --- English ----------------------------------------------------------------------------------------------------------

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
COUNT = rf"(?P<count>\d{{1,3}}|an?|{SMALL})"
UNIT = r"(?P<unit>minute|hour|day|week|month|year)s?\b"
NEAR = {
    "day before yesterday": -2,
    "yesterday": -1,
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
    "tmr": 1,
    "tmrw": 1,
    "day after tomorrow": 2,
}
WEEKS = {"last": -1, "this": 0, "next": 1}


def near(match: re.Match[str], now: datetime) -> Part:
    """Today, tomorrow, tonight."""
    word = re.sub(r"\s+", " ", match["near"].casefold())
    day = now.date() + timedelta(days=NEAR[word])
    return Part(*match.span(), day=day, part="night" if word == "tonight" else "")


def named_day(match: re.Match[str], now: datetime) -> Part:
    """A weekday, of which week where it is said."""
    which = next(at for at, name in enumerate(WEEKDAYS) if name.startswith(match["weekday"].casefold()[:3]))
    return Part(*match.span(), day=weekday(now, which, WEEKS.get((match["week"] or "").casefold())))


def of_month(match: re.Match[str], now: datetime) -> Part | None:
    """A day of a month, of which year where it is said."""
    month = MONTHS.index(match["month"].casefold()[:3]) + 1
    day, year = int(match["day"]), match["year"]
    found = that_day(int(year), month, day) if year else coming(now, month, day)
    return Part(*match.span(), day=found) if found else None


def in_figures(match: re.Match[str], now: datetime) -> Part | None:
    """2026-11-23, or 23/11/2026; 11/23/2026 can be read in one way only, too."""
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    found = that_day(year, month, day) or that_day(year, day, month)
    return Part(*match.span(), day=found) if found else None


def from_now(match: re.Match[str], now: datetime) -> Part:
    """In three days, two hours ago."""
    ago = (match.groupdict().get("ago") or "").casefold() == "ago"
    day, moment = later(now, number(match["count"]) * (-1 if ago else 1), match["unit"].casefold())
    return Part(*match.span(), day=day, moment=moment)


def several(match: re.Match[str], now: datetime) -> Part:
    """Next week, this weekend, last month."""
    return span_of(match, now, WEEKS[match["week"].casefold()], match["unit"].casefold())


def span_of(match: re.Match[str], now: datetime, count: int, unit: str) -> Part:
    """A week, weekend or month, so many on."""
    if unit == "month":
        first = in_months(now.date().replace(day=1), count)
        return Part(*match.span(), day=first, last=in_months(first, 1) - timedelta(days=1))
    first = weekday(now, 5 if unit == "weekend" else 0, count)
    return Part(*match.span(), day=first, last=first + timedelta(days=1 if unit == "weekend" else 6))


def day_alone(match: re.Match[str], now: datetime) -> Part | None:
    """On the 15th: the next to come."""
    day = int(match["day"])
    months = (in_months(now.date().replace(day=1), ahead) for ahead in range(3))
    days = (that_day(first.year, first.month, day) for first in months)
    found = next((each for each in days if each and each >= now.date()), None)
    return Part(*match.span(), day=found) if found else None


def clock(match: re.Match[str], now: datetime) -> Part | None:
    """3pm, 15:30, at 3."""
    groups = match.groupdict()
    hour, minute = number(groups["hour"]), int(groups.get("minute") or 0)
    half = (groups.get("half") or "").casefold()[:1]
    if hour > 12 and half:
        return None
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    if hour > 23 or minute > 59:
        return None
    return Part(*match.span(), clock=time(hour, minute), of_twelve=not half and not groups.get("minute"))


def past(match: re.Match[str], now: datetime) -> Part | None:
    """Half past three, a quarter to five."""
    hour, before = number(match["hour"]), match["side"].casefold() == "to"
    minute = 30 if match["share"].casefold() == "half" else 15
    if not 1 <= hour <= 12 or (before and minute == 30):
        return None
    return Part(
        *match.span(), clock=time((hour - 1) % 24, 60 - minute) if before else time(hour, minute), of_twelve=True
    )


def part_of_day(match: re.Match[str], now: datetime) -> Part:
    """In the morning; this morning is today's."""
    this = (match["this"] or "").casefold().startswith("this")
    return Part(*match.span(), part=match["part"].casefold(), day=now.date() if this else None, unsure=not this)


def twelve(match: re.Match[str], now: datetime) -> Part:
    """Noon, midnight."""
    return Part(*match.span(), clock=time(0 if match["twelve"].casefold() == "midnight" else 12))


# --- Chinese ----------------------------------------------------------------------------------------------------------

NUM = rf"(?:\d{{1,3}}|{HAN_NUMBER}{{1,4}})"
HAN_NEAR = {"大前天": -3, "前天": -2, "昨": -1, "今": 0, "明": 1, "后天": 2, "大后天": 3}
HAN_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}
HAN_UNITS = {"分钟": "minute", "小时": "hour", "钟头": "hour", "天": "day", "日": "day", "年": "year", "月": "month"}
HAN_PARTS = {
    **dict.fromkeys(("凌晨", "半夜"), "dawn"),
    **dict.fromkeys(("早上", "早晨", "上午", "早"), "morning"),
    "中午": "noon",
    "下午": "afternoon",
    **dict.fromkeys(("傍晚", "晚上", "夜里", "晚"), "evening"),
}


def han_near(match: re.Match[str], now: datetime) -> Part:
    """今天, 明晚, 后天."""
    word = match["near"]
    days = HAN_NEAR.get(word, HAN_NEAR.get(word[0], 0))
    part = HAN_PARTS.get(word[1:], "") if word[0] in "昨今明" else ""
    return Part(*match.span(), day=now.date() + timedelta(days=days), part=part)


def han_weekday(match: re.Match[str], now: datetime) -> Part:
    """周五, 下周一, 这个周末."""
    weeks = HAN_WEEKS.get(match["week"] or "")
    if match["weekday"] == "末":
        return span_of(match, now, weeks or 0, "weekend")
    which = "一二三四五六日天".index(match["weekday"]) % 7 if match["weekday"] != "天" else 6
    return Part(*match.span(), day=weekday(now, which, weeks))


def han_several(match: re.Match[str], now: datetime) -> Part:
    """下周, 上个月."""
    return span_of(match, now, HAN_WEEKS[match["week"]], "month" if match["unit"] == "月" else "week")


def han_of_month(match: re.Match[str], now: datetime) -> Part | None:
    """三月五号, 2026年11月23日, 下个月3号."""
    groups = match.groupdict()
    day, year = number(groups["day"]), groups.get("year")
    if groups.get("ahead"):
        first = in_months(now.date().replace(day=1), HAN_WEEKS[groups["ahead"]])
        found = that_day(first.year, first.month, day)
    else:
        month = number(groups["month"])
        found = that_day(int(year), month, day) if year else coming(now, month, day)
    return Part(*match.span(), day=found) if found else None


def han_from_now(match: re.Match[str], now: datetime) -> Part:
    """三天后, 两小时前."""
    unit = HAN_UNITS.get(match["unit"], "week")
    if match["count"] == "半":
        minutes = {"hour": 30, "day": 12 * 60}.get(unit, 0) * (-1 if match["side"] == "前" else 1)
        return (
            Part(*match.span(), moment=now + timedelta(minutes=minutes)) if minutes else span_of(match, now, 0, "week")
        )
    day, moment = later(now, number(match["count"]) * (-1 if match["side"] == "前" else 1), unit)
    return Part(*match.span(), day=day, moment=moment)


def han_clock(match: re.Match[str], now: datetime) -> Part | None:
    """三点半, 8点20分; 一点 alone is "a bit"."""
    hour, rest = number(match["hour"]), match["rest"] or ""
    quarter = {"半": 30, "一刻": 15, "三刻": 45}
    minute = quarter[rest] if rest in quarter else number(rest.rstrip("分")) if rest.rstrip("分") else 0
    if hour > 24 or minute > 59:
        return None
    return Part(*match.span(), clock=time(hour % 24, minute), of_twelve=True, unsure=match.group() == "一点")


def han_part(match: re.Match[str], now: datetime) -> Part:
    """下午, 晚上."""
    return Part(*match.span(), part=HAN_PARTS[match.group()], unsure=True)


# --- the table --------------------------------------------------------------------------------------------------------

DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
YEAR = r"(?:,?\s(?P<year>(?:19|20)\d\d))?\b"
HOUR = rf"(?P<hour>\d{{1,2}}|{SMALL})"
OF_WEEK = r"(?P<week>下下|下|上上|上|这|本)?个?(?:周|星期|礼拜)"
TABLE: tuple[tuple[str, Read], ...] = (
    (r"(?<![\d\-/.])(?P<year>(?:19|20)\d\d)[\-/.](?P<month>\d{1,2})[\-/.](?P<day>\d{1,2})(?![\d\-/])", in_figures),
    (r"(?<![\d\-/.])(?P<day>\d{1,2})[\-/.](?P<month>\d{1,2})[\-/.](?P<year>(?:19|20)\d\d)(?![\d\-/])", in_figures),
    (rf"\b{DAY}(?:\sof)?\s?{MONTH}{YEAR}", of_month),
    (rf"\b{MONTH}\s(?:the\s)?{DAY}\b(?!:){YEAR}", of_month),
    (r"\b(?:the\s)?(?P<near>day before yesterday|day after tomorrow|yesterday|today|tonight|tomorrow|tmrw?)\b", near),
    (rf"\b(?:(?P<week>this|next|last|coming)\s)?(?P<weekday>{'|'.join(WEEKDAYS)})\b", named_day),
    (
        r"\b(?:(?P<week>this|next|last)|on|by|until|till)\s(?P<weekday>mon|tues?|wed|thurs?|thu|fri|sat|sun)\b(?!\s?lamp)",
        named_day,
    ),
    (rf"\bin\s{COUNT}\s{UNIT}(?:['’]s?\stime)?", from_now),
    (rf"\b{COUNT}\s{UNIT}\s(?P<ago>ago|from now|later)\b", from_now),
    (r"\b(?P<week>this|next|last)\s(?P<unit>week|weekend|month)\b", several),
    (r"\b(?:on|by|until|till|before)\sthe\s(?P<day>\d{1,2})(?:st|nd|rd|th)\b", day_alone),
    (r"\b(?P<share>half|quarter)\s(?P<side>past|to)\s" + HOUR + r"\b", past),
    (rf"(?<![\d:.]){HOUR}(?:[:.](?P<minute>\d\d))?\s?(?P<half>a\.?m\b|p\.?m\b)\.?", clock),
    (r"(?<![\d:.])(?P<hour>\d{1,2}):(?P<minute>\d\d)(?![\d:])", clock),
    (rf"\b{HOUR}\so['’]?\s?clock\b", clock),
    (
        rf"\b(?:at|by|until|till)\s{HOUR}(?=\s?(?:$|[,.?!;]|in the|on|today|tomorrow|tonight|this|next|please|pls))"
        r"(?![.,]\d)",
        clock,
    ),
    (r"\b(?P<twelve>noon|midday|midnight)\b", twelve),
    (r"\b(?P<this>in\sthe\s|this\s|at\s)?(?P<part>morning|afternoon|evening|night)\b", part_of_day),
    (r"(?P<near>大前天|大后天|前天|后天|昨[天日晚早]|今[天日晚早]|明[天日晚早])", han_near),
    (OF_WEEK + r"(?P<weekday>[一二三四五六日天末])", han_weekday),
    (r"(?P<week>下下|下|上上|上|这|本)个?(?P<unit>周|星期|礼拜|月)(?![一二三四五六日天末\d])", han_several),
    (rf"(?:(?P<year>(?:19|20)\d\d)年)?(?P<month>{NUM})月(?:份)?(?P<day>{NUM})[日号]?", han_of_month),
    (rf"(?P<ahead>下|上|这|本)个?月(?P<day>{NUM})[日号]", han_of_month),
    (r"(?<![\d.第])(?P<day>\d{1,2})[日号](?![楼门线店桌室院])", day_alone),
    (
        rf"(?P<count>{NUM}|半)个?(?P<unit>分钟|小时|钟头|天|日|周|星期|礼拜|月|年)(?:之|以)?(?P<side>后|前)",
        han_from_now,
    ),
    (rf"(?<![第有.\d])(?P<hour>{NUM})[点时](?:钟|(?P<rest>半|一刻|三刻|{NUM}分?))?", han_clock),
    ("凌晨|半夜|早上|早晨|上午|中午|下午|傍晚|晚上|夜里", han_part),
)
PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), read) for pattern, read in TABLE)
