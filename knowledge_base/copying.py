"""A database copied beside itself, whole or not at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from knowledge_base.errors import StoreError


def copy_beside(db: Database, name: str) -> Path:
    """Copy the database's committed state to `knowledge.<name>.db` in its folder, in the place of an older such copy.

    The caller holds the lock for writing, so that nothing is committed meanwhile and no other process copies. It is
    written under a hidden name by SQLite's backup, which reads through a connection of its own, brought to the disk and
    renamed: a copy that is there is whole. Raises StoreError if it cannot be made; nothing is left of it then.
    """
    source = Path(db.execute("PRAGMA database_list").fetchone()[2])
    target = source.with_name(f"{source.stem}.{name}{source.suffix}")
    beside = source.with_name(f".{target.name}.tmp")
    try:
        _remove(beside)  # of a process that was killed
        _write(source, beside)
        beside.replace(target)
        _sync(source.parent)
    except (sqlite3.Error, OSError) as error:
        _remove(beside)
        raise StoreError(
            f"The store {source} is to be migrated, and could not be copied to {target.name} before: {error}."
            f" Nothing was changed. Make room for {_megabytes(source)} MB in {source.parent}, then start again."
        ) from error
    return target


def _remove(beside: Path) -> None:
    """With SQLite's journal, which it would otherwise play back into the next file of this name."""
    for suffix in ("-journal", "-wal", "-shm", ""):
        beside.with_name(beside.name + suffix).unlink(missing_ok=True)


def _write(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    shutil.copymode(source, target)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as copy:
        old.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file: nothing of it stays in a -wal beside
    _sync(target)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _megabytes(path: Path) -> int:
    return path.stat().st_size // 1_000_000 + 1
