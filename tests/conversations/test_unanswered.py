from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chatbot.conversations.unanswered import UnansweredTurn, unanswered
from chatbot.deciding import Thresholds
from chatbot.messages import Entity, Intent, Step
from tests.fakes import SmallDesk
from tests.logged import answer_of, log_turn

MONTH = timedelta(days=30)
NUMBER = Entity("order_number", "100234", 0, 6)


def found(desk: SmallDesk, most: int = 100) -> list[UnansweredTurn]:
    return unanswered(desk.conversations.connections, datetime.now(UTC) - MONTH, most)


def why(desk: SmallDesk) -> dict[str, str]:
    return {turn.text: turn.why for turn in found(desk)}


def test_what_ended_in_a_fallback_or_a_question_back_is_found_with_all_that_is_known_of_it(desk: SmallDesk) -> None:
    desk.say("do you sell gift cards", "c1")
    desk.say("hmm", "c2")
    desk.say("how much does delivery cost?", "c3")
    clarify, fallback = found(desk)
    assert fallback == UnansweredTurn(
        fallback.id, "c1", fallback.at, "do you sell gift cards", "en", "fallback", "", None, 0, "fallback"
    )
    assert clarify == UnansweredTurn(
        clarify.id, "c2", clarify.at, "hmm", "en", "clarify", "refund_status", 0.4, 0, "clarify"
    )


def test_the_text_is_the_masked_one(desk: SmallDesk) -> None:
    desk.say("gift card 13812345678 for mei.tan@example.com")
    assert [turn.text for turn in found(desk)] == ["gift card [number] for [email]"]


def test_an_answer_that_was_rated_down_is_found_whatever_it_was(desk: SmallDesk) -> None:
    reply = desk.say("how much does delivery cost?")
    assert why(desk) == {}
    desk.conversations.rate("c1", reply.message_id, -1)
    assert why(desk) == {"how much does delivery cost?": "rated_down"}
    desk.conversations.rate("c1", reply.message_id, 0)
    assert why(desk) == {}


@pytest.mark.parametrize(
    ("intents", "step", "expected"),
    [
        ((Intent("complaint", 0.60),), Step("template", ""), True),
        ((Intent("complaint", 0.6499),), Step("action", ""), True),
        ((Intent("complaint", 0.6499),), Step("form", ""), True),
        ((Intent("complaint", 0.65),), Step("template", ""), False),
        ((Intent("complaint", 0.59),), Step("form", ""), False),  # the form asks again: no intent was sure
        ((Intent("complaint", 0.62),), answer_of(1, 0.9), False),
        ((Intent("complaint", 0.1),), answer_of(1, 0.55), True),
        ((Intent("complaint", 0.1),), answer_of(1, 0.61), False),
        ((Intent("complaint", 0.6), Intent("oos", 0.1)), answer_of(1, 0.65), True),  # 0.585 that it is in scope, too
        ((Intent("out_of_scope", 0.4),), answer_of(1, 1.0, exact=True), False),
    ],
)
def test_an_answer_is_in_doubt_where_its_confidence_is_little_above_the_threshold(
    desk: SmallDesk, intents: tuple[Intent, ...], step: Step, expected: bool
) -> None:
    log_turn(desk.conversations, "my words", step, intents=intents)
    assert why(desk) == ({"my words": "unsure"} if expected else {})


def test_near_certainty_the_margin_is_half_of_what_is_left(desk: SmallDesk) -> None:
    desk.conversations.thresholds = Thresholds(0.98, 0.3, 0.96, 0.5)
    for text, confidence in (("barely a rule", 0.985), ("a rule", 0.991)):
        log_turn(desk.conversations, text, "template", intents=(Intent("greet", confidence),))
    for text, confidence in (("barely a pair", 0.975), ("a pair", 0.985), ("its question", 1.0)):
        log_turn(desk.conversations, text, answer_of(1, confidence))
    assert why(desk) == {"barely a rule": "unsure", "barely a pair": "unsure"}


def test_a_doubtful_answer_that_the_customer_liked_is_none(desk: SmallDesk) -> None:
    log_turn(desk.conversations, "my words", "template", intents=(Intent("greet", 0.61),), rating=1)
    log_turn(desk.conversations, "no answer", "fallback", rating=1)
    assert why(desk) == {"no answer": "fallback"}


def test_a_form_that_was_given_a_value_decided_nothing_by_confidence(desk: SmallDesk) -> None:
    log_turn(desk.conversations, "it is 100234", "form", intents=(Intent("faq", 0.61),), entities=(NUMBER,))
    assert why(desk) == {}


def test_pressed_buttons_and_messages_without_text_are_left_out(desk: SmallDesk) -> None:
    log_turn(desk.conversations, "/greet", "template", command="greet", rating=-1)
    log_turn(desk.conversations, "/an_intent_of_last_year", "fallback")
    desk.say(" \u200b ")
    assert why(desk) == {}


def test_turns_that_a_person_answers_are_left_out_and_those_before_are_not(desk: SmallDesk) -> None:
    desk.say("do you sell gift cards")
    desk.conversations.hold("c1", "Mei")
    reply = desk.say("hello? gift cards!")
    desk.conversations.rate("c1", reply.message_id, -1)
    assert why(desk) == {"do you sell gift cards": "fallback"}


def test_turns_that_broke_off_are_left_out(desk: SmallDesk) -> None:
    desk.broken = True
    with pytest.raises(RuntimeError):
        desk.say("gift cards", message_id="m1")
    desk.conversations.rate("c1", "m1", -1)
    assert why(desk) == {}


def test_only_turns_since_then_are_found_newest_first_and_no_more_than_asked_for(desk: SmallDesk) -> None:
    for text, days in (("old", 30.1), ("one", 29.9), ("two", 3), ("three", 0)):
        log_turn(desk.conversations, text, days_ago=days)
    assert [turn.text for turn in found(desk)] == ["three", "two", "one"]
    assert [turn.text for turn in found(desk, most=2)] == ["three", "two"]
