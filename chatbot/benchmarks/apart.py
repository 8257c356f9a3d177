"""A measurement in a Python process of its own: its memory and its threads are no other's."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from chatbot.benchmarks.errors import BenchmarkError, OutOfTimeError

Given = ParamSpec("Given")
Found = TypeVar("Found")
STANDARD_ERROR = 2


def apart(work: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found:
    """What work(*given) returns, from a new process. work: a function of a module, for it travels by its name.

    Raises BenchmarkError with the sentence of what the work raised, if it was an error of the product's own.
    """
    return within(None, work, *given, **named)


def within(seconds: float | None, work: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found:
    """As `apart`; after so many seconds the process is stopped and OutOfTimeError is raised. None: no end."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder:
        answer = Path(folder) / "answer"
        code = ran(pickle.dumps((work, given, named)), answer, seconds)
        if not answer.exists():
            raise BenchmarkError(f"The measurement's process ended with code {code}; what it said stands above.")
        found, sentence = pickle.loads(answer.read_bytes())  # noqa: S301 - written by the process just started
    if sentence:
        raise BenchmarkError(sentence)
    result: Found = found
    return result


def ran(task: bytes, answer: Path, seconds: float | None) -> int:
    """The exit code of the process that does the task.

    In a process group of its own, so that Ctrl-C reaches it once, from here, with all that it has started itself.
    """
    command = [sys.executable, "-m", "chatbot.benchmarks.apart", str(answer)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=STANDARD_ERROR, process_group=0) as process:  # noqa: S603
        try:
            process.communicate(task, seconds)
        except subprocess.TimeoutExpired as error:
            raise OutOfTimeError(f"It was stopped after {seconds:.0f} s.") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode


def main() -> None:
    """The other side: does the task that comes in on standard input, and writes what came of it into a file."""
    from chatbot.errors import FrontdeskError
    from knowledge_base.errors import KnowledgeBaseError
    from training_data.examples import TrainingDataError

    work, given, named = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    found, sentence = None, ""
    try:
        found = work(*given, **named)
    except (FrontdeskError, KnowledgeBaseError, TrainingDataError) as error:
        sentence = str(error)
    Path(sys.argv[1]).write_bytes(pickle.dumps((found, sentence)))


if __name__ == "__main__":
    main()
