"""A follow-up is told from a question of its own, and read behind what it follows."""

from __future__ import annotations

import pytest

from chatbot.messages import Message, State
from chatbot.understanding.following import follows
from tests.fakes import SmallDesk


@pytest.mark.parametrize(
    "text",
    [
        "and to Canada?",
        "what about sofas",
        "How about on Sundays?",
        "but for a lamp?",
        "那退款呢",
        "那加拿大呢？",
        "还有地毯",
        "how much is it?",
        "does it come in blue?",
        "can I wash them",
        "这款多少钱？",
        "它可以机洗吗",
    ],
)
def test_the_second_part_of_a_question_is_a_follow_up(text: str) -> None:
    assert follows(text)


@pytest.mark.parametrize(
    "text",
    [
        "where is my order",
        "Android app?",
        "orchid pots",
        "你好",
        "is it possible to return a sofa",
        "is that ok?",
        "can I pay for it with my card when the driver comes",
        "and could you please tell me how long I have got to send the whole thing back to you",
        "",
    ],
)
def test_a_question_of_its_own_is_none(text: str) -> None:
    assert not follows(text)


def test_a_follow_up_is_answered_with_the_message_before_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    desk = SmallDesk(tmp_path_factory.mktemp("following"))
    before = State("c1", turn=1, question="do you deliver?")
    alone = desk.understanding(Message("c1", "and on Sundays?", "m2"), State("c1", turn=1))
    behind = desk.understanding(Message("c1", "and on Sundays?", "m2"), before)
    assert behind.question == "do you deliver? and on Sundays?"
    assert behind.hits[0].pair.question == "Do you deliver on Sundays?"
    assert behind.hits[0].score > max((hit.score for hit in alone.hits), default=0.0)
    assert behind.masked == "and on Sundays?"
    desk.close()


def test_a_question_of_its_own_is_not_read_behind_another(tmp_path_factory: pytest.TempPathFactory) -> None:
    desk = SmallDesk(tmp_path_factory.mktemp("following"))
    evidence = desk.understanding(Message("c1", "hello there", "m2"), State("c1", turn=1, question="do you deliver?"))
    assert evidence.question == "hello there"
    desk.close()
