"""The schema of conversations.db, as a list of steps; each is applied once, and recorded in the database."""

from __future__ import annotations

from sqlite_utils import Database

from knowledge_base.migrations import Migration


def m001_turns(db: Database) -> None:
    """The log (masked), the live store (sealed), the leases, and the tickets."""
    db.executescript(
        """
        CREATE TABLE conversations (
            id TEXT PRIMARY KEY,
            language TEXT NOT NULL,
            began_at TEXT NOT NULL,
            last_at TEXT NOT NULL
        ) STRICT;
        -- The log: a row per turn, personal data masked before it is written.
        CREATE TABLE turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation_id TEXT NOT NULL REFERENCES conversations (id),
            number INTEGER NOT NULL,
            message_id TEXT NOT NULL,
            at TEXT NOT NULL,
            text TEXT NOT NULL,
            language TEXT NOT NULL,
            intent TEXT NOT NULL,
            confidence REAL,
            route TEXT NOT NULL,             -- kind of the last step; 'failed' if the turn broke off
            reply TEXT NOT NULL,             -- JSON
            trace TEXT NOT NULL,             -- JSON: steps with reasons, scores, thresholds, milliseconds per stage
            model TEXT NOT NULL,
            index_version TEXT NOT NULL,
            ms REAL NOT NULL,
            rating INTEGER NOT NULL DEFAULT 0 CHECK (rating IN (-1, 0, 1)),
            UNIQUE (conversation_id, message_id)
        ) STRICT;
        CREATE INDEX turns_at ON turns (at);
        -- The live store: what a form, a reload or an agent needs raw. Encrypted; deleted after its time.
        CREATE TABLE live_turns (
            turn_id INTEGER PRIMARY KEY REFERENCES turns (id),
            conversation_id TEXT NOT NULL,
            sealed BLOB NOT NULL
        ) STRICT;
        CREATE INDEX live_turns_conversation ON live_turns (conversation_id);
        CREATE TABLE live_states (conversation_id TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
        -- Who answers a conversation just now, and until when the others wait for it.
        CREATE TABLE leases (conversation_id TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) STRICT;
        CREATE TABLE tickets (
            id TEXT PRIMARY KEY,
            conversation_id TEXT NOT NULL,
            turn INTEGER NOT NULL,
            topic TEXT NOT NULL,
            at TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
            UNIQUE (conversation_id, turn)
        ) STRICT;
        """
    )


MIGRATIONS: list[Migration] = [m001_turns]
