"""Files that staff have sent: kept under names of chance, readable by the server alone, and not for long."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from chatbot.web.staff.answers import Problem
from knowledge_base.imports import Preview, Source

KEPT = 3600.0  # seconds that somebody may think about what an import would change
EACH = 3  # files that are kept for one person; the oldest goes
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
_LONGEST_NAME = 100  # characters of a file's name that are shown

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Seen:
    """A file of which somebody has seen the preview. at: seconds of the clock."""

    owner: str
    source: Source
    preview: Preview
    at: float


class Uploads:
    """The files below a folder, and what was found in them.

    largest: bytes of a file. clock: seconds since 1970, as files' times are.
    """

    def __init__(self, folder: Path, largest: int, clock: Clock = time.time) -> None:
        self.folder = folder
        self._largest = largest
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}

    async def receive(self, request: Request, ending: str) -> Path:
        """Write a request's body to a new file as it comes in, never all of it in memory.

        Raises Problem 413 if it is too large: before it is read, if the request says so; 507 if the disk is full.
        """
        if (declared := request.headers.get("content-length", "")).isdigit() and int(declared) > self._largest:
            raise self._too_large()
        path = None
        try:
            path = await run_in_threadpool(self.new_file, ending)
            await self._write(request, path)
        except BaseException as error:
            if path:
                path.unlink(missing_ok=True)
            if isinstance(error, ClientDisconnect):
                raise Problem(400, "broken_off", "The upload broke off. Send the file again.") from error
            if isinstance(error, OSError):
                message = f"The file cannot be kept: {error.strerror}. Tell your administrator."
                raise Problem(507, "disk", message) from error
            raise
        return path

    async def _write(self, request: Request, path: Path) -> None:
        size = 0
        async with await anyio.open_file(path, "wb") as file:
            async for block in request.stream():
                size += len(block)
                if size > self._largest:
                    raise self._too_large()
                await file.write(block)

    def new_file(self, ending: str) -> Path:
        """An empty file of chance's name that only this user of the machine reads; old ones are cleared away."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clear()
        path = self.folder / f"{secrets.token_hex(16)}{ending}"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return path

    def keep(self, owner: str, source: Source, preview: Preview) -> str:
        """Keep a file that has been looked at; returns the token by which its owner asks for it."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            mine = [other for other, seen in self._seen.items() if seen.owner == owner]
            for other in mine[: len(mine) + 1 - EACH]:
                self._seen.pop(other).source.path.unlink(missing_ok=True)
            self._seen[token] = Seen(owner, source, preview, self._clock())
        return token

    def take(self, token: str, owner: str) -> Seen:
        """What is kept for this person, who then has it: no second import comes of one preview.

        Raises Problem 404, for another's as for none; 409 if the file has errors.
        """
        self.clear()
        with self._lock:
            seen = self._seen.get(token)
            if seen is None or seen.owner != owner:
                raise Problem(404, "not_found", "This preview is not kept any more. Choose the file again.")
            if count := seen.preview.error_count:
                raise Problem(409, "has_errors", f"The file has {count} errors. Correct them, and choose it again.")
            return self._seen.pop(token)

    def clear(self) -> None:
        """Remove what has been kept for too long, and what a process that is gone has left."""
        oldest = self._clock() - KEPT
        with self._lock:
            for token in [token for token, seen in self._seen.items() if seen.at < oldest]:
                self._seen.pop(token).source.path.unlink(missing_ok=True)
            kept = {seen.source.path for seen in self._seen.values()}
        for path in self.folder.glob("*"):
            try:
                if path not in kept and path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)
            except FileNotFoundError:
                continue  # another process was faster

    def _too_large(self) -> Problem:
        return Problem(413, "too_large", f"The file has more than {self._largest:,} bytes. Split it.")


def shown_name(name: str) -> str:
    """A file's name as it is shown: no folders, no signs that nobody sees. Raises Problem 400 for other endings."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(character for character in last if character.isprintable()).strip()
    ending = ending_of(clean)
    if ending not in ENDINGS:
        raise Problem(400, "invalid", f"The file is named '{clean[:_LONGEST_NAME]}'; {', '.join(ENDINGS)} are read.")
    return clean if len(clean) <= _LONGEST_NAME else f"{clean[: _LONGEST_NAME - len(ending) - 1]}…{ending}"


def ending_of(name: str) -> str:
    """The ending of a file's name, in lower case."""
    return PurePosixPath(name).suffix.lower()
