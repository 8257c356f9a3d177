"""Action servers for tests: one that answers as it is told, and rasa-sdk's own as a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Asked:
    """A request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    port: int


@dataclass
class Scripted:
    """A server that gives the answers in turn, the last one again and again. An answer is a status and a body."""

    answers: list[tuple[int, Any] | Callable[[], tuple[int, Any]]]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def answer(self) -> tuple[int, Any]:
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return given() if callable(given) else given


@contextmanager
def scripted(*answers: tuple[int, Any] | Callable[[], tuple[int, Any]]) -> Iterator[Scripted]:
    """Such a server on a free port."""
    script = Scripted(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            script.asked.append(Asked(self.path, dict(self.headers), body, self.client_address[1]))
            status, content = script.answer()
            if status == 0:
                self.close_connection = True  # nothing is said at all
                return
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}/webhook"
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield script
    finally:
        server.shutdown()
        serving.join(30)
        server.server_close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ActionServer:
    """`python -m rasa_sdk` as a process of its own. kill() and start() again is what a crash and a restart are."""

    def __init__(self, package: str, **environment: str) -> None:
        self.package, self.port = package, free_port()
        self.environment = {**os.environ, "SANIC_HOST": "127.0.0.1", **environment}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhook"

    def start(self) -> None:
        """Returns once it answers; at once if it runs already."""
        if self.process and self.process.poll() is None:
            return
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rasa_sdk", "--actions", self.package, "-p", str(self.port)],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # the server is a process of its child
        )
        until = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=1).raise_for_status()
                break
            except httpx.HTTPError:
                assert self.process.poll() is None, "the action server ended"
                assert time.monotonic() < until, "the action server did not start in 60 s"
                time.sleep(0.05)

    def kill(self) -> None:
        """As a crash does: at once, with all its processes."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
