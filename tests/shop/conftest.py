from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.messages import Intent
from chatbot.project import Project, load_project
from tests.fakes import SmallDesk

WORDS = {
    "person": "talk_to_person",
    "人工": "talk_to_person",
    "never mind": "deny",
    "算了": "deny",
    "no,": "deny",
    "不,": "deny",
    "不对": "deny",
    "yes": "affirm",
    "好的": "affirm",
    "bye": "goodbye",
    "cancel": "cancel_order",
    "取消": "cancel_order",
    "send it back": "return_item",
    "退货": "return_item",
    "exchange": "exchange_item",
    "换货": "exchange_item",
    "refund": "refund_status",
    "退款": "refund_status",
    "new address": "change_address",
    "改地址": "change_address",
    "another day": "reschedule_delivery",
    "改时间": "reschedule_delivery",
    "complain": "complaint",
    "投诉": "complaint",
    "in stock": "check_stock",
    "有货": "check_stock",
    "order": "order_status",
    "订单": "order_status",
}
"""What the words of the flows' tests mean: the first that a message holds."""


@pytest.fixture(scope="session")
def project() -> Project:
    """The demo shop, read once."""
    return load_project(None)


@pytest.fixture
def desk(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDesk]:
    """The demo shop in a folder of its own; its actions are told of the folder as they are in a program."""
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path))
    desk = SmallDesk(tmp_path, project=project)
    yield desk
    desk.close()


@pytest.fixture
def flows(desk: SmallDesk) -> SmallDesk:
    """The same, understanding the wishes that begin a form, a yes and a no."""
    desk.classifier.intents = {word: (Intent(intent, 0.95),) for word, intent in WORDS.items()}
    return desk
