"""The customer's page with a small assistant behind it, and what a customer does on it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from playwright.sync_api import Page, expect

from chatbot.web.app import create_app
from tests.web.fake_chat import FakeChat, limited

STARTERS = {"en": ["How long does delivery take?"], "zh": ["配送要多久？"]}


def app_of(chat: FakeChat, **limits: Any) -> FastAPI:
    app = create_app(
        chat,
        shop_name={"en": "Maple & Moss", "zh": "枫苔家居"},
        storage_secret="the same after a restart",
        status=lambda: {"model": "fake", "index": "fake"},
        starters=STARTERS,
    )
    return limited(app, **limits)


def opened(page: Page) -> Page:
    expect(page.locator(".fd-welcome")).to_be_visible()
    return page


def send(page: Page, text: str) -> None:
    page.locator("#fd-text").fill(text)
    page.keyboard.press("Enter")


def ask(page: Page, text: str) -> None:
    """Send, and wait for the answer."""
    send(page, text)
    expect(page.locator(".fd-typing")).to_have_count(0)


def own(page: Page) -> list[str]:
    return page.locator(".fd-own .fd-bubble").all_inner_texts()


def last_answer(page: Page) -> str:
    return page.locator(".fd-exchange:last-child .fd-reply .fd-bubble").last.inner_text()


# The texts that do not stand out from what is behind them: class, beginning, ratio. WCAG 2.2, 1.4.3.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 :
    ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c[3] === 255) return c; } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll("#fd *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility() || e.closest(".fd-unseen")) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push([e.className, e.textContent.slice(0, 30), ratio.toFixed(2)]);
  }
  return poor;
}"""
