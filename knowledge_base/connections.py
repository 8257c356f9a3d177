"""Connections to one SQLite file: one for each thread, set for safety, errors translated."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlite_utils import Database

from knowledge_base.errors import StoreError
from knowledge_base.migrations import MIGRATIONS, Migration, migrate

BUSY_TIMEOUT = 120.0  # seconds that a writer waits for another one; an import of 100,000 pairs takes most of a minute


class Connections:
    """Opens a connection per thread when it is first needed, and closes them all."""

    def __init__(
        self,
        path: Path,
        migrations: list[Migration] = MIGRATIONS,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        precious: str = "",
    ) -> None:
        """synchronous: FULL keeps every commit in a power cut, NORMAL may lose the last ones but breaks nothing.

        precious: a table; a database that has rows in it is copied before it is migrated, see `migrate`.
        """
        self.path = path
        self.synchronous = synchronous
        self._here = threading.local()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, Database] = {}
        self._closed = False
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._translated():
            migrate(self._connection(), migrations, precious)

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """This thread's connection. Statements see what was committed when each began."""
        with self._translated():
            yield self._connection()

    @contextmanager
    def snapshot(self) -> Iterator[Database]:
        """Several statements that see one and the same state."""
        with self._translated(), self._connection().atomic() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """One transaction; all of it is on the disk when the block has ended, or nothing.

        IMMEDIATE takes the write lock first: a transaction that reads and then writes would otherwise fail with
        'database is locked' at once, without waiting (https://sqlite.org/rescode.html#busy_snapshot).
        """
        with self._translated():
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.commit()
            except BaseException:
                db.rollback()
                raise

    def close(self) -> None:
        """Close every thread's connection; using them afterwards is refused."""
        with self._lock:
            self._closed = True
            for db in self._open.values():
                db.close()
            self._open.clear()

    def _connection(self) -> Database:
        if self._closed:
            raise StoreError(f"The store {self.path} is closed. Open it anew.")
        db: Database | None = getattr(self._here, "db", None)
        if db is None:
            db = self._here.db = self._connect()
        return db

    def _connect(self) -> Database:
        # check_same_thread off: only so that close() and the clearing up below may close another thread's connection
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT, check_same_thread=False)
        db = Database(connection, execute_plugins=False)
        connection.execute(f"PRAGMA synchronous = {self.synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        with self._lock:
            for thread in [thread for thread in self._open if not thread.is_alive()]:
                self._open.pop(thread).close()
            self._open[threading.current_thread()] = db
        return db

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"The store {self.path} failed: {error}. Check the file, its folder and the disk."
            ) from error
