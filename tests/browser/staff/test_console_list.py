"""The list of pairs in the staff console."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.staff.steps import Open, go, place, press, settled, titles
from tests.web.fake_staff import FakeStaff

pytestmark = pytest.mark.browser


# -- the list of pairs


def test_the_list_is_searched_filtered_sorted_and_paged_and_the_address_keeps_it(
    open_as: Open, fake: FakeStaff
) -> None:
    page = open_as("mei", "#/pairs")
    expect(page.get_by_role("heading", name="58 questions")).to_be_visible()
    assert len(titles(page)) == 50
    fake.asked.clear()
    page.get_by_label("Search").press_sequentially("oak table", delay=20)
    expect(page.get_by_role("heading", name="1 question", exact=True)).to_be_visible()
    assert titles(page) == ["How do I clean an oak table?"]
    assert fake.asked.count("GET pairs") <= 2  # not one for each key
    assert place(page) == "#/pairs?search=oak+table"
    press(page, "Show all")
    page.get_by_label("State", exact=True).select_option("Draft")
    expect(page.get_by_role("heading", name="1 question", exact=True)).to_be_visible()
    page.get_by_label("State", exact=True).select_option("All")
    page.get_by_label("Category", exact=True).select_option("配送")
    expect(page.get_by_role("heading", name="2 questions", exact=True)).to_be_visible()
    page.reload()
    settled(page)
    expect(page.get_by_label("Category", exact=True)).to_have_value("配送")
    press(page, "Show all")
    page.get_by_label("Due for review").check()
    expect(page.get_by_text("due Nov 1, 2024")).to_be_visible()
    press(page, "Show all")
    press(page, "Question")
    expect(page.get_by_role("columnheader", name="Question")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#fs-main a.fs-title").first).to_have_text("Do you offer express delivery?")
    press(page, "Next page")
    expect(page.get_by_text("51–58 of 58")).to_be_visible()
    expect(page.get_by_role("heading", name="58 questions")).to_be_focused()
    page.locator("#fs-main a.fs-title").first.click()
    expect(page.get_by_role("heading", level=1, name=re.compile(r"Question #\d+"))).to_be_visible()
    page.go_back()
    expect(page.get_by_text("51–58 of 58")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("1–50 of 58")).to_be_visible()


def test_an_answer_to_an_older_search_is_dropped(open_as: Open) -> None:
    page = open_as("mei", "#/pairs")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "search=sofa" in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/pairs?*", hold)
    with page.expect_request("**/api/pairs?*search=sofa*"):
        page.get_by_label("Search").fill("sofa")
    page.get_by_label("Search").fill("oak")
    expect(page.get_by_role("heading", name="1 question", exact=True)).to_be_visible()
    for route in held:
        route.fulfill(json={"total": 0, "page": 1, "size": 50, "pairs": []})
    page.wait_for_timeout(200)
    assert titles(page) == ["How do I clean an oak table?"]


def test_an_error_says_what_to_do_and_can_be_tried_again(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/inbox", "status of 503", "ERR_FAILED")
    fake.broken = True
    go(page, "#/pairs")
    expect(page.get_by_role("alert")).to_contain_text("The knowledge base is busy. Try again in a moment.")
    press(page, "Try again")
    expect(page.get_by_role("heading", name="58 questions")).to_be_visible()
    page.route("**/api/pairs?*", lambda route: route.abort())
    page.get_by_label("Search").fill("sofa")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")


def test_what_is_filtered_can_be_exported(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs?state=draft&category=退换货")
    page.get_by_text("Export these").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="QnA Maker").click()
    assert download.value.suggested_filename == "pairs.qnamaker"
    assert "state=draft" in download.value.url
    assert "category=%E9%80%80%E6%8D%A2%E8%B4%A7" in download.value.url
