"""A customer who waits for an action that takes long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from chatbot.actions.calls import Call, Result
from chatbot.actions.in_process import InProcess
from chatbot.web.texts import TEXTS
from tests.actions.desk import PACKAGE, BookingDesk
from tests.browser.chatting import app_of, opened, send

if TYPE_CHECKING:
    from tests.browser.conftest import Serve, Visit

pytestmark = pytest.mark.browser


class Slow(InProcess):
    """The project's own actions, which the test lets go on."""

    def __init__(self) -> None:
        super().__init__(PACKAGE)
        self.go_on = threading.Event()

    def run(self, call: Call, seconds: float) -> Result:
        assert self.go_on.wait(30)
        return super().run(call, seconds)


class Chat:
    """What the page needs of the assistant."""

    def __init__(self, desk: BookingDesk) -> None:
        self.answer = desk.assistant.answer
        self.history = desk.conversations.history
        self.rate = desk.conversations.rate


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Slow, Chat]]:
    actions = Slow()
    desk = BookingDesk(tmp_path, actions)
    yield actions, Chat(desk)
    actions.go_on.set()
    desk.close()


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("zh-CN", "zh")])
def test_an_answer_that_takes_long_says_so_until_it_is_there(
    serve: Serve, visit: Visit, slow: tuple[Slow, Chat], locale: str, language: str
) -> None:
    actions, chat = slow
    page = opened(visit(serve(app_of(chat)).url, locale=locale))
    still_working = TEXTS[language]["slow"]
    live = page.get_by_role("log")
    expect(live).to_have_attribute("aria-live", "polite")
    expect(page.get_by_text(still_working)).to_have_count(0)
    send(page, "I want to book")
    expect(page.locator(".fd-typing")).to_be_visible()
    expect(live.get_by_text(still_working)).to_be_visible()
    actions.go_on.set()
    expect(live.get_by_text("How many seats?")).to_be_visible()
    expect(page.get_by_text(still_working)).to_have_count(0)
