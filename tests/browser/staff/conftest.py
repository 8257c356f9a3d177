"""The console beside a stand-in for its routes, opened as one of the staff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.staff.steps import SLOW, Open, settled
from tests.web.fake_staff import COOKIE, FakeStaff, console

if TYPE_CHECKING:
    from tests.browser.conftest import Serve, Site, Visit


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    expect.set_options(timeout=SLOW)
    yield
    expect.set_options(timeout=5000)


@pytest.fixture(scope="module")
def shared(serve: Serve) -> tuple[FakeStaff, Site]:
    fake = FakeStaff()
    return fake, serve(console(fake))


@pytest.fixture
def fake(shared: tuple[FakeStaff, Site]) -> FakeStaff:
    shared[0].forget()
    return shared[0]


@pytest.fixture
def open_as(fake: FakeStaff, shared: tuple[FakeStaff, Site], visit: Visit) -> Open:
    def opened(name: str, place: str, *expected_errors: str, **options: Any) -> Page:
        if name:
            fake.sessions[f"session of {name}"] = name
            cookie = {"name": COOKIE, "value": f"session of {name}", "domain": "127.0.0.1", "path": "/staff"}
            cookie |= {"expires": -1, "httpOnly": True, "secure": False, "sameSite": "Strict"}
            options = {"storage_state": {"cookies": [cookie], "origins": []}, **options}
        page: Page = visit("about:blank", expected_errors, **{"timezone_id": "UTC", **options})
        page.set_default_timeout(SLOW)
        page.goto(f"{shared[1].url}/staff/{place}")
        settled(page)
        return page

    return opened
