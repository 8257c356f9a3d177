"""A message in its conversation: a button that is meant, and several questions at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.messages import Utterance
from tests.fakes import SmallDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SmallDesk]:
    desk = SmallDesk(tmp_path)
    yield desk
    desk.close()


def test_two_questions_get_two_stored_answers_each_with_its_pair(desk: SmallDesk) -> None:
    reply = desk.say("How much does delivery cost, and do you deliver on Sundays?")
    assert [(said.pair_id, said.category) for said in reply.utterances] == [(1, "delivery"), (2, "delivery")]
    assert [step.kind for step in reply.steps] == ["retrieval", "retrieval"]


def test_a_follow_up_within_a_message_is_read_behind_the_question_before_it(desk: SmallDesk) -> None:
    reply = desk.say("Do you deliver? And on Sundays do you deliver?")
    assert [said.pair_id for said in reply.utterances][-1:] == [2]


def test_a_typed_yes_to_the_only_offer_is_that_button(desk: SmallDesk) -> None:
    offered = desk.say("deliver sundays")
    assert [step.kind for step in offered.steps] == ["clarify"], offered
    choices = [button.title for button in offered.utterances[0].buttons[:-1]]
    assert choices == ["Do you deliver on Sundays?"]
    assert desk.say("yes").utterances[0].pair_id == 2


def test_the_title_of_a_button_may_be_typed(desk: SmallDesk) -> None:
    greeting = desk.say("hello")
    first = greeting.utterances[0].buttons[0]
    assert first.payload == "/order_status"
    assert desk.say(first.title.upper()).steps[0].reason == "order_status: button pressed"


def test_without_an_offer_a_yes_is_a_yes(desk: SmallDesk) -> None:
    desk.say("How much does delivery cost?")
    said = desk.say("yes").utterances
    assert all(isinstance(one, Utterance) and one.pair_id is None for one in said)
