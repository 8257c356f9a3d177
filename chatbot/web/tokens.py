"""Tokens that programs show: as Rasa's `?token=`, or as a Bearer token (RFC 6750)."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyQuery, HTTPAuthorizationCredentials, HTTPBearer

from chatbot.web.problems import Problem

IN_QUERY = APIKeyQuery(name="token", scheme_name="token", auto_error=False)
IN_HEADER = HTTPBearer(scheme_name="bearer", auto_error=False)


class Guard:
    """Lets those through who show the token. As a FastAPI dependency it also tells OpenAPI of the two ways.

    token: without one, everybody is let through or nobody is, as `closed` says. closed: the key of the text that tells
    how to switch the route on.
    """

    def __init__(self, token: str | None, closed: str = "") -> None:
        self.token, self.closed = token, closed

    async def __call__(  # not in a thread: it only compares
        self,
        request: Request,
        query: Annotated[str | None, Depends(IN_QUERY)],
        header: Annotated[HTTPAuthorizationCredentials | None, Depends(IN_HEADER)],
    ) -> None:
        """Raises Problem: 404 where the route is switched off, 401 without the right token."""
        self.check(request, header.credentials if header else query)

    def check(self, request: Request, shown: str | None) -> None:
        """The same for a token that was shown in another way."""
        if self.token is None:
            if self.closed:
                raise Problem(request, 404, "switched_off", self.closed)
        elif not self.opens(shown):
            raise Problem(request, 401, "not_authenticated", "no_token", {"WWW-Authenticate": "Bearer"})

    def opens(self, shown: str | None) -> bool:
        """Whether it is the token; how long that takes tells nothing of how much of it is right."""
        return self.token is not None and hmac.compare_digest(
            (shown or "").encode(errors="replace"), self.token.encode()
        )
