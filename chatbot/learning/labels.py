"""Turns that staff relabelled, kept for the next training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from chatbot.conversations.store import timestamp
from chatbot.messages import Language
from knowledge_base.connections import Connections
from knowledge_base.migrations import Migration


@dataclass(frozen=True, slots=True)
class Label:
    """What staff say a customer's text means. text: masked. at: ISO 8601 in UTC. by: the account that said so."""

    text: str
    intent: str
    language: Language
    at: str
    by: str


class Labels:
    """Keeps labels in a SQLite file of their own, for several threads and processes at once."""

    def __init__(self, path: Path) -> None:
        self.connections = Connections(path, MIGRATIONS)

    def add(self, text: str, intent: str, language: Language, by: str) -> Label:
        """One more label; it is on the disk when this returns. text: masked, as the log holds it."""
        label = Label(text, intent, language, timestamp(), by)
        with self.connections.writing() as db:
            db.execute(
                "INSERT INTO labels (text, intent, language, at, by) VALUES (?, ?, ?, ?, ?)",
                [label.text, label.intent, label.language, label.at, label.by],
            )
        return label

    def all(self) -> list[Label]:
        """The label of each text and language, oldest first; of several the one that was said last."""
        with self.connections.reading() as db:
            rows = db.execute(
                """SELECT text, intent, language, at, by FROM labels
                WHERE id IN (SELECT max(id) FROM labels GROUP BY text, language) ORDER BY id"""
            ).fetchall()
        return [Label(*row) for row in rows]

    def close(self) -> None:
        """Closes the file."""
        self.connections.close()


def m001_labels(db: Database) -> None:
    """The labels. None is ever changed: who said what, and when, stays."""
    db.execute(
        """CREATE TABLE labels (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            text TEXT NOT NULL,
            intent TEXT NOT NULL,
            language TEXT NOT NULL CHECK (language IN ('en', 'zh')),
            at TEXT NOT NULL,
            by TEXT NOT NULL
        ) STRICT"""
    )


MIGRATIONS: list[Migration] = [m001_labels]
