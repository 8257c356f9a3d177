"""Writing a folder or a file so that a reader never sees half of it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def synced(path: Path) -> None:
    """Forces a file, or a folder's entries, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def written_beside(target: Path) -> Iterator[Path]:
    """An empty folder that becomes `target` by one atomic rename when the block ends well, and is removed if not.

    Raises FileExistsError if the target exists by then (another process was faster); the other's stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        yield draft
        for file in sorted(draft.rglob("*")):
            synced(file)
        synced(draft)
        draft.chmod(0o755)
        if target.exists():  # an empty folder would be replaced by the rename
            raise FileExistsError(f"{target} exists already.")
        try:
            draft.rename(target)
        except OSError as error:  # made since, by a faster process
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise FileExistsError(f"{target} exists already.") from error
        synced(target.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """The file holds the text, by one atomic rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
        synced(path.parent)
    finally:
        draft.unlink(missing_ok=True)
