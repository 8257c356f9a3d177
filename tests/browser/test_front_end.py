"""A front end for Rasa, as published on npm, on a shop's own page: it speaks to the REST channel across sites.

The package is fetched for the test and is no part of this repository. Its licence is the AGPL.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page, expect
from starlette.staticfiles import StaticFiles

from chatbot.web.limits import Rate
from chatbot.web.texts import TEXTS
from tests.web.fake_chat import limited
from tests.web.small_bot import SmallBot

if TYPE_CHECKING:
    from tests.browser.conftest import Serve, Site, Visit

pytestmark = pytest.mark.browser

PACKAGE = "@scalableminds/chatroom@0.12.0"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/package/dist/Chatroom.css"></head><body><div class="chat"></div>
<script src="/package/dist/Chatroom.js"></script><script>
const asked = new URLSearchParams(location.search);
new window.Chatroom({ host: asked.get("host"), title: "Shop", container: document.querySelector(".chat"),
  startMessage: asked.get("start") }).openChat();
</script></body></html>"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published package, unpacked."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"npm is not installed, so {PACKAGE} cannot be fetched")
    folder = tmp_path_factory.mktemp("front-end")
    command = [npm, "pack", PACKAGE, "--silent", "--fetch-retries=1", "--fetch-timeout=30000"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch {PACKAGE} within two minutes")
    if done.returncode:
        pytest.skip(f"npm could not fetch {PACKAGE}: {done.stderr.strip().splitlines()[-1:]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


@pytest.fixture
def shop(package: Path, serve: Serve) -> Site:
    """The shop's own site: another origin than the bot's."""
    app = FastAPI()
    app.mount("/package", StaticFiles(directory=package))
    app.get("/", response_class=HTMLResponse)(lambda: PAGE)
    return serve(app)


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallBot]:
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path))
    bot = SmallBot(tmp_path)
    yield bot
    bot.close()


def heard(page: Page) -> list[str]:
    """What the bot said, as the front end shows it."""
    return page.locator("li.chat.left:not(.waiting)").all_inner_texts()


def say(page: Page, text: str) -> None:
    page.locator(".chatroom input[type=text]").fill(text)
    page.keyboard.press("Enter")


def test_a_published_front_end_talks_to_the_bot_and_goes_on_after_a_restart(
    shop: Site, serve: Serve, visit: Visit, bot: SmallBot, tmp_path: Path
) -> None:
    api = {"open_payloads": ("greet",), "embed_origins": (shop.url,)}
    server = serve(bot.app(**api))
    page = visit(f"{shop.url}/?host={server.url}&start=/greet", expected_errors=("status of 404",))  # van.png
    expect(page.get_by_text("Hello!")).to_be_visible()
    expect(page.locator(".chat-button")).to_have_text(["My last order", "Another order"])
    say(page, "hello")
    expect(page.locator(".chat-button")).to_have_count(4)
    server.stop()
    bot.close()
    again = SmallBot(tmp_path)
    try:
        serve(again.app(**api), server.port)
        page.locator(".chat-button", has_text="My last order").last.click()
        expect(page.locator("li.chat.left strong")).to_have_text("100234")  # Markdown
        expect(page.locator("li.chat-img img")).to_have_attribute("src", "/van.png")
        say(page, "/delete_account")
        expect(page.get_by_text("I don't know the answer to that")).to_be_visible()
        assert heard(page)[-1].startswith("I don't know the answer to that")
    finally:
        again.close()


def test_who_is_too_fast_is_told_so_by_a_published_front_end(
    shop: Site, serve: Serve, visit: Visit, bot: SmallBot
) -> None:
    server = serve(limited(bot.app(embed_origins=(shop.url,)), of_conversation=Rate(1, 1)))
    page = visit(f"{shop.url}/?host={server.url}", expected_errors=("status of 429",))
    say(page, "hello")
    expect(page.get_by_text("Hello!")).to_be_visible()
    say(page, "hello again")
    expect(page.get_by_text(TEXTS["en"]["too_fast"])).to_be_visible()
