from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from chatbot.training.mistakes import beside, mistyped, slip, sounds


@given(st.text(alphabet="abcde 包裹在哪里", max_size=30), st.integers(0, 1000))
def test_a_slip_is_one_edit(text: str, number: int) -> None:
    changed = slip(text, {"裹": "果"}, random.Random(number))
    assert abs(len(changed) - len(text)) <= 1
    assert sum(one != other for one, other in zip(text, changed, strict=False)) <= len(text)
    assert mistyped([text], {}, number) == mistyped([text], {}, number)


def test_chinese_slips_sound_alike_and_latin_ones_are_neighbours() -> None:
    alike = sounds(["退款", "推快", "腿"])
    assert set(alike["退"]) == {"推", "腿"}
    assert "x" not in alike
    assert {beside("q", random.Random(at)) for at in range(20)} == {"w"}
    assert beside("é", random.Random(1)) == "é"
