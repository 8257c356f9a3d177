"""The schema of accounts.db, as a list of steps; each is applied once, and recorded in the database."""

from __future__ import annotations

from sqlite_utils import Database

from knowledge_base.migrations import Migration


def m001_staff(db: Database) -> None:
    """Staff, their sessions, the first admin's tokens, failed sign-ins, and who did what."""
    db.executescript(
        """
        CREATE TABLE staff (
            name TEXT PRIMARY KEY,           -- as people.checked_name gives it
            password TEXT NOT NULL,          -- argon2id, with its parameters and salt
            role TEXT NOT NULL CHECK (role IN ('agent', 'editor', 'admin')),
            active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
            created_at TEXT NOT NULL,
            last_seen TEXT
        ) STRICT;
        -- A stolen copy of this file signs nobody in: of a session's token only the sha256 is kept.
        CREATE TABLE sessions (
            hash TEXT PRIMARY KEY,
            name TEXT NOT NULL REFERENCES staff (name),
            began_at TEXT NOT NULL,
            used_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX sessions_name ON sessions (name);
        CREATE TABLE first_tokens (hash TEXT PRIMARY KEY, until TEXT NOT NULL) STRICT;
        -- Sign-ins that failed or are being looked at. The name is hashed with a key that lies elsewhere: people type
        -- their password where the name belongs.
        CREATE TABLE attempts (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,              -- '' once the person has signed in
            address TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX attempts_name ON attempts (name, at);
        CREATE INDEX attempts_address ON attempts (address, at);
        CREATE INDEX attempts_at ON attempts (at);
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            who TEXT NOT NULL,
            what TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        CREATE INDEX audit_who ON audit (who, id);
        CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'what was done cannot be rewritten'); END;
        CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'what was done cannot be deleted'); END;
        """
    )


MIGRATIONS: list[Migration] = [m001_staff]
