"""A customer who writes faster than is allowed is told so, in the page's own words, and loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from chatbot.web.limits import Rate
from chatbot.web.texts import TEXTS
from tests.browser.chatting import app_of, ask, opened, own
from tests.web.fake_chat import FakeChat

if TYPE_CHECKING:
    from tests.browser.conftest import Serve, Site, Visit

pytestmark = pytest.mark.browser


class Clock:
    """Stands still until it is told to go on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


Limited = tuple[FakeChat, Clock, "Site"]


@pytest.fixture
def limited(serve: Serve) -> Limited:
    """A conversation may say two things, and one more each second."""
    chat, clock = FakeChat(), Clock()
    return chat, clock, serve(app_of(chat, of_conversation=Rate(60, 2), clock=clock))


def visited(limited: Limited, visit: Visit, **options: Any) -> Page:
    return opened(visit(limited[2].url, expected_errors=("status of 429",), **options))


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("zh-CN", "zh")])
def test_who_is_too_fast_is_told_so_and_can_send_it_again(
    limited: Limited, visit: Visit, locale: str, language: Any
) -> None:
    chat, clock, _ = limited
    page, texts = visited(limited, visit, locale=locale), TEXTS[language]
    for text in ("hello", "lamp", "a return"):
        ask(page, text)
    expect(page.get_by_text(texts["too_fast"])).to_be_visible()
    expect(page.get_by_text(texts["failed"])).to_have_count(0)
    assert own(page) == ["hello", "lamp", "a return"]
    assert [message.text for message in chat.asked] == ["hello", "lamp"]
    page.get_by_role("button", name=texts["retry"]).click()  # still too fast
    expect(page.get_by_text(texts["too_fast"])).to_be_visible()
    clock.now += 1
    page.get_by_role("button", name=texts["retry"]).click()
    expect(page.get_by_text("You can return anything unused")).to_be_visible()
    expect(page.get_by_text(texts["too_fast"])).to_have_count(0)
    assert [message.text for message in chat.asked] == ["hello", "lamp", "a return"]


def test_what_was_not_taken_is_still_there_after_a_reload(limited: Limited, visit: Visit) -> None:
    chat, clock, _ = limited
    page = visited(limited, visit)
    for text in ("hello", "lamp", "a return"):
        ask(page, text)
    page.reload()
    expect(page.get_by_text(TEXTS["en"]["too_fast"])).to_be_visible()
    assert own(page) == ["hello", "lamp", "a return"]
    clock.now += 1
    page.get_by_role("button", name=TEXTS["en"]["retry"]).click()
    expect(page.get_by_text("You can return anything unused")).to_be_visible()
    assert len({message.message_id for message in chat.asked}) == 3


def test_the_switch_says_it_in_the_other_language(limited: Limited, visit: Visit) -> None:
    page = visited(limited, visit)
    for text in ("hello", "lamp", "a return"):
        ask(page, text)
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_text(TEXTS["zh"]["too_fast"])).to_be_visible()
