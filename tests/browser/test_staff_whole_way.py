"""The console over the trained assistant: what is saved in one process is what customers of another one are told."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_whole_way import ask
from tests.running import Server, copied

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]  # the first of them trains the assistant

PASSWORD = "nine green chairs"
ANSWER = "Yes: we **carve** names into oak tables, up to twelve letters."
SHOWN = "Yes: we carve names into oak tables, up to twelve letters."
CHANGED = "No longer: our carver has retired."
TEN_WORDINGS = (
    "Can you carve a name into a table?",
    "can you carve a name into a table",
    "CAN YOU CARVE A NAME INTO A TABLE???",
    "carve a name into a table",
    "do you carve names into tables",
    "name carving on a table possible?",
    "I'd like our name carved in the table",
    "could a name be carved into my oak table",
    "carve our family name on the table plz",
    "Ｃan you carve a name into a table?",
)


@pytest.fixture(scope="module")
def servers(shop_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two processes on one home: staff work at the first, customers ask the second."""
    home = copied(shop_home, tmp_path_factory.mktemp("staff") / "home")
    both = Server(home), Server(home)
    yield both
    for server in both:
        server.stop()


def first_link(server: Server) -> str:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if found := re.search(r"http\S+/staff/#first=\S+", "".join(server.lines)):
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no link for the first admin was printed:\n" + "".join(server.lines))


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Everything is saved.")).to_be_visible()


def found(said: str) -> bool:
    """The answer, or a "did you mean" that leads to it."""
    return SHOWN in said or TEN_WORDINGS[0] in said


def test_what_staff_save_is_answered_within_a_second_and_what_they_withdraw_never_again(
    servers: tuple[Server, Server], visit: Visit
) -> None:
    customer = visit(servers[1].url)
    expect(customer.locator(".fd-welcome")).to_be_visible()
    staff = visit(first_link(servers[0]), expected_errors=("401",))
    staff.get_by_label("Name").fill("ann")
    staff.get_by_label("Password").fill(PASSWORD)
    staff.get_by_role("button", name="Create and sign in").click()
    expect(staff.get_by_role("button", name="Sign out")).to_be_visible()

    staff.goto(servers[0].url + "staff/#/pairs/new")
    staff.get_by_label("Question", exact=True).fill(TEN_WORDINGS[0])
    staff.get_by_label("Answer", exact=True).fill(ANSWER)
    staff.get_by_label("Similar questions").fill("do you carve names into tables")
    save(staff)
    assert SHOWN in ask(customer, "do you carve names into tables?")  # by its words, from the moment of saving
    until = time.monotonic() + 10  # by its meaning once it is embedded: within a second on a machine of one's own
    while not found(said := ask(customer, TEN_WORDINGS[7])):
        assert time.monotonic() < until, said

    staff.get_by_label("Answer", exact=True).fill(CHANGED)
    save(staff)
    time.sleep(1.0)  # what is promised
    assert CHANGED in ask(customer, TEN_WORDINGS[0])

    staff.get_by_role("button", name="Withdraw").click()
    staff.locator("dialog[open]").get_by_role("button", name="Withdraw").click()
    expect(staff.get_by_text("Withdrawn").first).to_be_visible()
    time.sleep(1.0)
    for wording in TEN_WORDINGS:
        said = ask(customer, wording)
        assert SHOWN not in said
        assert CHANGED not in said
        assert TEN_WORDINGS[0] not in said  # nor is it offered


def test_the_sign_in_of_one_process_is_good_at_the_other_and_ends_at_both(
    servers: tuple[Server, Server], visit: Visit
) -> None:
    staff = visit(servers[0].url + "staff/", expected_errors=("401",))
    staff.get_by_label("Name").fill("ann")
    staff.get_by_label("Password").fill(PASSWORD)
    staff.get_by_role("button", name="Sign in", exact=True).click()
    expect(staff.get_by_role("button", name="Sign out")).to_be_visible()
    staff.goto(servers[1].url + "staff/#/pairs")
    expect(staff.get_by_role("button", name="Sign out")).to_be_visible()
    staff.get_by_role("button", name="Sign out").click()
    expect(staff.get_by_role("heading", name="Sign in")).to_be_visible()
    staff.goto(servers[0].url + "staff/#/pairs")
    expect(staff.get_by_role("heading", name="Sign in")).to_be_visible()
