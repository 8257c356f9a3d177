from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chatbot.conversations.asked import LOOKED_AT, Asked, asked_since
from chatbot.messages import Intent
from tests.fakes import SmallDesk

LONG_AGO = datetime.now(UTC) - timedelta(days=30)


def asked(desk: SmallDesk, most: int = 500) -> list[Asked]:
    return asked_since(desk.conversations.connections, LONG_AGO, most)


def test_questions_come_back_masked_with_their_intents_the_latest_first(desk: SmallDesk) -> None:
    desk.say("what does the weather do", "c1")
    desk.say("where is my order 100234", "c2")
    desk.say("运费是多少？", "c3")
    assert asked(desk) == [
        Asked("运费是多少?", "zh", ()),
        Asked("where is my order [order]", "en", (Intent("order_status", 0.9),)),
        Asked("what does the weather do", "en", (Intent("out_of_scope", 0.93), Intent("faq", 0.02))),
    ]


def test_what_several_ask_is_one_question_at_the_place_of_the_last(desk: SmallDesk) -> None:
    for conversation, text in enumerate(("do you gift-wrap", "is there parking", "do you gift-wrap")):
        desk.say(text, f"c{conversation}")
    assert [question.text for question in asked(desk)] == ["do you gift-wrap", "is there parking"]


def test_buttons_and_what_a_person_answers_are_no_questions(desk: SmallDesk) -> None:
    desk.say("/greet", "c1")
    desk.say("is there parking", "c1")
    desk.conversations.hold("c1", "Mei")
    desk.say("are you still there", "c1")
    assert [question.text for question in asked(desk)] == ["is there parking"]


def test_a_turn_that_failed_is_no_question(desk: SmallDesk) -> None:
    desk.broken = True
    with pytest.raises(RuntimeError):
        desk.say("is there parking")
    assert asked(desk) == []


def test_questions_before_the_day_are_left_out(desk: SmallDesk) -> None:
    desk.say("is there parking")
    with desk.conversations.connections.writing() as db:
        db.execute("UPDATE turns SET at = ?", [(LONG_AGO - timedelta(days=1)).isoformat(timespec="milliseconds")])
    desk.say("do you gift-wrap")
    assert [question.text for question in asked(desk)] == ["do you gift-wrap"]


def test_at_most_so_many_are_found_among_the_latest_turns(desk: SmallDesk) -> None:
    for text in ("do you gift-wrap", *["is there parking"] * (2 * LOOKED_AT - 2), "can I pay in cash"):
        desk.say(text)
    assert [question.text for question in asked(desk, most=1)] == ["can I pay in cash"]
    assert [question.text for question in asked(desk, most=2)] == ["can I pay in cash", "is there parking"]
    with desk.conversations.connections.writing() as db:
        db.execute("UPDATE turns SET text = 'is there parking' WHERE text = 'can I pay in cash'")
    assert [question.text for question in asked(desk, most=2)] == ["is there parking", "do you gift-wrap"]
    desk.say("is there parking")
    assert [question.text for question in asked(desk, most=2)] == ["is there parking"]
