"""The staff console in both languages, by keyboard, for a screen reader, on a phone, and with evil in every field."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chatbot.web.staff.texts import TEXTS
from tests.browser.staff.steps import REFUSED, VIEWS, Open, answer, choose, go, heading, place, press, titles
from tests.web.fake_staff import FakeStaff
from tests.web.payloads import PAYLOADS

pytestmark = pytest.mark.browser


# -- languages


def test_the_switch_says_everything_again_keeps_what_is_typed_and_is_remembered(open_as: Open) -> None:
    page = open_as("ana", "#/pairs/5")
    page.on("dialog", lambda dialog: dialog.accept())
    answer(page, "Half an answer")
    press(page, "中文")
    expect(page.get_by_label("答案", exact=True)).to_have_value("Half an answer")
    expect(page).to_have_title("问答 #5 – 枫苔家居 – 客服工作台")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.reload()
    expect(heading(page, "问答 #5")).to_be_visible()


def test_no_view_mixes_the_languages(open_as: Open) -> None:
    page = open_as("ana", "#/inbox", locale="zh-CN")
    english = {text for text, _ in TEXTS.values() if len(text) > 3 and re.fullmatch(r"[\x20-\x7e’…–]+", text)}
    english -= {chinese for _, chinese in TEXTS.values()}
    for view in VIEWS:
        go(page, view)
        seen = set(page.locator("#fs").inner_text().split("\n"))
        labels = page.locator("#fs [aria-label]").evaluate_all("(all) => all.map((one) => one.ariaLabel)")
        assert (seen | set(labels)) & english == set(), view


# -- for everybody

FAULTS = """() => {
  const shown = [...document.querySelectorAll('#fs *')].filter((one) => one.checkVisibility());
  const name = (one) => one.ariaLabel || one.innerText?.trim() || one.title;
  const faults = [];
  for (const one of shown) {
    const tag = one.tagName;
    const written = ['INPUT', 'TEXTAREA', 'SELECT'].includes(tag);
    if (written && !one.labels?.length && !one.ariaLabel) faults.push(['label', one]);
    if (['BUTTON', 'A', 'SUMMARY'].includes(tag) && !name(one)) faults.push(['name', one]);
    if (one.tabIndex > 0) faults.push(['tabindex', one]);
    const unmarked = ['radio', 'checkbox'].includes(one.type) && getComputedStyle(one).appearance === 'none';
    if (unmarked) faults.push(['does not show whether it is on', one]);
    if (tag === 'TABLE' && !one.ariaLabel) faults.push(['table', one]);
    for (const key of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for', 'list'])
      if (one.getAttribute(key) && !document.getElementById(one.getAttribute(key))) faults.push([key, one]);
  }
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id).filter(Boolean);
  faults.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => ['id twice', { outerHTML: id }]));
  if (document.querySelectorAll('#fs h1').length !== 1) faults.push(['h1', document.body]);
  return faults.map(([what, one]) => `${what}: ${one.outerHTML.slice(0, 120)}`);
}"""

# WCAG 2.2, 1.4.3: the contrast of text with what is behind it is at least 4.5, of large text 3.
FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (one) => { for (let node = one; node; node = node.parentElement) {
    const colour = rgba(getComputedStyle(node).backgroundColor); if (colour[3] > 250) return colour; }
    return [255, 255, 255]; };
  const said = (one) => one.checkVisibility() && !one.matches('.fs-unseen, option');
  const words = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll('#fs *')].filter((one) => said(one) && words(one)).flatMap((one) => {
    const style = getComputedStyle(one);
    const [up, down] = [light(rgba(style.color)), light(behind(one))].sort((a, b) => b - a);
    const least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    const contrast = (up + 0.05) / (down + 0.05);
    return contrast < least ? [`${contrast.toFixed(2)} ${one.outerHTML.slice(0, 90)}`] : [];
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_named_for_a_screen_reader_and_readable(open_as: Open, scheme: Any) -> None:
    page = open_as("ana", "#/inbox", color_scheme=scheme)
    for view in VIEWS:
        go(page, view)
        assert page.evaluate(FAULTS) == [], view
        assert page.evaluate(FAINT) == [], view


def test_the_keyboard_alone_is_enough(open_as: Open) -> None:
    page = open_as("ana", "#/pairs")
    expect(heading(page, "Questions and answers")).to_be_focused()
    page.get_by_role("button", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(heading(page, "Questions and answers")).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
    go(page, "#/pairs/5")
    page.get_by_role("button", name="Withdraw").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Withdraw")).to_be_focused()


def test_what_was_found_is_said_to_a_screen_reader(open_as: Open) -> None:
    page = open_as("mei", "#/pairs?search=oak")
    heard = page.locator("#fs-heard")
    expect(heard).to_have_attribute("role", "status")
    expect(heard).to_have_text("1 question")
    page.get_by_label("Search").fill("rug")
    expect(heard).to_have_text("6 questions")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_phone_shows_every_view_without_scrolling_sideways(open_as: Open, fake: FakeStaff, locale: str) -> None:
    fake.store(
        4, {"question": "x" * 200, "answer": "y" * 300, "source_url": "https://e.example/" + "z" * 200}, "updated", "m"
    )
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = open_as("ana", "#/inbox", locale=locale, **phone)
    for view in (*VIEWS, "#/pairs/4/history"):
        go(page, view)
        wide = page.evaluate(
            "[...document.querySelectorAll('#fs-scroll, #fs-main *')].filter((one) => one.checkVisibility()"
            " && !one.closest('.fs-unseen, thead, .fs-file, .fs-phone-scrolls')"
            " && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 120))"
        )
        assert wide == [], view
        assert page.evaluate("document.querySelector('#fs-scroll').scrollWidth") <= 390, view
    menu = page.locator("#fs-menu")
    expect(page.get_by_role("navigation")).to_be_hidden()
    menu.click()
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.get_by_role("navigation").locator("a").nth(1).click()
    expect(page.get_by_role("navigation")).to_be_hidden()
    assert place(page) == "#/pairs"


# -- what is written is text

EVIL = (
    "<img src=x onerror=window.xss=1>\"'><svg onload=window.xss=2><script>window.xss=3</script>"
    "<a href=javascript:window.xss=4>a</a>{{window.xss=5}}${window.xss=6}`"
)
MARKED = f"{EVIL} [b](javascript:window.xss=7) ![c](https://evil.example/c.png) <details open ontoggle=window.xss=8>"


def poison(fake: FakeStaff) -> None:
    """Everything that anybody can write, written by somebody evil."""
    for pair, payload in zip(fake.pairs.values(), PAYLOADS, strict=False):
        pair |= {"question": payload, "answer": payload, "category": payload, "updated_by": payload}
    fields = {"question": EVIL, "answer": MARKED, "category": EVIL, "owner": EVIL, "similar": [EVIL, *PAYLOADS]}
    for number in (3, 4, 5, 6):
        fake.pairs[number] |= {**fields, "source_url": "javascript:window.xss=9", "updated_by": EVIL}
    fake.histories[4] = []
    fake.remember(fake.pairs[4], EVIL)
    fake.remember({**fake.pairs[4], "question": "other"}, "updated")
    for kept in fake.templates.values():
        for variant in kept[-1]["variants"]:
            buttons = [{"title": EVIL, "payload": EVIL}]
            variant |= {"text": MARKED, "buttons": buttons, "image": EVIL, "conditions": {EVIL: EVIL}}
        kept[-1] |= {"updated_by": EVIL, "updated_at": EVIL, "unfit": [EVIL], "revision": 1}
    for group in fake.groups.values():
        for turn in group["turns"]:
            turn |= {"text": EVIL, "intent": EVIL, "route": EVIL}
        group["suggestion"] = {"pair_id": 4, "question": EVIL, "score": 0.5}
    fake.groups["gift"]["handled"] = {"how": EVIL, "subject": EVIL, "at": EVIL, "by": EVIL}
    fake.audit(EVIL, EVIL, EVIL, EVIL)
    fake.people[EVIL] = {**fake.people["tom"], "name": EVIL, "last_seen": EVIL}


def test_what_is_written_anywhere_is_shown_as_text_and_nothing_of_it_runs(open_as: Open, fake: FakeStaff) -> None:
    poison(fake)
    page = open_as("ana", "#/inbox", REFUSED)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for view in (*VIEWS, "#/pairs/4/history", "#/pairs?page=2", "#/pairs/20", "#/pairs/40"):
        go(page, view)
        if view == "#/pairs/4":
            expect(page.locator(".fs-preview .fs-cleaned")).to_be_visible()
            expect(page.get_by_role("complementary")).to_contain_text("Already answered in the same words")
        clean(page)
    go(page, "#/pairs?search=window")
    assert EVIL in titles(page)
    go(page, "#/pairs/6")
    assert page.locator("#fs-main dd a").count() == 0  # a source that is no web address is no link
    go(page, "#/team")
    assert EVIL in page.locator("#fs-main").inner_text()
    go(page, "#/imports")
    row = ",".join('"' + EVIL.replace('"', '""') + '"' for _ in range(3))
    choose(page, EVIL[:40].replace("/", ""), f"question,answer,category\n{row}\n{row}\n")
    expect(page.get_by_role("table", name="What would change").first).to_be_visible()
    clean(page)
    go(page, "#/pairs/5")
    answer(page, MARKED + " more")
    fake.store(5, {"answer": MARKED + EVIL}, "updated", EVIL)
    press(page, "Save")
    press(page.get_by_role("dialog"), "All mine")
    clean(page)


def clean(page: Page) -> None:
    assert page.evaluate("window.xss") is None
    made = page.locator(
        "#fs-main :is(img, script, iframe, object, [onerror], [onload], [ontoggle], a[href*='script:'])"
    )
    assert made.count() == 0
