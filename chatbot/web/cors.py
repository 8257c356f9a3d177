"""Pages of other sites may speak to the REST channel from a browser, where the operator names those sites."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from chatbot.web.refusals import path_of

CHANNEL = "/webhooks/rest"


class SharedChannel:
    """ASGI middleware: CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) for the channel and nothing else.

    origins: `https://shop.example`, `https://*.shop.example`, or `*`. Without any, browsers let no other site in. No
    cookie is ever asked for: whose conversation it is, the message says.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str] = ()) -> None:
        self.app = app
        self.shared = CORSMiddleware(
            app,
            allow_origin_regex="|".join(map(_pattern, origins)) or "(?!)",
            allow_methods=("GET", "POST"),
            allow_headers=("*",),
            expose_headers=("Retry-After",),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests for anything else pass untouched."""
        below = scope["type"] == "http" and path_of(scope).startswith(CHANNEL)
        await (self.shared if below else self.app)(scope, receive, send)


def _pattern(origin: str) -> str:
    """A regular expression for an origin as a frame-ancestors list has it."""
    return ".*" if origin == "*" else re.escape(origin.rstrip("/")).replace(r"\*", r"[A-Za-z0-9.-]+")
