"""Requests that go no further, and how each kind of caller is told."""

from __future__ import annotations

import math

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

from chatbot.web.texts import LIMIT, TEXTS, preferred_language

WEBHOOK = "/webhooks/rest/webhook"


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that goes no further. problem: the key of the text that tells of it. wait: seconds, or 0.

    conversation: whose message it was, where that is known.
    """

    def __init__(self, status: int, code: str, problem: str, wait: float = 0.0, conversation: str = "") -> None:
        self.status, self.code, self.problem, self.wait = status, code, problem, wait
        self.conversation = conversation
        super().__init__(code)


def path_of(scope: Scope) -> str:
    """The path below where the app is mounted."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def refusal(scope: Scope, refused: Refused) -> Response:
    """To the page, the key of its own text; to a browser, that text; to a program, the same with a code.

    To a customer at another front end, a message of the bot that says so: an array is all that those can show.
    """
    headers = {"Cache-Control": "no-store"}
    more: dict[str, int] = {}
    if refused.wait:
        more["retry_after_s"] = math.ceil(refused.wait)
        headers["Retry-After"] = str(more["retry_after_s"])
    else:
        headers["Connection"] = "close"  # what is left of the body is not read
    asked = Headers(scope=scope)
    text = TEXTS[preferred_language(asked.get("accept-language", ""))][refused.problem]
    text = text.replace("{limit}", f"{LIMIT:,}")
    if path_of(scope).rstrip("/").endswith("/component_server"):
        return JSONResponse({"problem": refused.problem, **more}, refused.status, headers)
    if refused.wait and path_of(scope) == WEBHOOK:
        sender = refused.conversation.encode(errors="replace").decode()  # JSON may hold half a surrogate pair
        known = {"recipient_id": sender} if sender else {}
        return JSONResponse([{**known, "text": text, "error": {"code": refused.code, **more}}], refused.status, headers)
    if "text/html" in asked.get("accept", ""):
        return PlainTextResponse(text, refused.status, headers)
    return JSONResponse({"error": {"code": refused.code, "message": text, **more}}, refused.status, headers)
