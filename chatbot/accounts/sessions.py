"""Sessions: who a browser is signed in as, and for how long."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlite_utils import Database

from chatbot.accounts.people import Person, checked_role, stamp
from chatbot.accounts.signing import Signer, hash_of, new_token
from knowledge_base.connections import Connections
from knowledge_base.errors import StoreError

log = logging.getLogger(__name__)
PERSON = "staff.name, role, active, created_at, last_seen"
"""The columns of `person_from`."""
NOTED = timedelta(minutes=1)
"""A session's last use is written so seldom: a write waits for the disk, and reading a page should not."""


class Sessions:
    """Opens, finds and ends. A session ends when nobody uses it for `idle`, and `longest` after it began."""

    def __init__(
        self,
        connections: Connections,
        signer: Signer,
        now: Callable[[], datetime],
        idle: timedelta,
        longest: timedelta,
    ) -> None:
        self.connections, self.signer, self.now = connections, signer, now
        self.idle, self.longest = idle, longest

    def open(self, db: Database, name: str) -> str:
        """What the browser keeps; those of everybody that have run out are cleared away."""
        now, token = self.now(), new_token()
        db.execute(
            "DELETE FROM sessions WHERE used_at <= ? OR began_at <= ?",
            [stamp(now - self.idle), stamp(now - self.longest)],
        )
        db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", [hash_of(token), name, stamp(now), stamp(now)])
        db.execute("UPDATE staff SET last_seen = ? WHERE name = ?", [stamp(now), name])
        return self.signer.signed(token)

    def find(self, value: str) -> Person | None:
        """Who it belongs to; None for a forged one (told without reading the database), and for one that has ended."""
        token = self.signer.opened(value)
        if token is None:
            return None
        with self.connections.reading() as db:
            row = db.execute(
                f"SELECT began_at, used_at, {PERSON} FROM sessions JOIN staff USING (name) WHERE hash = ? AND active",  # noqa: S608
                [hash_of(token)],
            ).fetchone()
        if row is None:
            return None
        now, began, used = self.now(), datetime.fromisoformat(row[0]), datetime.fromisoformat(row[1])
        if now - used >= self.idle or now - began >= self.longest:
            return None
        if now - used >= NOTED:
            self.note(hash_of(token), row[2], stamp(now))
        return person_from(row[2:])

    def note(self, hash_: str, name: str, now: str) -> None:
        """The session was used. A full disk does not keep staff from reading."""
        try:
            with self.connections.writing() as db:
                db.execute("UPDATE sessions SET used_at = ? WHERE hash = ?", [now, hash_])
                db.execute("UPDATE staff SET last_seen = ? WHERE name = ?", [now, name])
        except StoreError as error:
            log.warning("the use of a session could not be written: %s", error)


def end(db: Database, token: str) -> str | None:
    """The name the session belonged to; None if it had ended."""
    row = db.execute("DELETE FROM sessions WHERE hash = ? RETURNING name", [hash_of(token)]).fetchone()
    return str(row[0]) if row else None


def end_all(db: Database, name: str) -> None:
    """Signs a person out everywhere."""
    db.execute("DELETE FROM sessions WHERE name = ?", [name])


def person_from(row: tuple[str, str, int, str, str | None]) -> Person:
    """The person of a row of `PERSON`."""
    name, role, active, created_at, last_seen = row
    return Person(name, checked_role(role), bool(active), created_at, last_seen)
