"""Signing in and out of the staff console, and what each role sees of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from chatbot.web.staff.texts import TEXTS
from tests.browser.staff.steps import REFUSED, VIEWS, Open, answer, go, heading, place, press, said, settled, sign_in
from tests.web.fake_staff import PASSWORD, FakeStaff

pytestmark = pytest.mark.browser


# -- signing in and out


def test_a_wrong_password_is_told_and_the_right_one_leads_to_where_one_wanted(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("", "#/pairs/4", REFUSED)
    expect(page.get_by_label("Name")).to_be_focused()
    sign_in(page, "mei", "wrong")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    assert page.get_by_role("navigation").locator("a").count() == 0
    sign_in(page, "mei", PASSWORD)
    expect(heading(page, "Question #4")).to_be_focused()
    expect(page).to_have_title("Question #4 – Maple & Moss – Staff console")
    assert "mei" in page.locator("#fs-foot").inner_text()


def test_throttling_is_told_in_chinese(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("", "", REFUSED, locale="zh-CN")
    page.get_by_label("用户名").fill("mei")
    page.get_by_label("密码").fill("again and again")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_have_text("尝试次数过多，请在 30 秒后再试。")


def test_the_one_time_link_makes_the_first_administrator_and_leaves_the_address(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("", f"#first={fake.first_token}", REFUSED)
    expect(heading(page, "The first administrator")).to_be_visible()
    assert place(page) == "#/"
    sign_in(page, "boss", "a long pass phrase")
    expect(heading(page, "Unanswered")).to_be_visible()
    assert fake.people["boss"]["role"] == "admin"
    again = open_as("", "#first=the-one-time-token", REFUSED)
    sign_in(again, "thief", "a long pass phrase")
    expect(again.get_by_role("alert")).to_have_text("This link has been used, or it is unknown.")
    press(again, "Sign in with an account instead")
    expect(heading(again, "Sign in")).to_be_visible()


def test_where_nobody_can_sign_in_yet_one_is_told_how(open_as: Open, fake: FakeStaff) -> None:
    fake.people.clear()
    page = open_as("", "", REFUSED)
    expect(page.get_by_text("There is no account yet.")).to_be_visible()


def test_an_ended_session_leads_to_sign_in_and_back_with_what_was_typed(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs/5", REFUSED)
    answer(page, "With a dry cloth only.")
    fake.sessions.clear()
    press(page, "Save")
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    sign_in(page, "mei", PASSWORD)
    expect(page.get_by_label("Answer", exact=True)).to_have_value("With a dry cloth only.")
    expect(page.get_by_text("and did not save is back")).to_be_visible()
    press(page, "Save")
    said(page, "Saved.")
    assert fake.pairs[5]["answer"] == "With a dry cloth only."
    page.reload()
    settled(page)
    expect(page.get_by_text("and did not save is back")).to_have_count(0)


def test_signing_out_leaves_nothing_behind(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs/new", REFUSED)
    page.get_by_label("Question", exact=True).fill("Half a thought")
    press(page, "Sign out")
    press(page.get_by_role("dialog"), "Throw it away and leave")
    expect(heading(page, "Sign in")).to_be_visible()
    assert fake.sessions == {}
    assert page.evaluate("sessionStorage.length") == 0
    assert place(page) == "#/"


def test_ones_own_password_is_changed(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("tom", "#/password", REFUSED)
    page.get_by_label("Password until now").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("five words in one row")
    page.get_by_label("New password once more").fill("five words in a row")
    press(page, "Change password")
    expect(page.get_by_role("alert")).to_contain_text("The new password and its repetition differ.")
    page.get_by_label("New password once more").fill("five words in one row")
    press(page, "Change password")
    said(page, "The password is changed.")
    assert fake.people["tom"]["password"] == "five words in one row"
    expect(page.get_by_label("Password until now")).to_have_value("")


# -- roles


def test_an_agent_sees_nothing_that_would_be_refused(open_as: Open) -> None:
    page = open_as("tom", "#/inbox")
    links = page.get_by_role("navigation").locator("a").all_inner_texts()
    assert links == ["Unanswered", "Questions and answers", "Templates", "Try it"]
    for view in VIEWS:
        go(page, view)
        if "new" in view or view.endswith("assembly/pair") or view in ("#/imports", "#/team", "#/audit"):
            expect(heading(page, "There is nothing here")).to_be_visible()
            continue
        names = set(page.locator("#fs-main :is(button, summary, a.fs-button)").all_inner_texts())
        assert names & EDITING == set(), view
        assert view.startswith(("#/try", "#/password")) or page.locator("#fs-main textarea").count() == 0, view


EDITING = {
    TEXTS[key][0]
    for key in ("save", "withdraw", "restore", "bring_back", "back_to_file", "pair_add", "make_pair", "add_to_other")
} | {"Out of scope", "Export these", "Keep for the night", "Write a new answer for it", "Add to #3"}


def test_an_editor_sees_no_administration(open_as: Open) -> None:
    page = open_as("mei", "#/team")
    expect(heading(page, "There is nothing here")).to_be_visible()
    assert "Team" not in page.get_by_role("navigation").inner_text()
