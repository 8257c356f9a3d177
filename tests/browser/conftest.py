"""A real server on a free port, and a real Chromium that may speak to nobody else."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Site:
    """A running server. stop() and serve(app, site.port) again is what a restart is."""

    server: uvicorn.Server
    thread: threading.Thread
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=10)
        assert not self.thread.is_alive()


Serve = Callable[..., Site]
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """serve(app) starts it on a free port; all are stopped after the module's tests."""
    running: list[Site] = []

    def start(app: FastAPI, port: int = 0) -> Site:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)

        def run() -> None:
            with listening:
                server.run(sockets=[listening])

        site = Site(server, threading.Thread(target=run, daemon=True), listening.getsockname()[1])
        site.thread.start()
        until = time.monotonic() + 20
        while not server.started:
            assert site.thread.is_alive(), "the server did not start"
            assert time.monotonic() < until, "the server did not start in 20 s"
            time.sleep(0.01)
        running.append(site)
        return site

    yield start
    for site in running:
        site.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """visit(url, **context options) opens a page as a new visitor.

    After the test: no page asked another host for anything, none threw, none broke its own security policy, and the
    console is empty but for what the test expects: expected_errors, parts of their texts.
    """
    hosts: set[str | None] = set()
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_page(url: str, expected_errors: tuple[str, ...] = (), **options: Any) -> Page:
        def heard(message: Any) -> None:
            if message.type == "error" and not any(expected in message.text for expected in expected_errors):
                complaints.append(message.text)

        context = browser.new_context(**{"locale": "en-US", **options})
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or request.url[:5]))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", heard)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert hosts <= {"127.0.0.1", "data:"}
    assert complaints == []
