"""Tickets: a customer asked for a person."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from chatbot.conversations.migrations import MIGRATIONS
from chatbot.conversations.store import timestamp
from knowledge_base.connections import Connections

COLUMNS = "id, conversation_id, turn, topic, at, state"
SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No 0, O, 1 or I: a ticket's number is read out over the phone."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """id: short and unguessable, as T-7KQ2XB. turn: the turn of the conversation in which it was asked for."""

    id: str
    conversation_id: str
    turn: int
    topic: str
    at: str
    state: str


class Tickets:
    """Keeps tickets in conversations.db."""

    def __init__(self, path: Path) -> None:
        self.connections = Connections(path, MIGRATIONS, synchronous="NORMAL")

    def open(self, conversation_id: str, turn: int, topic: str) -> Ticket:
        """A new ticket; a turn that is tried again gets the ticket it opened before."""
        number = "T-" + "".join(secrets.choice(SIGNS) for _ in range(6))
        with self.connections.writing() as db:
            db.execute(
                """INSERT INTO tickets (id, conversation_id, turn, topic, at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (conversation_id, turn) DO NOTHING""",
                [number, conversation_id, turn, topic, timestamp()],
            )
            row = db.execute(
                f"SELECT {COLUMNS} FROM tickets WHERE conversation_id = ? AND turn = ?",  # noqa: S608
                [conversation_id, turn],
            ).fetchone()
        return Ticket(*row)

    def of(self, conversation_id: str) -> list[Ticket]:
        """The tickets of a conversation, oldest first."""
        with self.connections.reading() as db:
            rows = db.execute(
                f"SELECT {COLUMNS} FROM tickets WHERE conversation_id = ? ORDER BY at",  # noqa: S608
                [conversation_id],
            ).fetchall()
        return [Ticket(*row) for row in rows]

    def close(self) -> None:
        """Closes the file."""
        self.connections.close()
