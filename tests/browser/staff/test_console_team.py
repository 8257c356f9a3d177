"""The team and the audit log in the staff console."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.staff.steps import REFUSED, Open, place, press, said
from tests.web.fake_staff import FakeStaff

pytestmark = pytest.mark.browser


# -- team and audit log


def test_the_team_is_managed(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("ana", "#/team", REFUSED)
    press(page, "Add somebody")
    dialog = page.get_by_role("dialog", name="Add somebody")
    dialog.get_by_label("Name").fill("lin")
    dialog.get_by_label("Password").fill("short")
    dialog.get_by_label("Role").select_option("Agent")
    page.keyboard.press("Enter")
    press(dialog, "Add")
    expect(dialog.get_by_role("alert")).to_have_text("The password has 5 characters; allowed are 10 to 200.")
    expect(dialog.get_by_label("Name")).to_have_value("lin")
    dialog.get_by_label("Password").fill("long enough now")
    press(dialog, "Add")
    said(page, "lin is added.")
    assert fake.people["lin"]["role"] == "agent"
    press(page, "Role of lin")
    page.get_by_role("dialog").get_by_label("Role", exact=True).select_option("Editor")
    press(page.get_by_role("dialog"), "Save")
    said(page, "The role is changed.")
    press(page, "New password for lin")
    page.get_by_role("dialog").get_by_label("New password", exact=True).fill("another long one")
    press(page.get_by_role("dialog"), "Save")
    said(page, "The password is changed.")
    assert (fake.people["lin"]["role"], fake.people["lin"]["password"]) == ("editor", "another long one")
    row = page.get_by_role("row").filter(has_text="lin")
    press(row, "Take access away")
    press(page.get_by_role("dialog", name="Take access away?"), "Take access away")
    expect(row.get_by_text("No access")).to_be_visible()
    press(row, "Give access again")
    expect(row.get_by_text("Active")).to_be_visible()
    press(page, "Role of ana")
    page.get_by_role("dialog").get_by_label("Role", exact=True).select_option("Agent")
    press(page.get_by_role("dialog"), "Save")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("is the last active admin.")


def test_the_audit_log_is_filtered_and_older_entries_are_added(open_as: Open, fake: FakeStaff) -> None:
    fake.audit("ana", "staff.added", "lin", "agent")
    page = open_as("ana", "#/audit")
    rows = page.locator("#fs-main tbody tr")
    expect(rows).to_have_count(100)
    press(page, "Older entries")
    expect(rows).to_have_count(131)
    expect(page.get_by_role("button", name="Older entries")).to_have_count(0)
    page.get_by_label("What", exact=True).fill("staff.")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("lin")
    assert place(page) == "#/audit?what=staff."
    page.get_by_label("Who").fill("nobody")
    expect(page.get_by_text("No entries.")).to_be_visible()
