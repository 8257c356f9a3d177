"""The REST channel on a real server: what a slow answer and a slow or a large body do to everybody else."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from chatbot.messages import Message, Reply
from chatbot.web.app import create_app
from chatbot.web.chat_page import ANSWERS_AT_ONCE
from tests.web.fake_chat import RETURNS, FakeChat, limited
from tests.web.small_bot import HOOK, SmallBot


class WaitingChat(FakeChat):
    """Answers when it is told to. working: one for each that has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on, self.working = threading.Event(), threading.Semaphore(0)

    def answer(self, message: Message) -> Reply:
        self.working.release()
        assert self.go_on.wait(60)
        return super().answer(message)


@pytest.fixture
def chat() -> WaitingChat:
    return WaitingChat()


@pytest.fixture
def port(chat: WaitingChat) -> Iterator[int]:
    """Of a server that waits a fifth of a second for a body."""
    app = create_app(chat, shop_name={"en": "M", "zh": "枫"}, storage_secret="s", status=dict)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        server = uvicorn.Server(uvicorn.Config(limited(app, slowest_body=0.2), log_level="warning", ws="none"))
        running = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
        running.start()
        yield listening.getsockname()[1]
        chat.go_on.set()
        server.should_exit = True
        running.join(10)


def test_slow_answers_keep_nobody_else_waiting(chat: WaitingChat, port: int) -> None:
    at, count = f"http://127.0.0.1:{port}", ANSWERS_AT_ONCE + 8
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(count) as senders:
        sending = [
            senders.submit(client.post, at + HOOK, json={"sender": f"s{n}", "message": "a return"})
            for n in range(count)
        ]
        for _ in range(ANSWERS_AT_ONCE):
            assert chat.working.acquire(timeout=60)
        for path in ("/webhooks/rest/", "/status", "/version"):
            assert httpx.get(at + path, timeout=60).status_code == 200
        assert not any(sent.done() for sent in sending)
        chat.go_on.set()
        answers = [sent.result().json() for sent in sending]
    assert answers == [[{"recipient_id": f"s{n}", "text": RETURNS}] for n in range(count)]


def sent_raw(port: int, head: str, body: bytes) -> bytes:
    """All that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        start = f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}\r\n\r\n"
        connection.sendall(start.encode() + body)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def test_a_slow_body_is_given_up(chat: WaitingChat, port: int) -> None:
    answer = sent_raw(port, "Content-Length: 100", b'{"sender": "kim"')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_slow"
    assert chat.asked == []


def test_a_large_body_is_refused_before_it_is_sent(chat: WaitingChat, port: int) -> None:
    answer = sent_raw(port, "Content-Length: 100000000", b"")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_large"


def test_the_same_message_many_times_at_once_is_one_turn(tmp_path: Path) -> None:
    bot = SmallBot(tmp_path)
    try:
        client = TestClient(bot.app())
        sent = {"sender": "kim", "message": "hello", "metadata": {"message_id": "m1"}}
        with ThreadPoolExecutor(8) as senders:
            answers = list(senders.map(lambda _: client.post(HOOK, json=sent).text, range(16)))
        assert len(set(answers)) == 1
        assert [exchange.message_id for exchange in bot.history("rest:kim")] == ["m1"]
    finally:
        bot.close()
