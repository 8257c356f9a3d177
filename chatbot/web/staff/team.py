"""Who works at the console, and who did what: for admins."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from chatbot.accounts.people import Role, folded
from chatbot.accounts.store import Accounts
from chatbot.web.staff.answers import Problem, Signed, needs
from chatbot.web.staff.session import Body, Credentials, Password, told_as_problems

Admin = Annotated[Signed, Depends(needs("admin"))]
LARGEST_ID = 2**63 - 1  # of SQLite


class NewMember(Credentials):
    """Somebody who joins."""

    role: Role


class Change(Body):
    """What is given is changed."""

    role: Role | None = None
    active: bool | None = None
    password: Password | None = None


def team_routes(accounts: Accounts) -> APIRouter:
    """team and audit."""
    routes = APIRouter()

    @routes.get("/team", dependencies=[Depends(needs("admin"))])
    def team() -> dict[str, Any]:
        return {"staff": [asdict(person) for person in accounts.staff()]}

    @routes.post("/team")
    def add(body: NewMember, signed: Admin) -> dict[str, Any]:
        with told_as_problems():
            return {"member": asdict(accounts.add(body.name, body.password, body.role, by=signed.name))}

    @routes.patch("/team/{name}")
    def change(name: str, body: Change, signed: Admin) -> dict[str, Any]:
        if not body.model_dump(exclude_none=True):
            raise Problem(400, "invalid", "Nothing is to be changed; give role, active or password.")
        if body.password is not None and folded(name) == signed.name:
            raise Problem(400, "invalid", "This is your own account: change its password with the old one.")
        with told_as_problems():
            member = accounts.change(name, signed.name, role=body.role, active=body.active, password=body.password)
        return {"member": asdict(member)}

    @routes.get("/audit", dependencies=[Depends(needs("admin"))])
    def audit(
        before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        who: Annotated[str, Query(max_length=200)] = "",
        what: Annotated[str, Query(max_length=100)] = "",
    ) -> dict[str, Any]:
        found = accounts.entries(before, limit + 1, who, what)
        return {"entries": [asdict(entry) for entry in found[:limit]], "more": len(found) > limit}

    return routes
