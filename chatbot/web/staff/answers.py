"""What all routes of the staff console share: who asks, whether they may, and how a problem is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from chatbot.accounts.people import ROLES, Role
from chatbot.errors import FrontdeskError
from knowledge_base.errors import KnowledgeBaseError, PairNotFound

HEADER = "x-frontdesk"
"""A page of another site cannot send a header of its own without asking first, and is not answered."""
SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Signed:
    """Who asks. A role may do what those before it in ROLES may."""

    name: str
    role: Role


SignedIn = Callable[[Request], Signed | None]
"""Who a request's cookie says that it is; None for nobody, and for a session that has ended."""
Audit = Callable[[str, str, str, str], None]
"""Keeps who did what to which subject, and its detail: ("mei", "pair.updated", "218", "answer")."""


class Problem(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that is refused. code: one word for programs; message: a sentence for people; more: what else to tell.

    status: of HTTP.
    """

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        self.status, self.told = status, {"code": code, "message": message, **more}
        super().__init__(message)


def needs(role: Role) -> Callable[[Request], Signed]:
    """A dependency of a route: who asks, who has at least this role. Raises Problem 401 or 403."""

    def signed(request: Request) -> Signed:
        found: Signed | None = request.app.state.signed_in(request)
        if found is None:
            raise Problem(401, "not_signed_in", "Sign in first.")
        if ROLES.index(found.role) < ROLES.index(role):
            raise Problem(403, "not_allowed", f"This needs the role {role}; {found.name} has the role {found.role}.")
        return found

    return signed


def staff_app(signed_in: SignedIn, routers: Sequence[APIRouter]) -> FastAPI:
    """The routes as an app of its own, to be mounted at /staff/api."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.signed_in = signed_in

    @app.middleware("http")
    async def only_from_the_console(request: Request, call_next: Callable[[Request], Any]) -> Any:
        if request.method not in SAFE and HEADER not in request.headers:
            return told(Problem(403, "no_header", f"Send the header {HEADER}: 1."))
        answer = await call_next(request)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    @app.exception_handler(Problem)
    def problem(_: Request, error: Problem) -> JSONResponse:
        return told(error)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors()]
        return told(Problem(400, "invalid", "; ".join(faults)))

    @app.exception_handler(PairNotFound)
    def missing(_: Request, error: PairNotFound) -> JSONResponse:
        return told(Problem(404, "not_found", str(error)))

    @app.exception_handler(KnowledgeBaseError)
    @app.exception_handler(FrontdeskError)
    def refused(_: Request, error: Exception) -> JSONResponse:
        return told(Problem(400, "invalid", str(error)))

    for router in routers:
        app.include_router(router)
    return app


def told(problem: Problem) -> JSONResponse:
    """The problem as JSON. A page of staff is never kept by a browser or a proxy."""
    return JSONResponse({"error": jsonable_encoder(problem.told)}, problem.status, {"Cache-Control": "no-store"})
