"""The search judged: where the right pair comes is counted."""

from __future__ import annotations

import pytest

from knowledge_base.evaluate import Recalls, recalls
from knowledge_base.pairs import Pair
from knowledge_base.search import KnowledgeBase


def test_places_are_counted(knowledge: KnowledgeBase) -> None:
    texts = ["where is the lamp", "where is the big lamp", "where is the big old lamp"]
    for text in texts:
        knowledge.store.add(Pair(text, "There.", language="en"))
    knowledge.index.refresh()
    asked = [(texts[0], texts[0]), ("where is the lamp", texts[1]), ("where is the lamp", "no such question")]
    assert recalls(knowledge, asked, "en") == Recalls(
        3, pytest.approx(1 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx((1 + 1 / 2) / 3)
    )


def test_no_questions_are_no_recall(knowledge: KnowledgeBase) -> None:
    assert recalls(knowledge, [], None) == Recalls(0, 0.0, 0.0, 0.0, 0.0)
