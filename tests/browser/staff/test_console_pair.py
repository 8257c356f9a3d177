"""One pair in the staff console: typed, told about, saved, compared, withdrawn, brought back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.staff.steps import REFUSED, Open, answer, go, heading, place, press, said, settled
from tests.web.fake_staff import FakeStaff

pytestmark = pytest.mark.browser


# -- a pair


def test_a_pair_is_added_and_what_it_means_is_told_before(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs", REFUSED)
    page.get_by_role("link", name="New question").click()
    expect(heading(page, "New question")).to_be_focused()
    fake.asked.clear()
    page.get_by_label("Question", exact=True).press_sequentially("How much does parcel delivery costs?", delay=15)
    advice = page.get_by_role("complementary")
    expect(advice.get_by_text("Nearly the same question")).to_be_visible()
    assert fake.asked.count("POST pairs/advice") <= 2  # 600 ms after the last key, not at each
    expect(advice).to_contain_text("takes 12 of 40 questions from #1 How much does parcel delivery cost?")
    expect(advice).to_contain_text("answers 3 of 40 questions that have no answer now")
    answer(page, "It costs **S$9**.")
    expect(advice.get_by_text("Says something else")).to_be_visible()
    expect(advice.locator(".fs-cleaned strong")).to_have_text("S$9")
    page.get_by_label("Question", exact=True).fill("When is my refund coming?")
    expect(advice).to_contain_text("The intent refund_status is sure of this question (0.93)")
    page.get_by_label("Question", exact=True).fill("how do I clean an oak table?")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("is already answered by pair 5.")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_attribute("href", "#/pairs/5")
    page.get_by_label("Question", exact=True).fill("Can I pay in instalments?")
    page.get_by_label("Similar questions").fill("pay later\n\n  in three parts ")
    expect(page.get_by_text("2 similar questions")).to_be_visible()
    page.get_by_label("Category", exact=True).fill("Payment")
    page.get_by_role("combobox", name="Language").select_option("English")
    page.get_by_label("Review by").fill("2031-02-03")
    page.get_by_label("Source").fill("ftp://x")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("alert")).to_contain_text("it must begin with http:// or https://.")
    page.get_by_label("Source").fill("https://shop.example/pay")
    press(page, "Save")
    said(page, "#59 is saved and is answered from now on.")
    expect(heading(page, "Question #59")).to_be_visible()
    stored = fake.pairs[59]
    assert {key: stored[key] for key in ("question", "answer", "similar", "category", "language")} == {
        "question": "Can I pay in instalments?",
        "answer": "It costs **S$9**.",
        "similar": ["pay later", "in three parts"],
        "category": "Payment",
        "language": "en",
    }
    assert (stored["review_by"], stored["valid_from"], stored["state"]) == ("2031-02-03", None, "published")


def test_an_empty_answer_is_told_at_its_field(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs/new")
    page.get_by_label("Question", exact=True).fill("A question")
    press(page, "Save")
    expect(page.get_by_label("Answer", exact=True)).to_be_focused()
    expect(page.get_by_text("This must not be empty.")).to_have_count(1)
    assert "POST pairs" not in fake.asked


def test_several_problems_are_told_one_by_one(open_as: Open) -> None:
    page = open_as("mei", "#/pairs/5", REFUSED)
    answer(page, "<script>window.xss = 1</script>")
    press(page, "Save")
    expect(page.get_by_role("alert").get_by_role("listitem")).to_have_text(
        ["Raw HTML is not allowed: '<script>'.", "Write Markdown instead."]
    )


def test_two_people_at_once_overwrite_nothing(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs/5", REFUSED)
    answer(page, "With a damp cloth; dry it at once.")
    page.get_by_label("Owner").fill("mei")
    theirs = {"answer": "With a damp cloth; dry it afterwards. Wax it twice a year.", "category": "Furniture"}
    fake.store(5, theirs, "updated", "ana")
    press(page, "Save")
    dialog = page.get_by_role("dialog", name="Somebody else has saved this meanwhile")
    expect(dialog).to_contain_text("ana saved it on")
    expect(dialog.get_by_role("group", name="Category")).to_contain_text("Only they have changed this.")
    expect(dialog.get_by_role("group", name="Owner")).to_contain_text("Only you have changed this.")
    press(dialog, "Save this choice")
    expect(dialog.get_by_text("Choose one of the two for each field.")).to_be_visible()
    assert fake.pairs[5]["updated_by"] == "ana"
    page.keyboard.press("Escape")
    expect(page.get_by_label("Answer", exact=True)).to_have_value("With a damp cloth; dry it at once.")
    press(page, "Save")
    dialog.get_by_role("group", name="Answer").get_by_label("Theirs").check()
    fake.store(5, {"question": "How is an oak table cleaned?"}, "updated", "ana")  # and once more
    press(dialog, "Save this choice")
    expect(dialog.get_by_role("group", name="Question").locator("ins").last).to_have_text("added: cleaned")
    press(dialog, "Save this choice")
    said(page, "Saved.")
    kept = {key: fake.pairs[5][key] for key in ("question", "answer", "category", "owner")}
    assert kept == {"question": "How is an oak table cleaned?", "owner": "mei", **theirs}
    expect(page.get_by_label("Category", exact=True)).to_have_value("Furniture")


def test_taking_all_of_theirs_saves_nothing(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs/5", REFUSED)
    answer(page, "Mine.")
    fake.store(5, {"answer": "Theirs."}, "updated", "ana")
    press(page, "Save")
    press(page.get_by_role("dialog"), "All theirs")
    press(page.get_by_role("dialog"), "Save this choice")
    said(page, "there was nothing to save")
    expect(page.get_by_label("Answer", exact=True)).to_have_value("Theirs.")
    assert (fake.pairs[5]["updated_by"], fake.pairs[5]["revision"]) == ("ana", 2)


def test_unsaved_changes_stay_until_leaving_is_confirmed(open_as: Open) -> None:
    page = open_as("mei", "#/pairs")
    go(page, "#/pairs/5")
    answer(page, "Half an answer")
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    page.get_by_role("link", name="Templates").click()
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    press(dialog, "Cancel")
    expect(page.get_by_label("Answer", exact=True)).to_have_value("Half an answer")
    page.go_back()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    assert place(page) == "#/pairs/5"
    expect(page.get_by_label("Answer", exact=True)).to_have_value("Half an answer")
    go(page, "#/try")
    go(page, "#/templates")
    expect(dialog).to_have_count(1)  # who tries again is asked once
    press(dialog, "Throw it away and leave")
    expect(heading(page, "Templates")).to_be_focused()
    go(page, "#/pairs/5")
    expect(page.get_by_label("Answer", exact=True)).to_have_value(re.compile("With a damp cloth"))


def test_what_is_typed_while_it_is_saved_stays(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs/5")
    held: list[Route] = []
    page.route(
        "**/api/pairs/5", lambda route: held.append(route) if route.request.method == "PUT" else route.continue_()
    )
    answer(page, "Soap.")
    with page.expect_request("**/api/pairs/5"):
        page.keyboard.press("Control+s")
    page.get_by_label("Answer", exact=True).press_sequentially(" And water.")
    held[0].continue_()
    page.unroute("**/api/pairs/5")
    said(page, "Saved.")
    expect(page.get_by_label("Answer", exact=True)).to_have_value("Soap. And water.")
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    press(page, "Save")
    expect(page.get_by_text("Everything is saved.")).to_be_visible()
    assert (fake.pairs[5]["answer"], fake.pairs[5]["revision"]) == ("Soap. And water.", 3)


def test_a_draft_survives_a_reload_and_can_be_thrown_away(open_as: Open) -> None:
    page = open_as("mei", "#/pairs/5")
    page.on("dialog", lambda dialog: dialog.accept())  # the browser's own question
    answer(page, "Half an answer")
    page.reload()
    settled(page)
    expect(page.get_by_label("Answer", exact=True)).to_have_value("Half an answer")
    press(page, "Throw it away")
    expect(page.get_by_label("Answer", exact=True)).to_have_value(re.compile("With a damp cloth"))
    expect(page.get_by_text("Everything is saved.")).to_be_visible()


def test_a_pair_is_withdrawn_and_restored(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/pairs/5")
    press(page, "Withdraw")
    press(page.get_by_role("dialog", name="Withdraw this answer?"), "Withdraw")
    expect(page.get_by_text("This answer is withdrawn: no customer gets it.")).to_be_visible()
    said(page, "Withdrawn.")
    assert fake.pairs[5]["state"] == "withdrawn"
    expect(page.locator("#fs-main textarea")).to_have_count(0)
    press(page, "Restore")
    expect(page.get_by_label("Answer", exact=True)).to_be_visible()
    assert fake.pairs[5]["state"] == "published"


def test_the_history_shows_differences_word_by_word_and_brings_back(open_as: Open, fake: FakeStaff) -> None:
    fake.store(5, {"answer": "With a dry cloth; dry it afterwards. Oil it twice a year."}, "updated", "ana")
    fake.store(5, {"similar": ["oak table care"]}, "updated", "mei")
    page = open_as("mei", "#/pairs/5/history")
    revisions = page.get_by_role("listitem").filter(has=page.locator("details"))
    expect(revisions).to_have_count(3)
    expect(revisions.nth(1).locator("del")).to_have_text("removed: damp")
    expect(revisions.nth(1).locator("ins")).to_have_text("added: dry")
    expect(revisions.nth(0).locator("del")).to_contain_text("water stains on my table")
    press(revisions.nth(2), "Bring back")
    press(page.get_by_role("dialog", name="Bring this revision back?"), "Bring back")
    said(page, "Brought back.")
    expect(revisions).to_have_count(4)
    assert fake.pairs[5]["answer"].startswith("With a damp cloth")
