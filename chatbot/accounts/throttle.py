"""Sign-ins that fail make the next one wait: by name and by address, in the database, so that all processes agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from chatbot.accounts.errors import Throttled
from chatbot.accounts.people import folded, stamp
from chatbot.accounts.signing import Signer
from knowledge_base.connections import Connections

WAITS = (30, 60, 120, 240, 480, 900)
"""Seconds after the last failure, for each failure beyond the free ones; then always the last."""

LONGEST = 64
"""Characters of an address that are kept."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures within so long cost nothing. query: how many there were since a moment, and when the last."""

    free: int
    within: timedelta
    query: str


BY_NAME = Limit(5, timedelta(days=1), "SELECT count(*), max(at) FROM attempts WHERE name = ? AND at > ?")
BY_ADDRESS = Limit(20, timedelta(hours=1), "SELECT count(*), max(at) FROM attempts WHERE address = ? AND at > ?")
"""More, and sooner forgotten: a whole office may share an address."""


class Throttle:
    """Counts and forgives. An address is counted as it is given: web.callers.counted_as makes one of a whole /64."""

    def __init__(self, connections: Connections, signer: Signer, now: Callable[[], datetime]) -> None:
        self.connections, self.signer, self.now = connections, signer, now

    def take(self, name: str, address: str) -> None:
        """Counts an attempt as failed before it is looked at, so that a thousand at once are not looked at.

        Raises Throttled while this name or this address has to wait; whether the password is right makes no difference.
        """
        hidden, group, now = self.hidden(name), address[:LONGEST], self.now()
        with self.connections.writing() as db:
            waits = (waiting(db, limit, who, now) for limit, who in ((BY_NAME, hidden), (BY_ADDRESS, group)))
            if (wait := max(waits)) > 0:
                raise Throttled(math.ceil(wait))
            db.execute("DELETE FROM attempts WHERE at <= ?", [stamp(now - max(BY_NAME.within, BY_ADDRESS.within))])
            db.execute("INSERT INTO attempts (name, address, at) VALUES (?, ?, ?)", [hidden, group, stamp(now)])

    def forgive(self, db: Database, name: str, address: str) -> None:
        """The person has signed in: the name begins anew; for other addresses their failures still count."""
        hidden = self.hidden(name)
        db.execute("DELETE FROM attempts WHERE name = ? AND address = ?", [hidden, address[:LONGEST]])
        self.reset(db, name)

    def reset(self, db: Database, name: str) -> None:
        """The name begins anew; the addresses that failed with it do not."""
        db.execute("UPDATE attempts SET name = '' WHERE name = ?", [self.hidden(name)])

    def hidden(self, name: str) -> str:
        """The name as it is counted: names that nobody has are counted too, and one may be a mistyped password."""
        return self.signer.digest("attempt", folded(name))


def waiting(db: Database, limit: Limit, who: str, now: datetime) -> float:
    """Seconds until the next attempt is looked at; 0 or less: at once."""
    count, last = db.execute(limit.query, [who, stamp(now - limit.within)]).fetchone()
    if count < limit.free:
        return 0.0
    wait = WAITS[min(count - limit.free, len(WAITS) - 1)]
    return wait - (now - datetime.fromisoformat(last)).total_seconds()
