"""Answers with Markdown in the real page: they look, read and are reached as they should, and nothing in them runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from chatbot.messages import Exchange, Message, Reply, Step
from tests.browser.chatting import CONTRAST, app_of, ask, opened, own
from tests.web.fake_chat import FakeChat, stored
from tests.web.payloads import PAYLOADS

if TYPE_CHECKING:
    from tests.browser.conftest import Serve, Site, Visit

pytestmark = pytest.mark.browser

RICH = """# Returns
Anything **unused** goes back within *30 days*:

1. have your order number (`MM-10023`) ready
2. see [how to pack](https://help.shop.example/pack?a=1)
   - or https://shop.example/returns
   - or [+65 6123 4567](tel:+6561234567)

> Weekends do not count.

---
```
MM-10023  an oak shelf with brackets, screws, and a very-very-very-very-very-very-very-very-very-very-long-word
```
![The label](https://cdn.example/label.png)"""


class Parrot(FakeChat):
    """Answers with the customer's own words, as if staff had saved them; in every field that is displayed."""

    def _reply(self, message: Message) -> Reply:
        return parroted(message)


def parroted(message: Message) -> Reply:
    said = stored(message.text, message.text, 7, message.text, message.text)
    return Reply(message.conversation_id, message.message_id, "en", (said,), (Step("retrieval", ""),))


@pytest.fixture(scope="module")
def shared(serve: Serve) -> tuple[Parrot, Site]:
    chat = Parrot()
    return chat, serve(app_of(chat))


@pytest.fixture
def chat(shared: tuple[Parrot, Site]) -> Parrot:
    shared[0].forget()
    return shared[0]


@pytest.fixture
def site(shared: tuple[Parrot, Site]) -> Site:
    return shared[1]


# -- nothing runs

PROVOKED = """() => {
  const log = document.querySelector("#fd-log");
  for (const e of log.querySelectorAll("*"))
    for (const kind of ["mouseover", "mouseenter", "pointerenter", "focus", "load", "error", "toggle"])
      e.dispatchEvent(new Event(kind, { bubbles: true }));
  const own = new Set(["SECTION", "DIV", "SPAN", "P", "BUTTON", "svg", "use", "A"]);
  const rich = new Set([..."P BR HR STRONG EM SMALL CODE PRE BLOCKQUOTE UL OL LI H3 H4 H5 H6 A".split(" "), "SPAN"]);
  const strange = [];
  for (const e of log.querySelectorAll("*")) {
    const allowed = e.closest(".fd-rich") && !e.matches(".fd-rich") ? rich : own;
    if (!allowed.has(e.tagName)) strange.push(e.outerHTML.slice(0, 200));
    for (const { name, value } of e.attributes)
      if (/^on|^style$|^src|^srcset$|^form|^id$|^name$/.test(name)) strange.push(`${name}=${value}`);
    if (e.tagName === "A" && !/^(https?|mailto|tel):$/.test(e.protocol)) strange.push(e.href);
  }
  return strange;
}"""


def spied(page: Page) -> list[str]:
    """What ran: dialogs that opened."""
    ran: list[str] = []

    def seen(dialog: Any) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", seen)
    return ran


def test_no_payload_runs_when_a_conversation_is_read_again(chat: Parrot, site: Site, visit: Visit) -> None:
    page = opened(visit(site.url))
    ask(page, "hello")
    conversation = chat.asked[0].conversation_id
    for number, payload in enumerate(PAYLOADS):
        message = Message(conversation, payload, f"m{number}")
        chat.exchanges[conversation].append(Exchange(message.message_id, payload, parroted(message)))
    ran = spied(page)
    page.reload()
    expect(page.locator(".fd-own")).to_have_count(len(PAYLOADS) + 1)
    shown = page.locator(".fd-own .fd-bubble").evaluate_all("(all) => all.map((e) => e.textContent)")
    assert [text.replace("\r", "\n") for text in shown[1:]] == [text.replace("\r", "\n") for text in PAYLOADS]
    assert page.evaluate(PROVOKED) == []
    page.wait_for_timeout(300)  # whatever would run, or load, would do so by now
    assert ran == []
    assert page.url == f"{site.url}/chat/"


def test_no_payload_runs_when_it_is_typed_and_answered(chat: Parrot, site: Site, visit: Visit) -> None:
    page = opened(visit(site.url))
    ran = spied(page)
    typed = [text for text in PAYLOADS if text.isprintable()]
    assert len(typed) >= 100
    page.evaluate(
        """(typed) => { for (const text of typed) {
          document.querySelector("#fd-text").value = text;
          document.querySelector("#fd-form").requestSubmit();
        } }""",
        typed,
    )
    expect(page.locator(".fd-reply .fd-thumbs")).to_have_count(len(typed), timeout=60_000)
    assert own(page) == [" ".join(text.split(" ")) for text in typed]
    assert page.evaluate(PROVOKED) == []
    assert ran == []
    assert page.url == f"{site.url}/chat/"


def test_the_policy_stops_what_the_cleaner_would_have_let_through(chat: Parrot, site: Site, visit: Visit) -> None:
    page = opened(visit(site.url, expected_errors=("Content Security Policy",)))
    ran = spied(page)
    ask(page, "hello")
    stopped = page.evaluate(
        """async () => {
          const stopped = [], bubble = document.querySelector(".fd-rich"), script = document.createElement("script");
          const all = new Promise((done) => document.addEventListener("securitypolicyviolation", (violation) => {
            stopped.push(violation.effectiveDirective);
            if (stopped.length === 6) done();
          }));
          bubble.innerHTML = `<img src="data:image/png;base64,AAAA" onerror="alert(1)"><object data="/x"></object>
            <a href="javascript:alert(2)">x</a><iframe src="javascript:alert(3)"></iframe>
            <iframe srcdoc="<script>alert(4)</scr` + `ipt>"></iframe>
            <form action="https://evil.example/"><button>x</button></form>`;
          script.textContent = "alert(5)";
          bubble.append(script);
          bubble.querySelector("a").click();
          bubble.querySelector("button").click();
          await Promise.race([all, new Promise((done) => setTimeout(done, 5000))]);
          await new Promise((done) => setTimeout(done, 200)); // for one too many
          return stopped.sort();
        }"""
    )
    assert ran == []
    # The script in the frame is stopped by the page's policy, too, but told to the frame's own document.
    assert stopped == ["form-action", "object-src", "script-src-attr", *["script-src-elem"] * 3]
    assert page.url == f"{site.url}/chat/"


# -- how it is shown


def test_a_screen_reader_finds_lists_headings_and_links(chat: Parrot, site: Site, visit: Visit) -> None:
    page = opened(visit(site.url))
    ask(page, RICH)
    bubble = page.locator(".fd-rich")
    expect(bubble.get_by_role("heading", name="Returns", level=3)).to_be_visible()
    expect(bubble.get_by_role("list")).to_have_count(2)
    expect(bubble.get_by_role("listitem")).to_have_count(4)
    expect(bubble.get_by_role("blockquote")).to_have_text("Weekends do not count.")
    names = [
        "how to pack (help.shop.example) (opens in a new tab)",
        "https://shop.example/returns (opens in a new tab)",
        "+65 6123 4567",
        "The label (cdn.example) (opens in a new tab)",
    ]
    links = bubble.get_by_role("link")
    expect(links).to_have_count(len(names))
    for name in names:
        expect(bubble.get_by_role("link", name=name, exact=True)).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(bubble.get_by_role("link", name="how to pack (help.shop.example) （在新标签页中打开）")).to_be_visible()


def test_the_keyboard_reaches_every_link(chat: Parrot, site: Site, visit: Visit) -> None:
    page = opened(visit(site.url))
    ask(page, RICH)
    page.locator("#fd-log").focus()
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('href')"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == [
        "https://help.shop.example/pack?a=1",
        "https://shop.example/returns",
        "tel:+6561234567",
        "https://cdn.example/label.png",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_rich_answer_stands_out_and_fits_on_a_phone(chat: Parrot, site: Site, visit: Visit, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = opened(visit(site.url, color_scheme=scheme, reduced_motion="reduce", **phone))
    ask(page, RICH)
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    too_wide = "(all) => all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML)"
    assert page.locator("#fd-log .fd-rich *").evaluate_all(too_wide) == []
    styles = page.locator(".fd-rich").evaluate(
        "(e) => [...e.querySelectorAll('ol, ul, strong, em, code')].map((one) => {"
        " const s = getComputedStyle(one); return [one.tagName, s.listStyleType, s.fontWeight, s.fontStyle] })"
    )
    assert ["OL", "decimal"] in [style[:2] for style in styles]
    assert ["UL", "disc"] in [style[:2] for style in styles]
    assert int(next(weight for tag, _, weight, _ in styles if tag == "STRONG")) >= 600
    assert next(slant for tag, _, _, slant in styles if tag == "EM") == "italic"
