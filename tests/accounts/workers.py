"""What another process does in the tests of test_processes.py."""

from __future__ import annotations

from multiprocessing.synchronize import Barrier
from pathlib import Path

from chatbot.accounts.errors import LastAdmin, NameTaken, Throttled, TokenRefused, WrongCredentials
from tests.accounts.small import HERE, PASSWORD, opened

REFUSALS = (LastAdmin, NameTaken, Throttled, TokenRefused, WrongCredentials)


def act(home: Path, ready: Barrier, what: str, given: str, number: int) -> None:
    """Opens the file when all are ready; one line of the journal for each act: done, or the error's name."""
    ready.wait(60)
    accounts = opened(home)
    for _ in range(4 if what == "guess" else 1):
        try:
            if what == "add":
                accounts.add(given, PASSWORD, "agent", by=f"process {number}")
            elif what == "first":
                accounts.add_first(given, f"admin{number}", PASSWORD)
            elif what == "demote":
                accounts.change(f"admin{number}", f"admin{number}", role="agent")
            elif what == "guess":
                accounts.sign_in(given, "a wrong password", HERE)
            note(home, "done")
        except REFUSALS as error:
            note(home, type(error).__name__)
    accounts.close()


def note(home: Path, line: str) -> None:
    with (home / "journal").open("a") as file:  # short appends are atomic
        file.write(line + "\n")
