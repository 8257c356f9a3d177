"""What staff did about questions that the bot could not answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from chatbot.conversations.store import timestamp
from knowledge_base.connections import Connections

How = Literal["pair", "similar", "outside"]
"""A new pair was made of it; it was added to a pair; it is out of scope."""


@dataclass(frozen=True, slots=True)
class Handling:
    """subject: id of the pair; '' where there is none. at: ISO 8601 in UTC. by: the account that did it.

    answered: share of what was asked that the bot answered afterwards, in [0, 1]; None until it is measured.
    """

    id: int
    how: How
    subject: str
    at: str
    by: str
    answered: float | None = None

    @property
    def pair_id(self) -> int | None:
        """The pair that answers it now."""
        return int(self.subject) if self.subject else None


class Handled:
    """Keeps handlings in the inbox's file, for several threads and processes at once."""

    def __init__(self, kept: Connections) -> None:
        self.kept = kept

    def add(self, keys: Collection[str], how: How, subject: str, by: str) -> Handling:
        """One more; it is on the disk when this returns. keys: of the wordings that it was about."""
        at = timestamp()
        with self.kept.writing() as db:
            row = "INSERT INTO handlings (how, subject, at, by) VALUES (?, ?, ?, ?) RETURNING id"
            [(handling_id,)] = db.execute(row, [how, subject, at, by]).fetchall()
            rows = "INSERT INTO handled_texts SELECT value, ? FROM json_each(?)"
            db.execute(rows, [handling_id, json.dumps(sorted(keys))])
        return Handling(handling_id, how, subject, at, by)

    def measured(self, handling_id: int, answered: float) -> None:
        """Keeps the share that is answered now."""
        with self.kept.writing() as db:
            db.execute("UPDATE handlings SET answered = ? WHERE id = ?", [answered, handling_id])

    def latest(self, keys: Collection[str]) -> Mapping[str, Handling]:
        """What was last done about each of these texts; those that nothing was done about are left out."""
        with self.kept.reading() as db:
            rows = db.execute(
                """SELECT text_key, id, how, subject, at, by, answered FROM handlings JOIN (
                    SELECT text_key, max(handling_id) AS latest FROM handled_texts
                    WHERE text_key IN (SELECT value FROM json_each(?)) GROUP BY text_key
                ) ON latest = id""",
                [json.dumps(sorted(keys))],
            ).fetchall()
        return {key: Handling(*rest) for key, *rest in rows}

    def keys(self, handling_id: int) -> frozenset[str]:
        """Of the texts that it was about."""
        with self.kept.reading() as db:
            rows = db.execute("SELECT text_key FROM handled_texts WHERE handling_id = ?", [handling_id]).fetchall()
        return frozenset(row[0] for row in rows)
