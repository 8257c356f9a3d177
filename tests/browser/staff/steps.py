"""What staff do at the console in these tests, and the views that there are."""

from __future__ import annotations

from typing import Any, Protocol

from playwright.sync_api import Locator, Page, expect

SLOW = 30_000  # ms; on a machine whose cores are busy a page takes seconds
REFUSED = "the server responded with a status of 4"
"""What Chromium's console says of an answer that is a refusal."""
VIEWS = (
    "#/inbox",
    "#/inbox/assembly",
    "#/inbox/assembly/pair",
    "#/pairs",
    "#/pairs?search=nothing+like+it",
    "#/pairs/new",
    "#/pairs/4",
    "#/pairs/6",
    "#/pairs/1/history",
    "#/templates",
    "#/templates/utter_greet",
    "#/templates/utter_greet/history",
    "#/try?text=How+much+does+parcel+delivery+cost",
    "#/imports",
    "#/team",
    "#/audit",
    "#/password",
    "#/nowhere",
)


class Open(Protocol):
    """open_as("mei", "#/pairs") is the page with that person signed in; open_as("", "") with nobody."""

    def __call__(self, name: str, place: str, *expected_errors: str, **options: Any) -> Page: ...


def settled(page: Page) -> None:
    """Until the view is there and nothing of it is on its way."""
    expect(page.locator("#fs-main h1")).to_be_visible()
    expect(page.locator("#fs-main [aria-busy=true]")).to_have_count(0)


def go(page: Page, place: str) -> None:
    page.evaluate(
        "(place) => location.hash === place || new Promise((done) => { location.hash = place;"
        " addEventListener('hashchange', () => setTimeout(done), { once: true }); })",
        place,
    )
    settled(page)


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", level=1, name=name, exact=True)


def press(page: Page | Locator, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def said(page: Page, text: str) -> None:
    expect(page.locator("#fs-toasts")).to_contain_text(text)


def answer(page: Page, text: str) -> None:
    page.get_by_label("Answer", exact=True).fill(text)


def place(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")


def titles(page: Page) -> list[str]:
    return page.locator("#fs-main a.fs-title").all_inner_texts()


def choose(page: Page, name: str, text: str) -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})
