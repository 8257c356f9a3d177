"""A button that is meant, though it is not pressed."""

from __future__ import annotations

import pytest

from chatbot.messages import Button
from chatbot.understanding.picking import picked

WAY_OUT = Button("None of these: talk to a person", "/talk_to_person")
ONE = (Button("Where is my order?", "/order_status"), WAY_OUT)
TWO = (Button("Where is my order?", "/order_status"), Button("退货", "Can I send it back?"), WAY_OUT)


@pytest.mark.parametrize("text", ["yes", "Yes, please", "ok", "是的", "对。", "好的！", "yep", "that one"])
def test_a_yes_means_the_only_choice(text: str) -> None:
    assert picked(text, ONE, WAY_OUT.payload) == "/order_status"


def test_a_yes_means_the_way_out_where_nothing_else_is_offered() -> None:
    assert picked("yes please", (WAY_OUT,), WAY_OUT.payload) == "/talk_to_person"


@pytest.mark.parametrize("text", ["yes", "ok", "是的"])
def test_a_yes_to_several_choices_means_none_of_them(text: str) -> None:
    assert picked(text, TWO, WAY_OUT.payload) == ""


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("1", "/order_status"),
        ("the first one", "/order_status"),
        ("第一个", "/order_status"),
        ("number 2", "Can I send it back?"),
        ("Second.", "Can I send it back?"),
        ("选第二个", "Can I send it back?"),
        ("the last one", "Can I send it back?"),
        ("最后一个", "Can I send it back?"),
        ("3", ""),
    ],
)
def test_a_place_in_the_list_means_that_choice(text: str, payload: str) -> None:
    assert picked(text, TWO, WAY_OUT.payload) == payload


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("where is my order", "/order_status"),
        ("退货。", "Can I send it back?"),
        ("none of these: talk to a person", "/talk_to_person"),
    ],
)
def test_a_title_that_is_typed_is_that_button(text: str, payload: str) -> None:
    assert picked(text, TWO, WAY_OUT.payload) == payload


@pytest.mark.parametrize(
    "text", ["", "?!", "ok thanks", "yes but where is my parcel", "the first order I made", "one more thing", "no"]
)
def test_what_says_more_or_something_else_picks_nothing(text: str) -> None:
    assert picked(text, ONE, WAY_OUT.payload) == ""
    assert picked(text, TWO, WAY_OUT.payload) == ""


def test_nothing_is_picked_where_nothing_was_offered() -> None:
    assert picked("yes", (), WAY_OUT.payload) == ""
    assert picked("1", (), WAY_OUT.payload) == ""
