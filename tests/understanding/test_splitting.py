"""Two questions of one message are told apart; one question is left whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.understanding.splitting import MOST, questions
from chatbot.understanding.text import normalised


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "How long does delivery take, and can I return a sofa?",
            ("How long does delivery take", "can I return a sofa?"),
        ),
        (
            "What are your opening hours? And do you deliver to Jurong?",
            ("What are your opening hours?", "do you deliver to Jurong?"),
        ),
        ("Do you have wool rugs and can they be washed?", ("Do you have wool rugs", "can they be washed?")),
        ("送货要多久?另外可以退货吗?", ("送货要多久?", "可以退货吗?")),
        ("多久能送到,还有能不能开发票?", ("多久能送到", "能不能开发票?")),
    ],
)
def test_two_questions_are_told_apart(text: str, parts: tuple[str, ...]) -> None:
    assert questions(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "???",
        "where is my order",
        "Can you deliver and assemble it?",
        "What is the price and the size of the bed?",
        "my table arrived. when can I return it?",
        "is it oak? how much?",
        "hello! where is my order?",
        "你好吗 今天股票怎么样",
        "How much is it? Do you ship it? Can I return it? Where are you?",
    ],
)
def test_one_question_is_left_whole(text: str) -> None:
    assert questions(text) == ()


@given(st.text(max_size=200))
def test_parts_are_pieces_of_the_text_in_their_order(text: str) -> None:
    whole = normalised(text)
    parts = questions(whole)
    assert len(parts) in (0, *range(2, MOST + 1))
    place = 0
    for part in parts:
        place = whole.index(part, place) + len(part)
