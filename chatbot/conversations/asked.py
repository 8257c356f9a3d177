"""What customers asked of late, from the masked log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from chatbot.conversations.store import timestamp
from chatbot.messages import Intent, Language
from knowledge_base.connections import Connections

LOOKED_AT = 20
"""Turns read for each question wanted: many customers ask the same, and a log may have a million turns."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the log. text: masked. intents: the likeliest five as they were understood then, best first."""

    text: str
    language: Language
    intents: tuple[Intent, ...]


def asked_since(connections: Connections, since: datetime, most: int = 500) -> list[Asked]:
    """The latest distinct questions of customers, latest first; of one that came often, its latest turn.

    since: with a time zone. most: how many; LOOKED_AT times as many of the latest turns are read.
    Pressed buttons, turns that failed and those that a person answered are no questions to the bot.
    """
    with connections.reading() as db:
        rows = db.execute(
            """WITH latest AS (
                SELECT id, text, language FROM turns
                WHERE at >= :since AND route NOT IN ('failed', 'human') AND text != '' AND text NOT LIKE '/%'
                ORDER BY at DESC LIMIT :turns
            )
            SELECT text, language, trace FROM turns
            WHERE id IN (SELECT max(id) FROM latest GROUP BY text, language) ORDER BY id DESC LIMIT :most""",
            {"since": timestamp(since), "turns": LOOKED_AT * most, "most": most},
        ).fetchall()
    return [Asked(text, language, intents_in(trace)) for text, language, trace in rows]


def intents_in(trace: str) -> tuple[Intent, ...]:
    """The intents of a turn's trace."""
    return tuple(Intent(name, confidence) for name, confidence in json.loads(trace).get("intents", ()))
