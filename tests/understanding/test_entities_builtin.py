"""Dates, times, amounts, numbers and phones are read in both languages, into one form; only what a domain lists."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue.slots import Mapped, SlotRules, SlotType
from chatbot.project import load_project
from chatbot.understanding.entities import NO_TABLES, EntityFinder
from chatbot.understanding.entities_builtin import NAMES, BuiltInEntities, wanted
from chatbot.understanding.masking import Masker
from tests.fakes import PATTERNS

NOW = datetime(2026, 11, 18, 14, 0, tzinfo=timezone(timedelta(hours=8)))
"""A Wednesday."""
MASKER = Masker(PATTERNS)


def read(text: str, *names: str) -> list[tuple[str, str, str]]:
    """Name, words and value of what is found."""
    finder = EntityFinder(MASKER, NO_TABLES, BuiltInEntities(names, lambda: NOW))
    return [(entity.name, text[entity.start : entity.end], entity.value) for entity in finder.find(text)]


def one(text: str, name: str) -> tuple[str, str]:
    [(found, words, value)] = read(text, name)
    assert found == name
    return words, value


# --- days and times ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("deliver it tomorrow", "tomorrow", "2026-11-19"),
        ("the day after tomorrow please", "the day after tomorrow", "2026-11-20"),
        ("on Friday", "Friday", "2026-11-20"),
        ("wednesday is fine", "wednesday", "2026-11-18"),
        ("next Friday", "next Friday", "2026-11-27"),
        ("I rang last Monday", "last Monday", "2026-11-09"),
        ("on sat", "on sat", "2026-11-21"),
        ("12 March", "12 March", "2027-03-12"),
        ("March 12th, 2026", "March 12th, 2026", "2026-03-12"),
        ("the 3rd of December", "3rd of December", "2026-12-03"),
        ("on the 15th", "on the 15th", "2026-12-15"),
        ("2026-11-23", "2026-11-23", "2026-11-23"),
        ("23/11/2026", "23/11/2026", "2026-11-23"),
        ("11/23/2026", "11/23/2026", "2026-11-23"),
        ("in 3 days", "in 3 days", "2026-11-21"),
        ("two weeks ago", "two weeks ago", "2026-11-04"),
        ("in a month", "in a month", "2026-12-18"),
        ("next week", "next week", "2026-11-23/2026-11-29"),
        ("this weekend", "this weekend", "2026-11-21/2026-11-22"),
        ("last month", "last month", "2026-10-01/2026-10-31"),
        ("明天送", "明天", "2026-11-19"),
        ("大后天", "大后天", "2026-11-21"),
        ("下周五送货", "下周五", "2026-11-27"),
        ("周日可以吗", "周日", "2026-11-22"),
        ("星期天", "星期天", "2026-11-22"),
        ("这个周末", "这个周末", "2026-11-21/2026-11-22"),
        ("下周", "下周", "2026-11-23/2026-11-29"),
        ("上个月买的", "上个月", "2026-10-01/2026-10-31"),
        ("3月5日", "3月5日", "2027-03-05"),
        ("十二月二十五号", "十二月二十五号", "2026-12-25"),
        ("2026年11月23日", "2026年11月23日", "2026-11-23"),
        ("下个月3号", "下个月3号", "2026-12-03"),
        ("15号到吗", "15号", "2026-12-15"),
        ("三天后", "三天后", "2026-11-21"),
        ("两个月前买的", "两个月前", "2026-09-18"),
    ],
)
def test_a_day_is_read_as_iso_8601(text: str, words: str, value: str) -> None:
    assert one(text, "time") == one(text, "date") == (words, value)


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("tomorrow at 3pm", "tomorrow at 3pm", "2026-11-19T15:00:00+08:00"),
        ("3:30 pm on Monday", "3:30 pm on Monday", "2026-11-23T15:30:00+08:00"),
        ("Monday, 23 November 2026 at 10:30", None, None),
        ("at 15:00", "15:00", "2026-11-18T15:00:00+08:00"),
        ("9am", "9am", "2026-11-19T09:00:00+08:00"),
        ("Is it here by 5?", "by 5", "2026-11-18T17:00:00+08:00"),
        ("half past three", "half past three", "2026-11-18T15:30:00+08:00"),
        ("a quarter to five tomorrow", "quarter to five tomorrow", "2026-11-19T16:45:00+08:00"),
        ("eight o'clock", "eight o'clock", "2026-11-19T08:00:00+08:00"),
        ("noon tomorrow", "noon tomorrow", "2026-11-19T12:00:00+08:00"),
        ("tomorrow at 8 in the evening", "tomorrow at 8 in the evening", "2026-11-19T20:00:00+08:00"),
        ("in an hour", "in an hour", "2026-11-18T15:00:00+08:00"),
        ("20 minutes ago", "20 minutes ago", "2026-11-18T13:40:00+08:00"),
        ("tomorrow morning", "tomorrow morning", "2026-11-19T06:00:00+08:00/2026-11-19T12:00:00+08:00"),
        ("明天下午三点", "明天下午三点", "2026-11-19T15:00:00+08:00"),
        ("下周五上午十点送货", "下周五上午十点", "2026-11-27T10:00:00+08:00"),
        ("11月30号晚上8点半", "11月30号晚上8点半", "2026-11-30T20:30:00+08:00"),
        ("今晚八点", "今晚八点", "2026-11-18T20:00:00+08:00"),
        ("后天晚上12点", "后天晚上12点", "2026-11-21T00:00:00+08:00"),
        ("明天凌晨两点", "明天凌晨两点", "2026-11-19T02:00:00+08:00"),
        ("三点一刻", "三点一刻", "2026-11-18T15:15:00+08:00"),
        ("半小时后", "半小时后", "2026-11-18T14:30:00+08:00"),
        ("明早", "明早", "2026-11-19T06:00:00+08:00/2026-11-19T12:00:00+08:00"),
    ],
)
def test_a_time_is_read_with_its_day_and_zone(text: str, words: str | None, value: str | None) -> None:
    if words is None:
        assert [found[2] for found in read(text, "time")][-1] == "2026-11-23T10:30:00+08:00"
    else:
        assert one(text, "time") == (words, value)


@pytest.mark.parametrize(
    "text",
    [
        "good morning",
        "Good evening!",
        "早上好",
        "下午好",
        "便宜一点",
        "快一点可以吗",
        "the sun lamp may be broken",
        "march on",
        "may I have a 120 cm desk",
        "sat on it",
        "15号楼",
        "30/30/2026",
        "31 February",
        "25:00",
        "order 3",
        "2 chairs",
        "version 1.2.2026.4",
    ],
)
def test_what_only_looks_like_a_time_is_none(text: str) -> None:
    assert [name for name, _, _ in read(text, "time") if name == "time"] == []


def test_a_date_of_a_moment_is_its_day_and_of_two_names_each_has_its_own() -> None:
    assert one("tomorrow at 3pm", "date") == ("tomorrow at 3pm", "2026-11-19")
    assert read("at 3pm", "date") == []
    assert read("Friday or tomorrow at 3pm", "date", "time") == [
        ("date", "Friday", "2026-11-20"),
        ("time", "tomorrow at 3pm", "2026-11-19T15:00:00+08:00"),
    ]


# --- amounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("S$80", "S$80", "80"),
        ("it was $1,200.50", "$1,200.50", "1200.5"),
        ("$2k", "$2k", "2000"),
        ("thirty dollars", "thirty dollars", "30"),
        ("a hundred bucks", "a hundred bucks", "100"),
        ("SGD 45.9 was taken", "SGD 45.9", "45.9"),
        ("12 euros", "12 euros", "12"),
        ("50 cents", "50 cents", "0.5"),
        ("三百块", "三百块", "300"),
        ("退我三块五", "三块五", "3.5"),
        ("十二块钱", "十二块钱", "12"),
        ("200元", "200元", "200"),
        ("人民币300", "人民币300", "300"),
        ("80新元", "80新元", "80"),
        ("一千二百元的沙发", "一千二百元", "1200"),
    ],
)
def test_an_amount_is_its_number(text: str, words: str, value: str) -> None:
    assert one(text, "amount-of-money") == (words, value)


@pytest.mark.parametrize("text", ["三块地毯", "一块桌布", "一块儿", "2 chairs", "the dollar"])
def test_what_counts_pieces_is_no_amount(text: str) -> None:
    assert read(text, "amount_of_money") == []


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("I want 2 chairs", ["2"]),
        ("two hundred and fifty", ["250"]),
        ("twenty-five please", ["25"]),
        ("one hundred thousand", ["100000"]),
        ("1,200.50", ["1200.5"]),
        ("one", ["1"]),
        ("one chair and a lamp", ["1"]),
        ("the blue one", []),
        ("which one", []),
        ("三百五十", ["350"]),
        ("三百五", ["350"]),
        ("一万两千", ["12000"]),
        ("二〇二六", ["2026"]),
        ("三点五", ["3.5"]),
        ("十二把椅子", ["12"]),
        ("要两个", ["2"]),
        ("订单里有3个", ["3"]),
        ("一直等一下", []),
        ("第三", []),
        ("2nd", []),
        ("the last digits are 095", []),
        ("A12, MM-102, 9:00", []),
    ],
)
def test_a_number_is_read_in_figures_and_words(text: str, values: Sequence[str]) -> None:
    assert [value for _, _, value in read(text, "number")] == values


def test_an_ordinal_is_its_number() -> None:
    assert [found[2] for found in read("the first, the 2nd, 第三个 and 第十二", "ordinal")] == ["1", "2", "3", "12"]


# --- phones -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("+65 8123 4821", [("phone-number", "+65 8123 4821", "+6581234821")]),
        ("call 8123 4821", [("phone-number", "8123 4821", "81234821")]),
        ("手机13812345678", [("phone-number", "13812345678", "13812345678")]),
        ("+44 20 7946 0958", [("phone-number", "+44 20 7946 0958", "+442079460958")]),
        ("order 100234", [("order_number", "100234", "100234")]),
        ("+999 1234567", [("number", "+999 1234567", "+999 1234567")]),
        ("4111 1111 1111 1111", [("number", "4111 1111 1111 1111", "4111 1111 1111 1111")]),
    ],
)
def test_a_phone_has_its_country_code_where_it_was_written(text: str, found: list[tuple[str, str, str]]) -> None:
    assert read(text, "phone-number") == found


@given(st.text("+65 8123-4(0)/.", max_size=24))
def test_a_phone_that_is_found_is_masked(text: str) -> None:
    for _, words, _ in read(text.strip(), "phone-number"):
        assert words not in MASKER.masked(text)


# --- which are looked for ---------------------------------------------------------------------------------------------


def test_only_what_the_domain_lists_is_looked_for_under_the_name_it_has_there() -> None:
    text = "2 lamps for $30 tomorrow"
    assert read(text) == []
    assert [name for name, _, _ in read(text, "Amount_Of_Money", "product")] == ["Amount_Of_Money"]
    assert [name for name, _, _ in read(text, *NAMES)] == ["number", "amount-of-money", "date"]


@pytest.mark.parametrize(
    ("types", "looked_for"), [((), True), (("text",), False), (("float",), True), (("text", "float"), True)]
)
def test_a_number_is_read_unless_only_slots_of_text_take_it(types: Sequence[SlotType], looked_for: bool) -> None:
    slots = {kind: SlotRules(kind, (Mapped(entity="number"),)) for kind in types}
    domain = replace(load_project(None).domain, entities=("time", "number"), slots=slots)
    assert wanted(domain) == (("time", "number") if looked_for else ("time",))


def test_nothing_heavy_is_imported_until_a_phone_is_read() -> None:
    code = "import sys, chatbot.understanding.understand, chatbot.understanding.entities_builtin as b;"
    code += "list(b.BuiltInEntities(b.NAMES)('tomorrow, 2 for $3', ()));"
    code += "print({'phonenumbers', 'scipy', 'sklearn', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@given(st.one_of(st.text(), st.text("0123456789年月日号点半周三十:/-. apmdayinweks块元$千万亿", max_size=30)))
def test_no_text_at_all_raises(text: str) -> None:
    for entity in BuiltInEntities(NAMES, lambda: NOW)(text, ()):
        assert 0 <= entity.start < entity.end <= len(text)
        assert entity.value


@pytest.mark.parametrize(
    "piece", ["1", "一", "1,000,", "twenty ", "三点", "3 pm ", "百亿", "1.5 ", "第", "in 3 ", "$1,000 "]
)
def test_a_page_of_figures_is_read_too(piece: str) -> None:
    text = (piece * 2000)[:2000]
    assert len(EntityFinder(MASKER, NO_TABLES, BuiltInEntities(NAMES, lambda: NOW)).find(text)) <= 2000
