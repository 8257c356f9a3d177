"""Signing in and out, one's own password, and the first admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chatbot.accounts.errors import (
    AccountError,
    LastAdmin,
    NameTaken,
    NoSuchAccount,
    Throttled,
    TokenRefused,
    WrongCredentials,
)
from chatbot.accounts.people import Opened
from chatbot.accounts.store import Accounts
from chatbot.web.callers import address_of, counted_as
from chatbot.web.staff.answers import Problem, Signed, SignedIn, needs

COOKIE = "frontdesk_staff"
TOLD: dict[type[AccountError], tuple[int, str]] = {
    WrongCredentials: (401, "wrong_credentials"),
    TokenRefused: (403, "used_or_unknown"),
    NoSuchAccount: (404, "not_found"),
    NameTaken: (409, "duplicate"),
    LastAdmin: (409, "last_admin"),
}
"""Status and code of each error; any other is 400 invalid."""

Name = Annotated[str, Field(max_length=200)]
Password = Annotated[str, Field(max_length=1000)]
"""Only so that nobody sends a megabyte; what is allowed is told by chatbot.accounts."""


class Body(BaseModel):
    """What a request may hold, and nothing else."""

    model_config = ConfigDict(extra="forbid")


class Credentials(Body):
    """Of a sign-in."""

    name: Name
    password: Password


class FirstAdmin(Credentials):
    """With the token of a first link."""

    token: Annotated[str, Field(max_length=200)]


class NewPassword(Body):
    """In place of the old one."""

    old: Password
    new: Password


def signed_in(accounts: Accounts) -> SignedIn:
    """Who a request's cookie says that it is."""

    def found(request: Request) -> Signed | None:
        person = accounts.signed_in(request.cookies.get(COOKIE, ""))
        return Signed(person.name, person.role) if person else None

    return found


def peer(request: Request) -> str:
    """Who is at the other end of the connection, as limits count it."""
    return counted_as(address_of(request.scope))


def session_routes(accounts: Accounts, where_from: Callable[[Request], str] = peer) -> APIRouter:
    """session, password and first. where_from: the address of a request, for throttling."""
    routes = APIRouter()

    @routes.post("/session")
    def sign_in(body: Credentials, request: Request, response: Response) -> dict[str, Any]:
        with told_as_problems():
            opened = accounts.sign_in(body.name, body.password, where_from(request))
        accounts.sign_out(request.cookies.get(COOKIE, ""))  # of whoever sat at this browser before
        return begun(opened, accounts, request, response)

    @routes.get("/session")
    def session(signed: Annotated[Signed, Depends(needs("agent"))]) -> dict[str, Any]:
        return me(signed)

    @routes.delete("/session")
    def sign_out(_: Annotated[Signed, Depends(needs("agent"))], request: Request, response: Response) -> dict[str, Any]:
        accounts.sign_out(request.cookies.get(COOKIE, ""))
        response.delete_cookie(COOKIE, **kept_by_the_browser(request))
        return {}

    @routes.post("/password")
    def password(
        body: NewPassword, signed: Annotated[Signed, Depends(needs("agent"))], request: Request, response: Response
    ) -> dict[str, Any]:
        with told_as_problems():
            opened = accounts.change_own_password(signed.name, body.old, body.new, where_from(request))
        begun(opened, accounts, request, response)
        return {}

    @routes.get("/first")
    def first_needed() -> dict[str, Any]:
        return {"needed": accounts.first_needed()}

    @routes.post("/first")
    def first(body: FirstAdmin, request: Request, response: Response) -> dict[str, Any]:
        with told_as_problems():
            opened = accounts.add_first(body.token, body.name, body.password)
        return begun(opened, accounts, request, response)

    return routes


@contextmanager
def told_as_problems() -> Iterator[None]:
    """Errors of the accounts become answers."""
    try:
        yield
    except Throttled as error:
        raise Problem(429, "throttled", str(error), retry_after_s=error.retry_after_s) from error
    except AccountError as error:
        status, code = TOLD.get(type(error), (400, "invalid"))
        raise Problem(status, code, str(error)) from error


def begun(opened: Opened, accounts: Accounts, request: Request, response: Response) -> dict[str, Any]:
    """The cookie of a session that has just begun. Idle ones the server ends; the browser keeps it to the last."""
    lasts = int(accounts.sessions.longest.total_seconds())
    response.set_cookie(COOKIE, opened.value, max_age=lasts, **kept_by_the_browser(request))
    return me(Signed(opened.person.name, opened.person.role))


def kept_by_the_browser(request: Request) -> dict[str, Any]:
    """How: out of scripts' reach, never sent from another site, and only encrypted where the request was.

    The path is /staff below whatever path a proxy has put the app at.
    """
    below = str(request.scope.get("root_path", "")).removesuffix("/staff/api")
    return {"path": f"{below}/staff", "httponly": True, "samesite": "strict", "secure": request.url.scheme == "https"}


def me(signed: Signed) -> dict[str, Any]:
    """Who is signed in."""
    return {"me": {"name": signed.name, "role": signed.role}}
