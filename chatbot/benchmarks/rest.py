"""A turn over HTTP: `chatbot serve` as a process of its own, and clients that keep their connections.

The clients are threads of one process beside the server, on the same cores: with many of them, a part of the time is
theirs. Each turn is a conversation of its own.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.figures import Percentiles, percentiles
from chatbot.benchmarks.memory import peak_mb, processor_seconds, resident_mb

REST = "/webhooks/rest/webhook"
PAGE = "/chat/gradio_api/component_server/"
READY = re.compile(r"Frontdesk is ready: http://([\w.]+):(\d+)/")
CONFIG = re.compile(r"window\.gradio_config = (.*?);</script>")
PATIENCE = 120.0
"""Seconds that a server may take until it answers."""
CLIENTS = (8, 32)
WARMING_UP = 20


@dataclass(frozen=True, slots=True)
class Turn:
    """What a client says. conversation: 32 characters, as the page's ids have."""

    conversation: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a turn is asked for: POST `body` to `path`; `answered` tells whether what came back is an answer."""

    path: str
    body: Callable[[Turn], Mapping[str, Any]]
    answered: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Load:
    """Of so many clients at once, each asking again as soon as it is answered. ms: of one turn, as a client sees it.

    failed: requests without an answer; they count for nothing else. server_cpu_ms: processor time of a turn.
    """

    clients: int
    language: str
    requests: int
    failed: int
    seconds: float
    turns_per_s: float
    server_cpu_ms: float | None
    ms: Percentiles


@dataclass(frozen=True, slots=True)
class Result:
    """Of one server. path: that the turns were sent to. rss_mb: after all loads."""

    path: str
    start_to_first_answer_s: float
    rss_mb: float | None
    peak_rss_mb: float | None
    loads: tuple[Load, ...]

    def as_json(self) -> dict[str, Any]:
        """As it is."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready. process: its number. began: when it was started (time.perf_counter)."""

    host: str
    port: int
    process: int
    began: float


