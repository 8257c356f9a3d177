"""How often, how much and how slowly the public may ask; and what a caller is told who goes beyond."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from chatbot.errors import SettingsError
from chatbot.web.app import create_app
from chatbot.web.limits import Buckets, PublicLimits, Rate, conversation_in
from chatbot.web.texts import TEXTS
from tests.web.fake_chat import FakeChat
from tests.web.fake_chat import limited as within

CALL = "/chat/gradio_api/component_server/"
HOOK = "/webhooks/rest/webhook"


class Clock:
    """Seconds that go on when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def echo() -> FastAPI:
    """Says what body reached it."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def said(request: Request) -> dict[str, str]:
        return {"body": (await request.body()).decode(errors="replace")}

    return app


def limited(clock: Clock, peer: str = "203.0.113.7", **limits: Any) -> TestClient:
    return TestClient(PublicLimits(echo(), **{"clock": clock, **limits}), client=(peer, 50000))


def said(conversation: str = "a") -> dict[str, Any]:
    return {"fn_name": "send_message", "data": {"conversation": conversation, "text": "hello"}}


def counted(client: TestClient, times: int, body: Any = None, path: str = CALL, **headers: str) -> list[int]:
    sent = said() if body is None else body
    return [client.post(path, json=sent, headers=headers).status_code for _ in range(times)]


# -- counting


def test_a_burst_passes_then_as_many_as_come_back(clock: Clock) -> None:
    client = limited(clock, messages=Rate(60, 3), of_conversation=Rate(600, 100))
    assert counted(client, 5) == [200, 200, 200, 429, 429]
    clock.now += 0.9
    assert counted(client, 1) == [429]
    clock.now += 0.1
    assert counted(client, 2) == [200, 429]
    clock.now += 3600
    assert counted(client, 4) == [200, 200, 200, 429]


def test_a_conversation_has_a_limit_of_its_own(clock: Clock) -> None:
    client = limited(clock, messages=Rate(60, 100), of_conversation=Rate(20, 2))
    assert counted(client, 3, said("a")) == [200, 200, 429]
    assert counted(client, 3, said("b")) == [200, 200, 429]
    clock.now += 3
    assert counted(client, 2, said("a")) == [200, 429]


def test_what_is_refused_costs_nothing(clock: Clock) -> None:
    client = limited(clock, messages=Rate(1, 3), of_conversation=Rate(1, 2))
    assert counted(client, 9, said("a")) == [200, 200] + [429] * 7
    assert counted(client, 2, said("b")) == [200, 429]  # the address's third, in spite of the seven


def test_messages_that_name_no_conversation_do_not_use_up_anothers(clock: Clock) -> None:
    app = PublicLimits(echo(), of_conversation=Rate(20, 1), clock=clock)
    clients = [TestClient(app, client=(f"203.0.113.{n}", 1)) for n in range(2)]
    assert [counted(client, 2, {"message": "hello"}) for client in clients] == [[200, 429], [200, 429]]


def test_a_conversation_is_limited_across_addresses(clock: Clock) -> None:
    app = PublicLimits(echo(), of_conversation=Rate(20, 2), clock=clock)
    clients = [TestClient(app, client=(f"203.0.113.{n}", 1)) for n in range(3)]
    assert [counted(client, 1)[0] for client in clients] == [200, 200, 429]


@pytest.mark.parametrize(
    "body",
    [
        said("a"),
        {"data": {"conversation": "a"}, "fn_name": "send_message", "component_id": 1},
        {"sender": "a", "message": "hello"},
        {"sender": "a"},
        {"message": "no sender"},
        {"fn_name": "send_message", "data": ["not an object"]},
    ],
)
@pytest.mark.parametrize("path", [CALL, HOOK, CALL.rstrip("/"), "/anything"])
def test_every_way_of_saying_something_counts(clock: Clock, body: dict[str, Any], path: str) -> None:
    assert counted(limited(clock, messages=Rate(60, 2)), 3, body, path) == [200, 200, 429]
    assert counted(limited(clock, of_conversation=Rate(60, 2)), 3, body, path) == [200, 200, 429]


def test_reading_and_rating_count_as_requests_and_not_as_messages(clock: Clock) -> None:
    client = limited(clock, requests=Rate(60, 5), messages=Rate(60, 1))
    read = {"fn_name": "read_conversation", "data": {"conversation": "a"}}
    assert counted(client, 6, read) == [200] * 5 + [429]


def test_status_and_the_page_are_limited_and_the_pages_files_and_the_console_are_not(clock: Clock) -> None:
    client = limited(clock, requests=Rate(60, 2))
    assert [client.get(path).status_code for path in ("/status", "/chat/", "/status", "/chat/")] == [200, 200, 429, 429]
    free = ("/chat/assets/index.js", "/chat/static/fonts/x.woff2", "/chat/theme.css", "/staff/", "/staff/api/pairs")
    assert {client.get(path).status_code for path in (*free, "/staff/assets/index.js")} == {200}
    assert [client.get(path).status_code for path in ("/assets/x", "/x/assets/", "/chat/x/assets/")] == [429] * 3


def test_a_body_without_sense_is_passed_on_as_it_is(clock: Clock) -> None:
    client = limited(clock)
    for body in (b"", b"{", b"[1]", b"null", b"\xff\xfe", b"[" * 60_000, '{"text": "枫"}'.encode()):
        assert client.post("/x", content=body).json() == {"body": body.decode(errors="replace")}


@pytest.mark.parametrize(
    ("body", "conversation"),
    [
        (said("abc"), "abc"),
        ({"sender": 7, "message": "x"}, "7"),
        ({"sender": None}, ""),
        ({"fn_name": "send_message"}, ""),
        ({"fn_name": "rate_reply", "data": {"conversation": "abc"}}, None),
        ({"text": "for /model/parse"}, None),
        ([], None),
        ("sender", None),
    ],
)
def test_the_conversation_is_read_from_the_body(body: Any, conversation: str | None) -> None:
    assert conversation_in(json.dumps(body).encode()) == conversation


def test_a_limit_that_lets_nothing_through_is_refused() -> None:
    for rate in ((0, 1), (-1, 1), (1, 0)):
        with pytest.raises(SettingsError, match="lets nothing through"):
            Rate(*rate)


def test_memory_is_bounded_and_the_latest_callers_are_remembered(clock: Clock) -> None:
    buckets, rate = Buckets(most=100, clock=clock), Rate(60, 1)
    for caller in range(1000):
        assert buckets.take((caller, rate)) == 0
    assert len(buckets.filled) == 100
    assert [buckets.take((caller, rate)) > 0 for caller in (999, 900)] == [True, True]
    assert buckets.take((0, rate)) == 0  # forgotten long ago


def test_who_goes_on_asking_is_not_forgotten(clock: Clock) -> None:
    buckets, rate = Buckets(most=100, clock=clock), Rate(60, 1)
    assert buckets.take(("insistent", rate)) == 0
    for caller in range(1000):
        buckets.take((caller, rate))
        assert buckets.take(("insistent", rate)) > 0


def test_a_clock_that_stands_still_or_goes_back_gives_nothing(clock: Clock) -> None:
    buckets = Buckets(clock=clock)
    assert buckets.take(("a", Rate(60, 1))) == 0
    clock.now -= 500
    assert buckets.take(("a", Rate(60, 1))) == 1.0


def test_threads_together_get_no_more_than_there_is(clock: Clock) -> None:
    buckets, got, together = Buckets(clock=clock), list[float](), threading.Barrier(8)

    def take() -> None:
        together.wait()
        got.extend(buckets.take(("a", Rate(60, 100)), ("b", Rate(60, 150))) for _ in range(50))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(wait == 0 for wait in got) == 100
    assert buckets.filled["b"][0] == 50


# -- who is counted


def addresses(clock: Clock, peers: Sequence[str], forwarded: Sequence[str | None] = (), **limits: Any) -> list[int]:
    """What each request gets, where every caller has one request."""
    app = PublicLimits(echo(), requests=Rate(60, 1), clock=clock, **limits)
    found = []
    for number, peer in enumerate(peers):
        told = forwarded[number] if forwarded else None
        headers = {} if told is None else {"x-forwarded-for": told}
        found.append(TestClient(app, client=(peer, 1)).get("/status", headers=headers).status_code)
    return found


def test_addresses_do_not_share_a_limit(clock: Clock) -> None:
    assert addresses(clock, ["203.0.113.1", "203.0.113.2", "203.0.113.1"]) == [200, 200, 429]


def test_an_ipv6_network_of_64_bits_is_one_caller(clock: Clock) -> None:
    peers = ["2001:db8:1:1::1", "2001:db8:1:1:ffff::2", "2001:db8:1:2::1", "2001:DB8:1:2::1%eth0"]
    assert addresses(clock, peers) == [200, 429, 200, 429]


def test_an_ipv4_address_in_ipv6_is_the_same_caller(clock: Clock) -> None:
    assert addresses(clock, ["203.0.113.1", "::ffff:203.0.113.1", "::ffff:203.0.113.2"]) == [200, 429, 200]


def test_nobody_can_say_that_he_is_somebody_else(clock: Clock) -> None:
    peers = ["203.0.113.1"] * 3
    assert addresses(clock, peers, [None, "198.51.100.1", "127.0.0.1"]) == [200, 429, 429]


def test_behind_a_trusted_proxy_the_last_untrusted_address_counts(clock: Clock) -> None:
    told = [
        "198.51.100.1",
        "198.51.100.2",
        "6.6.6.6, 198.51.100.1",
        "7.7.7.7,198.51.100.1, 10.0.0.9",
        "198.51.100.3:4711",
    ]
    peers = ["10.0.0.1"] * len(told)
    assert addresses(clock, peers, told, trusted_proxies=["10.0.0.0/8"]) == [200, 200, 429, 429, 200]
    assert addresses(clock, peers, told, trusted_proxies=["10.0.0.1"]) == [200, 200, 429, 200, 200]


def test_several_headers_are_one_list(clock: Clock) -> None:
    app = PublicLimits(echo(), requests=Rate(60, 1), clock=clock, trusted_proxies=["10.0.0.1"])
    client = TestClient(app, client=("10.0.0.1", 1))
    for first, expected in (("6.6.6.6", 200), ("7.7.7.7", 429)):
        headers = [("x-forwarded-for", first), ("x-forwarded-for", "198.51.100.1")]
        assert client.get("/status", headers=headers).status_code == expected


@pytest.mark.parametrize("nonsense", ["", "unknown", "_hidden", "1.2.3", "6.6.6.6, x", "<script>", "[::1", ",,,"])
def test_what_is_no_address_counts_for_the_proxy_that_wrote_it(clock: Clock, nonsense: str) -> None:
    peers = ["10.0.0.1"] * 3
    told = [None, nonsense, "198.51.100.1"]
    assert addresses(clock, peers, told, trusted_proxies=["10.0.0.1"]) == [200, 429, 200]


def test_ipv6_with_a_port_is_read_as_proxies_write_it(clock: Clock) -> None:
    told = ["[2001:db8::1]:4711", "2001:db8::2", "[2001:db8:0:1::1]"]
    assert addresses(clock, ["::1"] * 3, told, trusted_proxies=["::1"]) == [200, 429, 200]


def test_a_shops_own_server_is_limited_by_conversation_only(clock: Clock) -> None:
    client = limited(
        clock,
        "10.1.1.1",
        requests=Rate(60, 1),
        messages=Rate(60, 1),
        of_conversation=Rate(60, 2),
        own_servers=["10.1.0.0/16"],
    )
    for sender in ("a", "b", "c"):
        assert counted(client, 3, {"sender": sender, "message": "hello"}, HOOK) == [200, 200, 429]


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="Write an address such as"):
        PublicLimits(echo(), trusted_proxies=["my-proxy"])


# -- what is said


def refused(client: TestClient, path: str = CALL, **headers: str) -> Any:
    counted(client, 1)
    return client.post(path, json=said(), headers=headers)


def test_the_page_gets_the_key_of_its_own_text(clock: Clock) -> None:
    answer = refused(limited(clock, of_conversation=Rate(4, 1)))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "15")
    assert answer.json() == {"problem": "too_fast", "retry_after_s": 15}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("language", "accepted"), [("en", "de"), ("zh", "zh-CN,zh;q=0.9")])
def test_a_program_gets_a_code_and_a_sentence(clock: Clock, language: Any, accepted: str) -> None:
    client = limited(clock, messages=Rate(60, 1))
    answer = refused(client, "/elsewhere", **{"accept-language": accepted})
    text = TEXTS[language]["too_fast"]
    assert answer.json() == {"error": {"code": "throttled", "message": text, "retry_after_s": 1}}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_customer_at_another_front_end_is_told_by_the_bot(clock: Clock, language: Any) -> None:
    client = limited(clock, of_conversation=Rate(4, 1))
    sent = {"sender": "kim", "message": "hello"}
    counted(client, 1, sent, HOOK)
    answer = client.post(HOOK, json=sent, headers={"accept-language": language, "accept": "text/html,*/*"})
    error = {"code": "throttled", "retry_after_s": 15}
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "15")
    assert answer.json() == [{"recipient_id": "kim", "text": TEXTS[language]["too_fast"], "error": error}]


def test_half_a_character_in_a_sender_is_no_way_to_break_the_refusal(clock: Clock) -> None:
    client, kinds = limited(clock, of_conversation=Rate(4, 1)), {"content-type": "application/json"}
    answers = [client.post(HOOK, content=b'{"sender": "a\\ud83c", "message": "hi"}', headers=kinds) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json()[0]["recipient_id"] == "a?"


def test_a_browser_gets_a_sentence_in_its_language(clock: Clock) -> None:
    client = limited(clock, requests=Rate(60, 1))
    client.get("/chat/")
    answer = client.get("/chat/", headers={"accept": "text/html,*/*", "accept-language": "zh"})
    assert (answer.status_code, answer.text) == (429, TEXTS["zh"]["too_fast"])
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_real_page_answers_within_the_limits_and_refuses_beyond(clock: Clock) -> None:
    chat = FakeChat()
    app = create_app(chat, shop_name={"en": "M", "zh": "枫"}, storage_secret="s", status=dict)
    client = TestClient(within(app, of_conversation=Rate(60, 2), clock=clock))
    # Whoever goes on sending reaches the assistant no more.
    sent = {"conversation": "c" * 32, "text": "hello", "language": "en"}
    panel = json.loads(client.get("/chat/").text.partition("window.gradio_config = ")[2].partition(";</script>")[0])
    component = next(one["id"] for one in panel["components"] if one["type"] == "html")
    answers = [
        client.post(
            CALL,
            json={
                "component_id": component,
                "fn_name": "send_message",
                "session_hash": "s",
                "data": {**sent, "message": m},
            },
        ).json()
        for m in ("m1", "m2", "m3")
    ]
    assert [list(answer) for answer in answers] == [["reply"], ["reply"], ["problem", "retry_after_s"]]
    assert len(chat.asked) == 2


# -- bodies


def test_a_body_arrives_as_it_was_sent(clock: Clock) -> None:
    client = limited(clock)
    body = json.dumps({"text": "枫" * 15_000}, ensure_ascii=False)
    assert client.post("/x", content=body.encode()).json() == {"body": body}
    assert client.post("/x", content=iter([b"one ", b"two ", b"", b"three"])).json() == {"body": "one two three"}


@pytest.mark.parametrize("size", [65_536, 65_537, 200_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_measured_by_what_comes(clock: Clock, size: int, chunked: bool) -> None:
    pieces = [b"x" * 1000] * (size // 1000) + [b"x" * (size % 1000)]
    answer = limited(clock).post("/x", content=iter(pieces) if chunked else b"".join(pieces))
    assert answer.status_code == (200 if size <= 65_536 else 413)
    if size > 65_536:
        assert answer.json()["error"]["code"] == "too_large"
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "x"])
def test_a_length_that_is_none_is_refused(clock: Clock, length: str) -> None:
    assert limited(clock).post("/x", content=b"{}", headers={"content-length": length}).status_code == 413


@pytest.mark.parametrize("chunked", [False, True])
def test_the_console_takes_long_answers_and_only_its_import_takes_files(clock: Clock, chunked: bool) -> None:
    client = limited(clock, requests=Rate(60, 1), slowest_body=60)

    def posted(path: str, size: int) -> int:
        body = b"x" * size
        return client.post(path, content=iter([body]) if chunked else body).status_code

    assert posted("/staff/api/pairs", 2 * 1024 * 1024) == 200
    assert posted("/staff/api/pairs", 2 * 1024 * 1024 + 1) == 413
    assert posted("/staff/api/session", 2 * 1024 * 1024 + 1) == 413
    assert posted("/staff/api/imports/preview", 3 * 1024 * 1024) == 200


def called(app: PublicLimits, scope: Scope, receive: Receive, send: Send) -> None:
    """In a thread of its own: in this one the browser tests' event loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(app(scope, receive, send))).result()


def test_a_caller_who_goes_away_reaches_nobody() -> None:
    reached: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])

    sent: list[Message] = []
    coming: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/x",
        "headers": [(b"transfer-encoding", b"chunked")],
        "client": ("203.0.113.1", 1),
    }
    called(PublicLimits(app), scope, receive, send)
    assert (reached, sent) == ([], [])


def test_what_comes_after_the_body_reaches_the_app() -> None:
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([await receive(), await receive()])

    coming: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{}", "more_body": False}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": "/x", "headers": [(b"content-length", b"2")], "client": None}
    called(PublicLimits(app), scope, receive, send)
    assert [message["type"] for message in heard] == ["http.request", "http.disconnect"]
    assert heard[0]["body"] == b"{}"


# -- over a real socket


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that waits a fifth of a second for a body."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        app = PublicLimits(echo(), slowest_body=0.2)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
        running = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
        running.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        running.join(10)


def heard(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def test_a_slow_body_is_given_up(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"too_slow" in answer


def test_chunks_without_end_are_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(8):
            connection.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
        connection.sendall(b"1\r\nx\r\n")  # the one too many
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_large_body_is_refused_by_its_length_before_it_is_sent(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        assert heard(connection).startswith(b"HTTP/1.1 413 ")
