"""The customer's page, as a customer uses it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from chatbot.web.texts import LIMIT, TEXTS
from tests.browser.chatting import CONTRAST, app_of, ask, last_answer, opened, own, send
from tests.web.fake_chat import DELIVERY, PERSON, FakeChat

if TYPE_CHECKING:
    from tests.browser.conftest import Serve, Site, Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shared(serve: Serve) -> tuple[FakeChat, Site]:
    chat = FakeChat()
    return chat, serve(app_of(chat))


@pytest.fixture
def chat(shared: tuple[FakeChat, Site]) -> FakeChat:
    shared[0].forget()
    return shared[0]


@pytest.fixture
def site(shared: tuple[FakeChat, Site]) -> Site:
    return shared[1]


@pytest.fixture
def page(chat: FakeChat, site: Site, visit: Visit) -> Page:
    return opened(visit(site.url))


def test_a_typed_message_is_shown_at_once_and_then_answered(page: Page, chat: FakeChat) -> None:
    chat.delay = 1.0
    send(page, "slow, please")
    assert own(page) == ["slow, please"]
    expect(page.locator(".fd-typing")).to_be_visible()
    expect(page.locator(".fd-exchange:last-child .fd-reply .fd-bubble")).to_have_text("That took a moment.")
    expect(page.locator("#fd-text")).to_have_value("")
    assert chat.asked[0].language == "en"
    assert re.fullmatch(r"[\w-]{32}", chat.asked[0].conversation_id)


def test_shift_enter_starts_a_line_and_enter_sends_both(page: Page, chat: FakeChat) -> None:
    page.locator("#fd-text").click()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.locator(".fd-own")).to_have_count(1)
    assert own(page) == ["one\ntwo"]
    assert chat.asked[0].text == "one\ntwo"


def test_enter_in_an_input_method_does_not_send(page: Page, chat: FakeChat) -> None:
    page.locator("#fd-text").fill("ni hao")
    page.locator("#fd-text").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    assert chat.asked == []
    expect(page.locator("#fd-text")).to_have_value("ni hao")


def test_two_quick_messages_keep_their_order(page: Page, chat: FakeChat) -> None:
    send(page, "slow one")
    send(page, "hello")
    send(page, "return")
    assert own(page) == ["slow one", "hello", "return"]
    expect(page.locator(".fd-reply .fd-thumbs")).to_have_count(3)
    assert [message.text for message in chat.asked] == ["slow one", "hello", "return"]


def test_what_is_sent_before_the_conversation_is_opened_is_not_lost(page: Page, chat: FakeChat) -> None:
    def late(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/run/predict", late)
    page.reload()
    send(page, "return")
    assert chat.asked == []
    expect(page.get_by_text("You can return anything unused")).to_be_visible()
    assert own(page) == ["return"]


def test_a_quick_reply_shows_its_title_and_sends_its_payload_also_after_a_reload(page: Page, chat: FakeChat) -> None:
    ask(page, "hello")
    page.get_by_role("button", name="Track my order").click()
    expect(page.get_by_text("Gladly. What is your order number?")).to_be_visible()
    expect(page.get_by_role("button", name="Track my order")).to_have_count(0)
    assert own(page) == ["hello", "Track my order"]
    assert [message.text for message in chat.asked] == ["hello", "/track_order"]
    page.reload()
    expect(page.locator(".fd-own")).to_have_count(2)
    assert own(page) == ["hello", "Track my order"]


def test_a_stored_answer_shows_where_it_is_from_and_what_is_related(page: Page, chat: FakeChat) -> None:
    page.get_by_role("button", name="How long does delivery take?").click()
    expect(page.locator(".fd-origin")).to_contain_text("Delivery · #12 · Source")
    assert last_answer(page) == DELIVERY
    source = page.locator(".fd-origin a")
    expect(source).to_have_attribute("href", "https://shop.example/delivery")
    expect(source).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(page.get_by_text("Related questions", exact=True)).to_be_visible()
    page.get_by_role("button", name="Do you deliver abroad?").click()
    expect(page.locator(".fd-own")).to_have_count(2)
    expect(page.get_by_text("Not yet: we deliver within the country only.")).to_be_visible()
    assert chat.asked[1].text == "Do you deliver abroad?"


def test_a_thumb_is_kept_and_shown_after_a_reload(page: Page, chat: FakeChat) -> None:
    ask(page, "return")
    down = page.get_by_role("button", name="This did not help")
    expect(down).to_have_attribute("aria-pressed", "false")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Thank you for telling us.")).to_be_visible()
    message = chat.asked[0]
    assert chat.rated == [(message.conversation_id, message.message_id, -1)]
    page.reload()
    expect(down).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="This helped").click()
    expect(down).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="This helped").click()
    expect(page.locator(".fd-thumb[aria-pressed=true]")).to_have_count(0)
    page.wait_for_timeout(100)
    assert [rating for _, _, rating in chat.rated] == [-1, 1, 0]


def test_the_switch_changes_every_text_and_is_kept(page: Page, chat: FakeChat) -> None:
    ask(page, "return")
    page.get_by_role("button", name="中文").click()
    texts = [text for key, text in TEXTS["zh"].items() if "{" not in text]
    seen = page.locator("#fd").inner_text().split("\n")
    english = [text for text in TEXTS["en"].values() if text in seen]
    assert english == []
    assert {"智能客服", "新对话", "转人工客服"} <= set(seen) & set(texts)
    expect(page).to_have_title("枫苔家居 – 在线客服")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#fd-text")).to_have_attribute("placeholder", "请输入您的问题…")
    ask(page, "return")
    assert chat.asked[-1].language == "zh"
    page.reload()
    expect(page.get_by_role("heading", name="枫苔家居")).to_be_visible()
    expect(page).to_have_title("枫苔家居 – 在线客服")


def test_a_chinese_browser_gets_a_chinese_page(site: Site, visit: Visit, chat: FakeChat) -> None:
    page = opened(visit(site.url, locale="zh-CN"))
    expect(page).to_have_title("枫苔家居 – 在线客服")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("button", name="配送要多久？").click()
    expect(page.locator(".fd-origin")).to_contain_text("配送 · #112 · 来源")
    assert chat.asked[0].language == "zh"


def test_a_reload_keeps_the_conversation_and_another_visitor_sees_nothing(
    page: Page, site: Site, visit: Visit, chat: FakeChat
) -> None:
    ask(page, "two bubbles")
    expect(page.get_by_role("link", name="https://shop.example/a?b=1&c=2")).to_be_visible()
    page.reload()
    expect(page.locator(".fd-exchange:last-child .fd-reply .fd-bubble")).to_have_count(2)
    expect(page.locator(".fd-exchange:last-child .fd-thumbs")).to_have_count(1)
    ask(page, "hello")
    assert len({message.conversation_id for message in chat.asked}) == 1
    expect(opened(visit(site.url)).locator(".fd-own")).to_have_count(0)


def test_a_restart_of_the_server_keeps_the_conversation(serve: Serve, visit: Visit) -> None:
    chat = FakeChat()
    site = serve(app_of(chat))
    page = opened(visit(site.url))
    ask(page, "hello")
    site.stop()
    serve(app_of(chat), site.port)
    page.reload()
    expect(page.locator(".fd-own")).to_have_count(1)
    ask(page, "return")
    assert len({message.conversation_id for message in chat.asked}) == 1


def test_a_message_sent_while_the_server_was_away_arrives_once_it_is_back(serve: Serve, visit: Visit) -> None:
    chat = FakeChat()
    site = serve(app_of(chat))
    page = opened(visit(site.url, expected_errors=("ERR_CONNECTION_REFUSED", "status of 500")))
    ask(page, "hello")
    site.stop()
    ask(page, "return")
    expect(page.get_by_text(TEXTS["en"]["failed"])).to_be_visible()
    serve(app_of(chat), site.port)
    # Gradio has numbered its components anew, as another version would: the page as it is cannot be understood. After
    # a second try it sees that the server is there, reloads itself, and sends the message.
    for _ in range(2):
        expect(page.locator(".fd-typing")).to_have_count(0)
        page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("You can return anything unused")).to_be_visible()
    assert own(page) == ["hello", "return"]


def test_a_message_on_its_way_survives_a_reload(page: Page, chat: FakeChat) -> None:
    chat.delay = 1.0
    send(page, "slow and reloaded")
    page.wait_for_timeout(200)
    page.reload()
    expect(page.get_by_text("That took a moment.")).to_be_visible()
    expect(page.locator(".fd-own")).to_have_count(1)
    assert len({message.message_id for message in chat.asked}) == 1


def test_a_browser_that_forbids_storage_can_chat(chat: FakeChat, site: Site, browser: Browser) -> None:
    context = browser.new_context()
    context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name,"
        "{ configurable: true, get() { throw new DOMException('denied', 'SecurityError') } })"
    )
    page = context.new_page()
    page.goto(site.url)
    ask(opened(page), "return")
    expect(page.get_by_text("You can return anything unused")).to_be_visible()
    context.close()


def test_a_new_conversation_is_asked_about_and_begins_empty(page: Page, chat: FakeChat) -> None:
    ask(page, "hello")
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="Keep this one").click()
    expect(page.locator(".fd-own")).to_have_count(1)
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="Start new").click()
    expect(page.locator(".fd-own")).to_have_count(0)
    ask(page, "return")
    assert len({message.conversation_id for message in chat.asked}) == 2
    page.reload()
    expect(page.locator(".fd-own")).to_have_count(1)


def test_talking_to_a_person(page: Page, chat: FakeChat) -> None:
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.get_by_text("I have asked a person to join.")).to_be_visible()
    assert (own(page), chat.asked[0].text) == (["Talk to a person"], PERSON)
    ask(page, "Are you there?")
    expect(page.get_by_text(TEXTS["en"]["silent"])).to_be_visible()
    expect(page.get_by_text("A person is with you")).to_be_visible()
    chat.person_writes(chat.asked[0].conversation_id, "Hello, this is Anna.")
    expect(page.get_by_text("Hello, this is Anna.")).to_be_visible()  # without a reload
    expect(page.get_by_text("Our team", exact=True)).to_be_visible()
    expect(page.get_by_text(TEXTS["en"]["silent"])).to_be_hidden()
    expect(page.locator(".fd-exchange:last-child .fd-thumbs")).to_have_count(0)
    page.get_by_role("button", name="中文").click()
    assert own(page)[0] == "转人工客服"


def test_the_keyboard_alone_is_enough(page: Page, chat: FakeChat) -> None:
    def focused() -> str:
        return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))

    assert focused() == "fd-text"
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Track my order")).to_be_visible()
    page.evaluate("document.activeElement.blur(); document.querySelector('.fd-languages button').focus()")
    order = [focused()]
    for _ in range(10):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "(() => { const a = document.activeElement, b = a.closest('form') ?? a;"
            " return getComputedStyle(a).outlineStyle + getComputedStyle(b).boxShadow })()"
        )
        assert outline != "nonenone", f"{focused()} does not show that it has the focus"
        order.append(focused())
    assert order[:3] == ["EN", "中文", "New conversation"]
    assert order[3].startswith("Assistant")  # the conversation, to scroll in
    assert order[4:] == ["", "", "Track my order", "Return something", "fd-text", "", "Talk to a person"]
    page.get_by_role("button", name="Track my order").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Gladly. What is your order number?")).to_be_visible()
    assert focused() == "fd-text"
    page.get_by_role("button", name="New conversation").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Start a new conversation?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".fd-own")).to_have_count(2)
    assert focused() == "New conversation"


def test_it_says_what_it_is_to_a_screen_reader(page: Page) -> None:
    ask(page, "return")
    log = page.get_by_role("log", name="Conversation")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("textbox", name="Your message")).to_be_visible()
    nameless = page.evaluate(
        "[...document.querySelectorAll('#fd button')].filter((b) => !b.innerText.trim() && !b.ariaLabel).length"
    )
    assert nameless == 0


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_phone_shows_all_of_it(site: Site, visit: Visit, locale: str) -> None:
    page = opened(
        visit(site.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale=locale)
    )
    for text in ("hello", "How long does delivery take?", "x" * 300, "say " + "y" * 300):
        ask(page, text)
    overflowing = page.evaluate(
        "[...document.querySelectorAll('#fd, #fd *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map((e) => e.className)"
    )
    assert overflowing == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for button in page.locator("#fd button:visible").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 34
    expect(page.locator("#fd-person")).to_be_in_viewport(ratio=1)
    expect(page.locator("#fd-text")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("text", ["<b>x</b>${1} {{2}} `3` **4**", "# [x](https://shop.example/)\n- 1"])
def test_what_a_customer_writes_and_what_is_offered_is_text(page: Page, text: str) -> None:
    ask(page, "say " + text)
    for _ in ("live", "reloaded"):
        assert own(page) == ["say " + text]
        assert page.locator(".fd-own .fd-bubble *").count() == 0
        expect(page.get_by_role("button", name="<i>Related</i>")).to_be_visible()
        expect(page.locator(".fd-origin")).to_have_text("Echo <b>es</b> · #99")
        page.reload()
        expect(page.locator(".fd-own")).to_have_count(1)


def test_a_source_that_is_no_web_address_is_no_link(page: Page) -> None:
    ask(page, "bad link")
    expect(page.locator(".fd-origin")).to_have_text("Odd · #66")


def test_a_failure_is_said_and_can_be_tried_again_with_the_same_id(
    page: Page, chat: FakeChat, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        ask(page, "please fail about a return")
    expect(page.get_by_text(TEXTS["en"]["failed"])).to_be_visible()
    assert "secret" not in page.locator("body").inner_text()
    assert "the model fell over" in caplog.text
    page.reload()
    expect(page.get_by_text(TEXTS["en"]["failed"])).to_be_visible()
    ask(page, "hello")  # goes on meanwhile
    chat.broken = False
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("You can return anything unused")).to_be_visible()
    assert own(page) == ["hello", "please fail about a return"]  # in the order in which they were answered
    first, _, again = chat.asked
    assert (first.message_id, first.text) == (again.message_id, again.text)
    page.reload()
    expect(page.locator(".fd-own")).to_have_count(2)
    expect(page.get_by_text(TEXTS["en"]["failed"])).to_have_count(0)


def test_a_message_that_is_too_long_stays_in_the_field(page: Page, chat: FakeChat) -> None:
    send(page, "枫" * (LIMIT + 1))
    expect(page.locator("#fd-notice")).to_have_text(TEXTS["en"]["too_long"].replace("{limit}", "2,000"))
    expect(page.locator("#fd-text")).to_have_attribute("aria-invalid", "true")
    assert (chat.asked, own(page)) == ([], [])
    page.locator("#fd-text").fill("🍁" * LIMIT)
    expect(page.locator("#fd-notice")).to_have_text("2,000 of 2,000 characters")
    page.keyboard.press("Enter")
    expect(page.locator(".fd-own")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(site: Site, visit: Visit, scheme: str) -> None:
    page = opened(visit(site.url, color_scheme=scheme, reduced_motion="reduce"))
    for text in ("hello", "How long does delivery take?", "lamp", "please fail"):
        ask(page, text)
        assert page.evaluate(CONTRAST) == []  # WCAG 2.2, 1.4.3: 4.5 to 1
    page.get_by_role("button", name="Talk to a person").click()
    ask(page, "still here")
    page.locator("#fd-text").fill("x" * (LIMIT + 1))
    assert page.evaluate(CONTRAST) == []
    moving = page.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length")
    assert moving == 0
