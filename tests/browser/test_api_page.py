"""The page that describes the HTTP routes: by keyboard, on a phone, in both languages, dark and light."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from chatbot.web.api_texts import PURPOSES, TEXTS
from tests.browser.chatting import CONTRAST
from tests.web.small_bot import TOKEN, SmallBot

if TYPE_CHECKING:
    from tests.browser.conftest import Serve, Visit

pytestmark = pytest.mark.browser
UNSHOWN = ("status of 401",)


@pytest.mark.parametrize(("locale", "language", "scheme"), [("en-US", "en", "dark"), ("zh-CN", "zh", "light")])
def test_the_page_is_read_by_keyboard_at_the_width_of_a_phone(
    serve: Serve, visit: Visit, tmp_path: Path, locale: str, language: Any, scheme: Any
) -> None:
    bot = SmallBot(tmp_path)
    try:
        site = serve(bot.app(token=TOKEN))
        viewport = {"width": 320, "height": 640}
        page = visit(f"{site.url}/api", UNSHOWN, locale=locale, color_scheme=scheme, viewport=viewport)
        expect(page.get_by_label(TEXTS[language]["token"])).to_be_focused()
        page.keyboard.type("not the token")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text(TEXTS[language]["wrong"])
        page.keyboard.type(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(TEXTS[language]["title"])
        assert page.get_by_role("heading", level=2).count() == len(PURPOSES)
        page.keyboard.press("Tab")
        expect(page.get_by_role("navigation").get_by_role("link").first).to_be_focused()
        page.keyboard.press("Enter")
        assert "#" in page.url
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(CONTRAST.replace("#fd *", "main *")) == []
    finally:
        bot.close()
