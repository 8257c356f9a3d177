"""The staff console's routes for somebody of any role, who says so in a header; a page would have a cookie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast, get_args

from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient

from chatbot.accounts.people import ROLES, Role
from chatbot.web.staff.answers import Signed, staff_app

NAMES: dict[Role, str] = {"agent": "ann", "editor": "ed", "admin": "ada"}


def signed_in(request: Request) -> Signed | None:
    role = request.headers.get("role")
    return Signed(NAMES[cast(Role, role)], cast(Role, role)) if role in get_args(Role) else None


class Console:
    """Speaks to the routes. audited: what was written to the audit log."""

    def __init__(self) -> None:
        self.audited: list[tuple[str, str, str, str]] = []
        self.app = FastAPI()

    def audit(self, who: str, what: str, subject: str, detail: str) -> None:
        self.audited.append((who, what, subject, detail))

    def mount(self, *routers: APIRouter) -> None:
        self.app.mount("/staff/api", staff_app(signed_in, routers))

    def ask(self, method: str, path: str, body: Any = None, role: str = "editor") -> Any:
        headers = {"X-Frontdesk": "1", **({"role": role} if role else {})}
        with TestClient(self.app, raise_server_exceptions=False) as client:
            return client.request(method, f"/staff/api/{path}", json=body, headers=headers)

    def get(self, path: str, role: str = "agent") -> Any:
        """The JSON of what must succeed."""
        return succeeded(self.ask("GET", path, role=role))

    def send(self, method: str, path: str, body: Any, role: str = "editor") -> Any:
        """The JSON of what must succeed."""
        return succeeded(self.ask(method, path, body, role))

    def refused(self, method: str, path: str, body: Any = None, role: str = "editor") -> tuple[int, dict[str, Any]]:
        """Status and error of what must be refused."""
        answer = self.ask(method, path, body, role)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["error"]


def succeeded(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def every_route(routers: Sequence[APIRouter]) -> set[tuple[str, str]]:
    return {
        (method, route.path)  # type: ignore[attr-defined]
        for router in routers
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }


def expected(role: str, least: Role) -> int:
    """The status of a good request from somebody with this role ('' for nobody) to a route that needs that one."""
    if not role:
        return 401
    return 200 if ROLES.index(cast(Role, role)) >= ROLES.index(least) else 403
