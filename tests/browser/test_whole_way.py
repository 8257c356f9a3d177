"""The product as it is shipped: trained on its own data, served by its own command, used in a real browser."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.running import Server, chatbot, copied

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]  # the first of them trains the assistant


@pytest.fixture(scope="module")
def home(shop_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(shop_home, tmp_path_factory.mktemp("shop") / "home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    server = Server(home)
    yield server
    server.stop()


def ask(page: Page, text: str) -> str:
    page.locator("#fd-text").fill(text)
    page.keyboard.press("Enter")
    return answered(page)


def answered(page: Page) -> str:
    """The last reply, once it is there."""
    expect(page.locator(".fd-exchange")).not_to_have_count(0)
    expect(page.locator(".fd-typing")).to_have_count(0)
    return page.locator(".fd-exchange").last.locator(".fd-reply").inner_text()


def test_a_customer_walks_through_and_finds_it_all_again_after_a_restart(home: Path, visit: Visit) -> None:
    first = Server(home)
    try:
        page = visit(first.url, expected_errors=("Failed to load resource", "net::ERR"))
        expect(page.locator(".fd-welcome")).to_be_visible()
        assert "cancelled free of charge until it is dispatched" in ask(page, "i need to cancel my order please")
        answer = ask(page, "寄包裹的运费是多少呀")
        assert "新元" in answer
        assert "#" in answer  # a stored answer says which pair it is
        ask(page, "I want to send back a chair")
        page.get_by_role("button", name="What can't be returned?").last.click()
        expect(page.locator(".fd-own .fd-bubble").last).to_have_text("What can't be returned?")
        assert "Made-to-measure curtains" in answered(page)
        page.locator(".fd-exchange").last.get_by_role("button", name="This did not help").click()
        expect(page.locator(".fd-exchange").last.locator("[aria-pressed=true]")).to_have_count(1)
        said = page.locator(".fd-bubble").all_inner_texts()
        page.reload()
        expect(page.locator(".fd-bubble")).to_have_text(said)
        expect(page.locator(".fd-exchange").last.locator("[aria-pressed=true]")).to_have_count(1)
    finally:
        first.stop()
    second = Server(home, port=first.port)
    try:
        page.reload()
        expect(page.locator(".fd-bubble")).to_have_text(said)
        expect(page.locator(".fd-exchange").last.locator("[aria-pressed=true]")).to_have_count(1)
        assert "Goodbye" in ask(page, "ok bye, have a nice day")
    finally:
        second.stop()


def test_an_order_is_shown_to_its_owner_only(server: Server, visit: Visit) -> None:
    page = visit(server.url)
    expect(page.locator(".fd-welcome")).to_be_visible()
    assert "order number" in ask(page, "where is my order?")
    assert "last four digits" in ask(page, "100234")
    assert "can't find an order" in ask(page, "9999")
    ask(page, "where is my order 100234")
    assert "oak dining table" in ask(page, "mei.tan@example.com")


def test_a_person_is_asked_for_and_a_ticket_opened(server: Server, visit: Visit) -> None:
    page = visit(server.url, locale="zh-CN")
    expect(page.locator(".fd-welcome")).to_be_visible()
    page.get_by_role("button", name="转人工客服").last.click()
    assert "工单 T-" in answered(page)


TEN_WORDINGS = (
    "Do you sell hammocks?",
    "do you sell hammocks",
    "DO YOU SELL HAMMOCKS???",
    "hammocks?",
    "Is there a hammock in your shop?",
    "I'd like to buy a hammock",
    "can i get a hammock for the garden from you",
    "any garden hammocks in stock",
    "have you got hammocks",
    "Ｄo you sell hammocks?",
)


def test_a_pair_added_while_the_server_runs_is_answered_and_withdrawn_is_never_served(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url)
    expect(page.locator(".fd-welcome")).to_be_visible()
    answer = "Yes: cotton hammocks, two metres long, in green and in white."
    saved = json.loads(chatbot("kb", "add", "Do you sell hammocks?", answer, "--json", home=server.home))
    time.sleep(1.0)  # what is promised
    assert answer in ask(page, "Do you sell hammocks?")
    assert answer in ask(page, "have you got hammocks in your shop?")
    chatbot("kb", "withdraw", str(saved["id"]), home=server.home)
    for wording in TEN_WORDINGS:
        assert answer not in ask(page, wording)


def test_the_server_says_what_it_runs(server: Server) -> None:
    status = httpx.get(f"{server.url}status").json()
    assert status["status"] == "ok"
    assert status["model"] == (server.home / "models" / "current").read_text().strip()
