"""Every route of the console, one by one, for nobody and for each role: what none of its own tests can forget."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

import chatbot.web.staff
from chatbot.accounts.people import ROLES, Role
from chatbot.web.staff.answers import Signed, staff_app
from chatbot.web.staff.imports import import_routes
from chatbot.web.staff.inbox import inbox_routes
from chatbot.web.staff.pairs import pair_routes
from chatbot.web.staff.session import session_routes
from chatbot.web.staff.team import team_routes
from chatbot.web.staff.templates import template_routes
from chatbot.web.staff.trying import try_routes

NOTHING: Any = None  # behind the door of a route that lets somebody in: 400 or 500, which is no refusal
ROUTERS = [
    session_routes(NOTHING),
    team_routes(NOTHING),
    pair_routes(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    try_routes(NOTHING, NOTHING, NOTHING, [], NOTHING, NOTHING),
    import_routes(NOTHING, Path("nowhere"), NOTHING),
    template_routes(NOTHING, NOTHING, NOTHING, NOTHING),
    inbox_routes(NOTHING, NOTHING, NOTHING, NOTHING),
]
OPEN = {"POST /session", "GET /first", "POST /first"}
FOR_ALL_STAFF = {
    "GET /session", "DELETE /session", "POST /password", "GET /pairs", "GET /pairs/categories", "GET /pairs/{}",
    "GET /pairs/{}/history", "POST /try", "GET /try/intents", "GET /templates", "GET /templates/{}",
    "GET /templates/{}/history", "GET /inbox", "GET /inbox/{}", "POST /inbox/{}/again",
}  # fmt: skip
FOR_ADMINS = {"GET /team", "POST /team", "PATCH /team/{}", "GET /audit"}
ROUTES = [
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]


def lowest(method: str, path: str) -> Role | None:
    """The role that a route is for; whatever stands in no list above changes something, and is for editors."""
    name = f"{method} {re.sub(r'{[^}]*}', '{}', path)}"
    if name in OPEN:
        return None
    return "agent" if name in FOR_ALL_STAFF else "admin" if name in FOR_ADMINS else "editor"


def answer(method: str, path: str, role: Role | None) -> int:
    app = staff_app(lambda _: Signed("mei", role) if role else None, ROUTERS)
    client = TestClient(app, raise_server_exceptions=False)
    body = {} if method == "GET" else {"json": {}}
    return client.request(method, re.sub(r"{[^}]*}", "1", path), headers={"X-Frontdesk": "1"}, **body).status_code


@pytest.mark.parametrize("role", [None, *ROLES])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_route_lets_in_whom_it_is_for_and_nobody_else(method: str, path: str, role: Role | None) -> None:
    needed = lowest(method, path)
    status = answer(method, path, role)
    if needed is None or (role and ROLES.index(role) >= ROLES.index(needed)):
        assert status not in (401, 403)
    else:
        assert status == (403 if role else 401)


@pytest.mark.parametrize(("method", "path"), [each for each in ROUTES if each[0] != "GET"])
def test_a_page_of_another_site_changes_nothing(method: str, path: str) -> None:
    client = TestClient(staff_app(lambda _: Signed("ann", "admin"), ROUTERS))
    told = client.request(method, re.sub(r"{[^}]*}", "1", path), json={})
    assert (told.status_code, told.json()["error"]["code"]) == (403, "no_header")


def test_no_router_of_the_console_is_left_out() -> None:
    makers = {
        f"{module.name}.{name}"
        for module in pkgutil.iter_modules(chatbot.web.staff.__path__)
        for name in vars(importlib.import_module(f"chatbot.web.staff.{module.name}"))
        if name.endswith("_routes")
    }
    own = {name for name in makers if name.split(".")[0] not in ("answers",)}
    assert len({name.split(".")[1] for name in own}) == len(ROUTERS)
