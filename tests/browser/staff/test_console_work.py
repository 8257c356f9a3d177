"""Templates, trying it, imports and the inbox in the staff console."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.staff.steps import REFUSED, Open, answer, choose, go, heading, place, press, said
from tests.web.fake_staff import FakeStaff

pytestmark = pytest.mark.browser


# -- templates


def test_a_template_is_edited_with_conditions_and_buttons_and_goes_back_to_the_file(
    open_as: Open, fake: FakeStaff
) -> None:
    page = open_as("mei", "#/templates", REFUSED)
    page.get_by_label("Search").fill("ticket")
    expect(page.get_by_role("heading", name="1 template", exact=True)).to_be_visible()
    page.get_by_role("link", name="utter_ticket_opened").click()
    expect(page.get_by_text("{ticket}").first).to_be_visible()
    press(page, "Add a variant")
    third = page.get_by_role("group", name="Variant 3")
    third.get_by_label("Text").fill("Ticket {ticket} is open.")
    press(third, "Add a condition")
    third.get_by_label("Slot, like language").fill("hurry")
    third.get_by_label("Value, like en").fill("yes")
    press(third, "Add a button")
    third.get_by_label("What it says").fill("Thanks")
    third.get_by_label("What it sends").fill("/thank_you")
    press(third, "Move up")
    press(page, "Save")
    said(page, "Saved. It is said from the next message on.")
    stored = fake.templates["utter_ticket_opened"][-1]
    assert [variant["conditions"] for variant in stored["variants"]] == [
        {"language": "en"},
        {"hurry": "yes"},
        {"language": "zh"},
    ]
    assert stored["variants"][1]["buttons"] == [{"title": "Thanks", "payload": "/thank_you"}]
    press(page.get_by_role("group", name="Variant 2"), "Remove this variant")
    theirs = [{**variant, "text": variant["text"] + "!"} for variant in stored["variants"]]
    fake.templates["utter_ticket_opened"].append({**stored, "variants": theirs, "revision": 2, "updated_by": "ana"})
    press(page, "Save")
    dialog = page.get_by_role("dialog", name="Somebody else has saved this meanwhile")
    expect(dialog.get_by_role("group", name="Variant 1")).to_contain_text("Only they have changed this.")
    press(dialog, "All theirs")
    press(dialog, "Save this choice")
    expect(page.get_by_role("group", name="Variant 3")).to_be_visible()
    press(page, "Back to the file's wording")
    press(page.get_by_role("dialog"), "Bring back")
    expect(page.get_by_role("group", name="Variant 3")).to_have_count(0)
    expect(page.get_by_role("button", name="Back to the file's wording")).to_be_hidden()
    assert fake.templates["utter_ticket_opened"][-1]["edited"] is False
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Revision 0 as in the file")).to_be_visible()
    press(page.get_by_role("listitem").filter(has_text="Revision 1"), "Bring back")
    press(page.get_by_role("dialog"), "Bring back")
    expect(page.get_by_text("Revision 4")).to_be_visible()
    assert len(fake.templates["utter_ticket_opened"][-1]["variants"]) == 3


# -- trying it


def test_the_whole_trace_is_shown_and_what_it_should_have_been_is_kept(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/try")
    expect(page.get_by_label("Question")).to_be_focused()
    page.keyboard.type("How much does parcel delivery cost? 100234")
    page.keyboard.press("Enter")
    expect(page.locator(".fs-bubble strong")).to_have_text("S$6")
    main = page.locator("#fs-main")
    for part in ("nearest pair 0.91 >= 0.55", "[order]", "71%", "intents-7 · 2024-11-22", "pair_answer", "4.20 ms"):
        expect(main).to_contain_text(part)
    page.get_by_label("the answer to this stored question").fill("oak")
    page.locator(".fs-picker input").press("ArrowDown")  # nothing yet, or the first
    page.get_by_role("button", name=re.compile("#5")).click()
    press(page.get_by_role("dialog", name="Add as a similar question?"), "Add")
    expect(page.get_by_text("It is now a similar question of")).to_be_visible()
    assert fake.pairs[5]["similar"][-1] == "How much does parcel delivery cost? 100234"
    page.get_by_label("this intent").select_option("order_status")
    press(page, "Keep for the night")
    expect(page.get_by_text("Kept as an example of order_status")).to_be_visible()
    assert fake.labelled == [("How much does parcel delivery cost? 100234", "order_status")]


# -- importing


FAULTY = "question,answer,category\nDo you sell gift cards?,,Payment\nHow do I clean an oak table?,Soap.,Care\n"
SOUND = FAULTY.replace(",,", ",Yes, from S$20,").replace("Yes, from S$20", '"Yes, from S$20"')


def test_a_file_with_errors_is_not_imported_and_a_sound_one_is_and_can_be_undone(
    open_as: Open, fake: FakeStaff
) -> None:
    page = open_as("mei", "#/imports")
    choose(page, "faq.csv", FAULTY)
    errors = page.get_by_role("table", name="Lines that are wrong")
    expect(errors).to_contain_text("answer is empty.")
    expect(page.get_by_role("heading", name="What is in the file")).to_be_focused()
    expect(page.get_by_role("button", name=re.compile("^Import"))).to_have_count(0)
    choose(page, "faq.csv", SOUND)
    changed = page.get_by_role("table", name="What would change")
    expect(changed.locator("ins")).to_contain_text("Soap")
    page.get_by_label("becomes what the file says").check()
    press(page, "Import 2 rows")
    expect(page.get_by_text("The import is done: 2 rows.")).to_be_visible()
    assert fake.pairs[5]["answer"] == "Soap."
    assert place(page) == "#/imports"
    press(page, "Undo")
    press(page.get_by_role("dialog", name="Undo this import?"), "Undo")
    result = page.get_by_role("dialog", name="The import is undone")
    expect(result).to_contain_text("1 withdrawn, 1 put back.")
    press(result, "Close")
    expect(page.get_by_role("button", name="Undo", exact=True)).to_have_count(0)
    assert fake.pairs[5]["answer"].startswith("With a damp cloth")
    choose(page, "again.csv", "question,answer\nHow do I clean an oak table?," + json.dumps(fake.pairs[5]["answer"]))
    expect(page.get_by_text("Everything in the file is here already.")).to_be_visible()


def test_a_running_import_is_watched_on_after_a_reload_and_a_dropped_file_is_read(
    open_as: Open, fake: FakeStaff
) -> None:
    page = open_as("mei", "#/imports")
    data = page.evaluate_handle(
        "() => { const data = new DataTransfer();"
        "data.items.add(new File(['question,answer\\nA,B\\n'], 'dropped.csv')); return data }"
    )
    page.locator(".fs-drop").dispatch_event("drop", {"dataTransfer": data})
    expect(page.get_by_text("dropped.csv")).to_be_visible()
    expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()
    fake.jobs["job7"] = {"done": 0, "total": 6, "import_id": 7}
    go(page, "#/imports?job=job7")
    expect(page.get_by_text("The import is done: 6 rows.")).to_be_visible()


# -- the inbox


def test_a_group_becomes_a_pair_and_its_share_is_told(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/inbox")
    expect(page.get_by_role("heading", name="4 groups of 41 messages")).to_be_visible()
    first = page.locator(".fs-group").first
    expect(first).to_contain_text("14 customers")
    first.get_by_text("More of what they asked").click()
    expect(first.get_by_text("assembly service for a bed frame?")).to_be_visible()
    first.get_by_role("link", name="Write an answer").click()
    expect(page.get_by_label("Question", exact=True)).to_have_value("Can somebody assemble the wardrobe for me?")
    similar = page.get_by_label("Similar questions")
    expect(similar).to_have_value(re.compile("do you build up furniture at home\nassembly service"))
    assert "[order]" not in similar.input_value()  # holds something of a customer's own
    answer(page, "Yes: we assemble for S$60.")
    press(page, "Save the answer")
    said(page, "Now answered: 80%")
    expect(heading(page, "What they asked")).to_be_visible()
    expect(page.get_by_text("A new answer was made:")).to_be_visible()
    assert fake.pairs[59]["similar"][0] == "do you build up furniture at home"
    press(page, "Measure again")
    said(page, "Now answered: 90%")


def test_a_group_is_added_to_a_pair_or_marked_out_of_scope(open_as: Open, fake: FakeStaff) -> None:
    page = open_as("mei", "#/inbox", REFUSED)
    groups = page.locator(".fs-group")
    press(groups.nth(0), "Add to #3")
    press(page.get_by_role("dialog"), "Add")
    said(page, "Now answered: 100%")
    press(groups.nth(1), "Add to another question")
    dialog = page.get_by_role("dialog", name="Add what they asked to a question?")
    press(dialog, "Add")
    expect(dialog.get_by_role("alert")).to_contain_text("Choose a question first.")
    dialog.get_by_label("To which question?").fill("lamp bulb")
    expect(dialog.get_by_text("Nothing found.")).to_be_visible()  # it is withdrawn
    dialog.get_by_label("To which question?").fill("express")
    dialog.get_by_role("button", name=re.compile("#3")).click()
    press(dialog, "Add")
    expect(dialog).to_have_count(0)
    expect(groups.nth(1)).to_contain_text("Added to #3")
    assert "Do you gift wrap?" in fake.pairs[3]["similar"]
    fake.groups["weather"]["handled"] = {"how": "pair", "subject": "9", "at": "2024-11-20T10:00:00Z", "by": "ana"}
    press(groups.nth(3), "Out of scope")
    press(page.get_by_role("dialog", name="Is this out of scope?"), "Mark as out of scope")
    quicker = page.get_by_role("dialog", name="Somebody was quicker")
    expect(quicker).to_contain_text("ana has handled this group already.")
    press(quicker, "Do it anyway")
    said(page, "2 wordings are marked for the next night.")
    assert fake.groups["weather"]["handled"]["how"] == "outside"
