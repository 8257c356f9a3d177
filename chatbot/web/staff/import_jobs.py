"""Imports in the background: one after the other, and how far each is."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

from chatbot.web.staff.answers import Problem
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.history import Import

REMEMBERED = 200  # jobs whose end can still be asked for

Progress = Callable[[int, int], None]
Work = Callable[[Progress], Import]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """How far an import is: pairs written, and to write in all. message: why it failed. import_id: once it is done."""

    owner: str
    done: int
    total: int
    state: Literal["running", "done", "failed"] = "running"
    message: str = ""
    import_id: int | None = None


class ImportJobs:
    """Runs imports in one thread, which waits for its work to end when the program does."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "import")
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, owner: str, total: int, work: Work, finished: Callable[[], None]) -> str:
        """Have the work done; returns the name of the job. finished: called afterwards in any case."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._jobs[name] = Job(owner, 0, total)
            over = [other for other, job in self._jobs.items() if job.state != "running"]
            for other in over[: len(self._jobs) - REMEMBERED]:
                del self._jobs[other]
        self._thread.submit(self._run, name, work, finished)
        return name

    def job(self, name: str, owner: str) -> Job:
        """How far a job of this person is. Raises Problem 404, for another's as for none."""
        with self._lock:
            job = self._jobs.get(name)
        if job is None or job.owner != owner:
            raise Problem(404, "not_found", "There is no such import under way. Look at the list of imports.")
        return job

    def _run(self, name: str, work: Work, finished: Callable[[], None]) -> None:
        try:
            done = work(lambda done, total: self._change(name, done=done, total=total))
        except KnowledgeBaseError as error:
            self._change(name, state="failed", message=str(error))
        except Exception:
            # told to whoever watches, who would wait for ever otherwise; the log has the rest
            log.exception("An import failed.")
            self._change(name, state="failed", message="The program failed. Nothing was imported.")
        else:
            written = done.added + done.replaced
            self._change(name, state="done", done=written, total=written, import_id=done.id)
        finally:
            finished()

    def _change(self, name: str, **how: object) -> None:
        with self._lock:
            self._jobs[name] = replace(self._jobs[name], **how)  # type: ignore[arg-type]
