"""Limits for the public: how often an address and a conversation may ask, how long and how slow a request may be.

Each process counts for itself: where n processes serve, a caller may get up to n times as much. What is counted lies in
memory only, for a bounded number of callers, and is gone with the process.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.errors import SettingsError
from chatbot.web.callers import address_of, counted_as, is_within, networks
from chatbot.web.gradio_page import LARGEST_CALL
from chatbot.web.refusals import Refused, path_of, refusal

# Not limited: files that browsers keep, forty of them at the first visit; and the import, which reads its file piece
# by piece, once it knows who sends it.
FREE = ("/assets/", "/static/", "/theme.css", "/api/imports/preview")
STAFF = "/staff/"
LARGEST_OF_STAFF = 2 * 1024 * 1024  # bytes; a pair with the longest answer and 200 similar questions, as JSON escapes


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may be done. per_minute: in the long run. burst: at once, after a pause."""

    per_minute: float
    burst: int

    def __post_init__(self) -> None:
        """Raises SettingsError for a rate at which nothing could ever be done."""
        if self.per_minute <= 0 or self.burst < 1:
            raise SettingsError(f"{self} lets nothing through. per_minute is above 0, burst is at least 1.")


class Buckets:
    """A bucket of tokens for each key: it holds `burst` at first, and `per_minute` of them come back a minute.

    Safe to share between threads. At most `most` keys are remembered: the one not asked for the longest is forgotten,
    and is as one never seen. Source: https://en.wikipedia.org/wiki/Token_bucket
    """

    def __init__(self, most: int = 50_000, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.clock = most, clock
        self.filled: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # tokens, and when that was
        self.lock = threading.Lock()

    def take(self, *claims: tuple[Hashable, Rate]) -> float:
        """Takes a token for each key, or none at all: then the seconds until there will be one for each; else 0."""
        with self.lock:
            now = self.clock()
            tokens = [self._tokens(key, rate, now) for key, rate in claims]
            missing = (1 - left for left in tokens)
            wait = max(0.0, *(part * 60 / rate.per_minute for part, (_, rate) in zip(missing, claims, strict=True)))
            if wait == 0:
                self.filled.update((key, (left - 1, now)) for left, (key, _) in zip(tokens, claims, strict=True))
            for key, _ in claims:
                if key in self.filled:
                    self.filled.move_to_end(key)
            while len(self.filled) > self.most:
                self.filled.popitem(last=False)
            return wait

    def _tokens(self, key: Hashable, rate: Rate, now: float) -> float:
        tokens, before = self.filled.get(key, (float(rate.burst), now))
        return min(rate.burst, tokens + max(0.0, now - before) * rate.per_minute / 60)


class PublicLimits:
    """ASGI middleware around everything the public can reach.

    requests: of one address, whatever they ask for. messages: of one address, to be answered. of_conversation:
    messages of one conversation. An IPv6 address counts with all of its /64.
    trusted_proxies: addresses or networks whose X-Forwarded-For is believed. own_servers: callers that speak for many
    customers, as a shop's own server at /webhooks does: only their conversations are limited. longest_body: bytes.
    longest_of_staff: the same below /staff/, where requests are not counted (signing in counts its own). slowest_body:
    seconds until all of it must have come. most: keys remembered at once. clock: seconds that only go on.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        requests: Rate = Rate(600, 150),
        messages: Rate = Rate(60, 20),
        of_conversation: Rate = Rate(20, 10),
        trusted_proxies: Sequence[str] = (),
        own_servers: Sequence[str] = (),
        longest_body: int = LARGEST_CALL,
        longest_of_staff: int = LARGEST_OF_STAFF,
        slowest_body: float = 30.0,
        most: int = 50_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self.requests, self.messages, self.of_conversation = requests, messages, of_conversation
        self.trusted, self.own_servers = networks(trusted_proxies), networks(own_servers)
        self.longest_body, self.longest_of_staff = longest_body, longest_of_staff
        self.slowest_body = slowest_body
        self.buckets = Buckets(most, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request within the limits goes on as it came; another is told politely to wait."""
        if scope["type"] != "http" or is_free(path_of(scope)):
            await self.app(scope, receive, send)
            return
        try:
            receive = await self._admitted(scope, receive)
        except ClientDisconnect:
            return
        except Refused as refused:
            await refusal(scope, refused)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """Counts the request, reads its body, and counts the message in it; returns what gives the body again."""
        if path_of(scope).startswith(STAFF):
            body = await self._body(scope, receive, self.longest_of_staff)
            return receive if body is None else _again(body, receive)
        address = address_of(scope, self.trusted)
        caller, known = counted_as(address), is_within(address, self.own_servers)
        if not known:
            self._count((("request", caller), self.requests))
        body = await self._body(scope, receive, self.longest_body)
        if body is None:
            return receive
        conversation = conversation_in(body)
        if conversation is not None:
            claims = [] if known else [(("message", caller), self.messages)]
            # What names no conversation shares one with nothing but its own address's.
            key = _digest(conversation) if conversation else caller
            self._count(*claims, (("conversation", key), self.of_conversation), conversation=conversation)
        return _again(body, receive)

    def _count(self, *claims: tuple[Hashable, Rate], conversation: str = "") -> None:
        if wait := self.buckets.take(*claims):
            raise Refused(429, "throttled", "too_fast", wait, conversation)

    async def _body(self, scope: Scope, receive: Receive, longest: int) -> bytes | None:
        """All of the body, measured by what comes and not by what was said of it; None if there is none.

        Raises ClientDisconnect if the caller is gone before the end.
        """
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length == "0" and "transfer-encoding" not in headers:
            return None
        if not length.isdecimal() or len(length) > 15 or int(length) > longest:
            raise Refused(413, "too_large", "too_long")
        try:
            async with asyncio.timeout(self.slowest_body):
                return await _read(receive, longest)
        except TimeoutError:
            raise Refused(408, "too_slow", "failed") from None


async def _read(receive: Receive, longest: int) -> bytes:
    pieces, size, more = list[bytes](), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = bool(message.get("more_body", False))
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > longest:
            raise Refused(413, "too_large", "too_long")
    return b"".join(pieces)


def is_free(path: str) -> bool:
    """Whether it is one of a page's own files, or the import of one."""
    page, slash, rest = path.removeprefix("/").partition("/")
    return page in ("chat", "staff") and (slash + rest).startswith(FREE)


def conversation_in(body: bytes) -> str | None:
    """The conversation that a message is for: '' if it names none, None if the body is no message at all.

    Told by the body alone, so that no way of writing the path leads around the count: the page's send_message has its
    `data.conversation`, Rasa's REST channel its `sender`. A text that an operator asks about is no message.
    """
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(sent, dict):
        return None
    data = sent.get("data")
    if sent.get("fn_name") == "send_message":
        return str(data.get("conversation") or "") if isinstance(data, dict) else ""
    return str(sent.get("sender") or "") if sent.keys() & {"sender", "message"} else None


def _digest(conversation: str) -> bytes:
    """So that a long id takes no more memory than a short one, and memory holds no id that opens a conversation."""
    return hashlib.blake2b(conversation.encode(errors="replace"), digest_size=16).digest()


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then whatever comes after it."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