def measured(home: Path, texts: Mapping[str, Sequence[str]], requests: int, folder: Path) -> Result:
    """One client in each language, then 8 and 32 clients in all of them. texts: by language; folder: for the log."""
    turns = turns_over(texts)
    with serving(home, folder / "serve.log") as server:
        way, first = first_answer(server, next(turns))
        taken = round(time.perf_counter() - server.began, 2)
        if not first:
            raise BenchmarkError(f"The server's first answer on {way.path} was none. Try it: scripts/serve")
        load(server, way, [next(turns) for _ in range(WARMING_UP)], 1, "")
        loads = [
            load(server, way, list(itertools.islice(turns_over({language: own}, language), requests)), 1, language)
            for language, own in texts.items()
        ]
        both = "+".join(texts)
        for clients in CLIENTS:
            loads.append(load(server, way, list(itertools.islice(turns, requests * (clients // 8 + 1))), clients, both))
        return Result(way.path, taken, resident_mb(server.process), peak_mb(server.process), tuple(loads))


def turns_over(texts: Mapping[str, Sequence[str]], name: str = "all") -> Iterator[Turn]:
    """Turns without end, the languages in turn, no conversation twice for one name."""
    for number in itertools.count():
        for language, own in texts.items():
            yield Turn(f"{name}-{language}-{number}-".ljust(32, "x"), own[number % len(own)], language)


@contextmanager
def serving(home: Path, log: Path) -> Iterator[Server]:
    """A server on a free port until the block ends. Raises BenchmarkError with its last words if it does not start."""
    command = [sys.executable, "-m", "chatbot", "serve", "--home", str(home), "--host", "127.0.0.1", "--port", "0"]
    began = time.perf_counter()
    environment = {**os.environ, "CHATBOT_MESSAGES_A_MINUTE": "100000"}  # all clients have one address here
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdout=said, stderr=said, env=environment, process_group=0) as process,  # noqa: S603
    ):
        try:
            host, port = ready(process, log)
            yield Server(host, port, process.pid, began)
        finally:
            stop(process)


def ready(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    """Host and port, as soon as the log names them."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        said = log.read_text("utf-8", "replace")
        if found := READY.search(said):
            return found[1], int(found[2])
        if process.poll() is not None:
            raise BenchmarkError(f"The server ended with code {process.returncode}: {said.strip()[-500:]}")
        time.sleep(0.02)
    raise BenchmarkError(f"The server was not ready after {PATIENCE:.0f} s: {log.read_text('utf-8')[-500:].strip()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """As `docker stop` does; with force after 20 seconds."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def first_answer(server: Server, turn: Turn) -> tuple[Way, bool]:
    """Asks over Rasa's REST channel; where the server has none, as the chat page does, whose document is read before.

    Returns the way that the server knows, and whether it answered.
    """
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    try:
        way = over_rest()
        connection.request("POST", way.path, json.dumps(way.body(turn)), {"Content-Type": "application/json"})
        response = connection.getresponse()
        said = response.read()
        if response.status not in (404, 405):
            return way, response.status == 200 and way.answered(json.loads(said))
        connection.request("GET", "/chat/")
        way = over_the_page(connection.getresponse().read().decode())
        return way, asked(connection, way, turn)
    finally:
        connection.close()


def over_rest() -> Way:
    """Rasa's REST channel (https://rasa.com/docs/rasa/connectors/your-own-website#restinput)."""
    return Way(
        REST,
        lambda turn: {"sender": turn.conversation, "message": turn.text},
        lambda value: isinstance(value, list) and bool(value),
    )


def over_the_page(document: str) -> Way:
    """The chat page's own call. document: the page, which names the component that has the function."""
    if not (found := CONFIG.search(document)):
        raise BenchmarkError(f"The server has neither {REST} nor a chat page that can be read.")
    panel = next(one["id"] for one in json.loads(found[1])["components"] if one["type"] == "html")

    def body(turn: Turn) -> Mapping[str, Any]:
        sent = {"conversation": turn.conversation, "message": "m1", "text": turn.text, "language": turn.language}
        return {"component_id": panel, "fn_name": "send_message", "session_hash": "bench", "data": sent}

    return Way(PAGE, body, lambda value: isinstance(value, dict) and "reply" in value)


def asked(connection: http.client.HTTPConnection, way: Way, turn: Turn) -> bool:
    """Whether the turn was answered. A connection that broke is made anew by the next request."""
    try:
        connection.request("POST", way.path, json.dumps(way.body(turn)), {"Content-Type": "application/json"})
        response = connection.getresponse()
        said = response.read()
        return response.status == 200 and way.answered(json.loads(said))
    except (OSError, http.client.HTTPException, ValueError):
        connection.close()
        return False


def load(server: Server, way: Way, turns: Sequence[Turn], clients: int, language: str) -> Load:
    """The turns, each asked by the client that is free first. Raises BenchmarkError if none was answered."""
    taken: list[float] = []
    failed: list[Turn] = []
    left = iter(turns)  # next() on a list's iterator is one step of the interpreter: no turn is taken twice

    def client() -> None:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        for turn in left:
            began = time.perf_counter()
            answered = asked(connection, way, turn)
            if answered:
                taken.append(1000 * (time.perf_counter() - began))
            else:
                failed.append(turn)
        connection.close()

    worked, began = processor_seconds(server.process), time.perf_counter()
    threads = [threading.Thread(target=client, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if not taken:
        raise BenchmarkError(f"None of {len(turns)} requests to {way.path} was answered. Try it: scripts/serve")
    after = processor_seconds(server.process)
    cpu = None if worked is None or after is None else round(1000 * (after - worked) / len(taken), 2)
    rate = round(len(taken) / seconds, 1)
    return Load(clients, language, len(turns), len(failed), round(seconds, 2), rate, cpu, percentiles(taken))
