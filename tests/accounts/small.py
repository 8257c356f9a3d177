"""Accounts as the tests make them: quick hashes, a clock that stands still until it is told, and short names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher

from chatbot.accounts.store import Accounts

KEY = "the key of these tests"
PASSWORD = "a maple in moss"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HERE, ELSEWHERE = "203.0.113.9", "198.51.100.7"


class Clock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def go(self, **time: float) -> None:
        """go(hours=12)"""
        self.time += timedelta(**time)


def opened(home: Path, clock: Clock | None = None, key: str = KEY) -> Accounts:
    return Accounts(home / "accounts.db", key, now=clock or Clock(), hasher=QUICK)


def with_team(accounts: Accounts) -> Accounts:
    """ann is an agent, ed an editor, ada an admin; all have the same password."""
    for name, role in (("ann", "agent"), ("ed", "editor"), ("ada", "admin")):
        accounts.add(name, PASSWORD, role, by="tests")
    return accounts


def everything_in(home: Path) -> bytes:
    """All bytes of the database's files."""
    return b"".join(path.read_bytes() for path in sorted(home.glob("accounts.db*")))
