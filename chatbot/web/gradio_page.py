"""A Gradio page as the public gets it: only the requests the page itself makes, and a document of our own making.

Gradio serves more than a page needs (file uploads, an API with its description, a file proxy, a settings panel), and
its document says `lang="en"`, carries Gradio's own meta tags and names the maker's hosts. Both are settled here, around
the mounted app, by a list of what is open rather than of what is shut. Checked against Gradio 6.31.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import secrets
from collections.abc import Callable, Sequence
from typing import TypeVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.messages import Language
from chatbot.web.texts import TAGS, preferred_language

# Below the mount, and with no query: index of the page, its scripts and styles, its two ways of calling a function.
READ = re.compile(r"/(assets/[\w.-]+|static/[\w./-]+|theme\.css)?")
HASHED = re.compile(r"/assets/")  # their names change with their content
CALL = re.compile(r"/gradio_api/(run/predict|component_server)/?")

# Bytes. 2,000 characters take at most 24,000 as JSON escapes; the rest of a call is small.
LARGEST_CALL = 64 * 1024

CLOSED = "default-src 'none'; frame-ancestors 'none'"  # for everything that is no document

Made = TypeVar("Made")


def in_a_loop(make: Callable[[], Made]) -> Made:
    """What make() makes, made while an event loop runs.

    Without one, Gradio opens a loop for every lock of a Blocks and of an app and never closes it (gradio/utils.py,
    safe_get_lock). asyncio's locks have not been bound to the loop they were made in since Python 3.10.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:

        async def making() -> Made:
            return make()

        return asyncio.run(making())
    return make()


class GradioPage:
    """ASGI middleware around the app that has the page mounted at `prefix`.

    head: what goes into the document's head for a language: title, styles, icon. embed_origins: who else may frame it.
    calls: whether the page's functions may be called through Gradio; a page without functions needs none of its routes.
    beside: a path below the prefix that is no part of the page, "/api": requests below it pass untouched.
    """

    def __init__(
        self,
        app: ASGIApp,
        prefix: str,
        head: Callable[[Language], str],
        embed_origins: Sequence[str] = (),
        *,
        calls: bool = True,
        beside: str | None = None,
    ) -> None:
        self.app, self.prefix, self.head, self.calls = app, prefix, head, calls
        self.ancestors = " ".join(["'self'", *embed_origins])
        self.beside = None if beside is None else f"{beside}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests elsewhere pass untouched."""
        below = self._below(scope)
        if below is None:
            await self.app(scope, receive, send)
        elif refusal := _refusal(scope, below, self.calls):
            await refusal(scope, receive, send)
        elif below == "/" and scope["method"] == "GET":
            await (await self._document(scope, receive))(scope, receive, send)
        else:
            await self.app(scope, receive, _kept_by_browsers(send) if HASHED.match(below) else send)

    def _below(self, scope: Scope) -> str | None:
        """The path below the mount, or None outside of it."""
        if scope["type"] != "http":
            return None
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        below = path.removeprefix(self.prefix) if path.startswith(self.prefix + "/") else None
        return None if below and self.beside and below.startswith(self.beside) else below

    async def _document(self, scope: Scope, receive: Receive) -> Response:
        """Gradio's document in the browser's language, with our head, and scripts that only run with today's nonce."""
        headers = Headers(scope=scope)
        language = preferred_language(headers.get("accept-language", ""))
        nonce = secrets.token_urlsafe(16)
        status, made = await _fetched(self.app, scope, receive)
        body = _rewritten(made.decode(), TAGS[language], self.head(language), nonce).encode()
        response = Response(body, status, media_type="text/html")
        if "gzip" in headers.get("accept-encoding", ""):
            response = Response(gzip.compress(body, 5), status, {"Content-Encoding": "gzip"}, "text/html")
        response.headers["Vary"] = "Accept-Language, Accept-Encoding"
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = self._policy(nonce)
        return response

    def _policy(self, nonce: str) -> str:
        """unsafe-eval: gr.HTML compiles its template and runs its script by `Function`. Inline styles: Svelte's."""
        return (
            f"default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; "
            f"frame-ancestors {self.ancestors}"
        )


def _refusal(scope: Scope, below: str, calls: bool) -> Response | None:
    """The answer to a request that the page itself never makes; None for one that it makes."""
    if scope["method"] in ("GET", "HEAD") and READ.fullmatch(below) and ".." not in below:
        if below == "/" and scope["query_string"]:
            return RedirectResponse("./", 307)  # ?view=settings and ?deep_link= are doors as well
        return None
    if calls and scope["method"] == "POST" and CALL.fullmatch(below):
        headers = Headers(scope=scope)
        if headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return PlainTextResponse("Send JSON.", 415)  # a multipart call would carry files
        if not headers.get("content-length", "").isdecimal():
            return PlainTextResponse("Say how long the call is.", 411)
        if int(headers["content-length"]) > LARGEST_CALL:
            return PlainTextResponse(f"A call can have at most {LARGEST_CALL} bytes.", 413)
        return None
    return PlainTextResponse("Not found.", 404)


def _kept_by_browsers(send: Send) -> Send:
    """Gradio lets a browser ask again for each of its forty files at each visit."""

    async def send_with_age(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            MutableHeaders(scope=message)["Cache-Control"] = "public, max-age=31536000, immutable"
        await send(message)

    return send_with_age


async def _fetched(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[int, bytes]:
    """Status and body of the app's own answer, asked for uncompressed."""
    plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    status, pieces = 500, list[bytes]()

    async def collect(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        pieces.append(message.get("body", b""))

    await app({**scope, "headers": plain}, receive, collect)
    return status, b"".join(pieces)


def _rewritten(document: str, tag: str, head: str, nonce: str) -> str:
    """The document with its language, without Gradio's meta tags and manifest, with our head and the nonce.

    Each step leaves alone what it does not find, so that another Gradio's page still comes out whole.
    """
    document = re.sub(r'<html\s+lang="[^"]*"', f'<html lang="{tag}"', document, count=1)
    document = re.sub(r'\s*<meta\s+(?:property|name)="(?:og|twitter):[^>]*>', "", document)
    document = re.sub(r'\s*<link rel="manifest"[^>]*>', "", document)
    document = document.replace("shrink-to-fit=no", "interactive-widget=resizes-content")
    document = re.sub(r"<head>", lambda match: match[0] + head, document, count=1)
    return re.sub(r"<script(?=[\s>])", f'<script nonce="{nonce}"', document)


class SafeHeaders:
    """ASGI middleware: headers that every response of the server has, unless its own say otherwise."""

    HEADERS = (
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
        ("Content-Security-Policy", CLOSED),
    )

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds to the start of a response; nothing else is touched."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
