"""The index on disk: a folder for each generation, and a file `current` that names the one in use."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np

from knowledge_base.errors import IndexFilesError
from knowledge_base.snapshot import Part

_KEPT = 2  # generations: the current one, and the one that a reader may be reading now
_LONG = 3600.0  # seconds to wait for another process that embeds a large import


@dataclass(frozen=True)
class Meta:
    """What a generation was made from; `sha256` of its two files, so that a damaged one is never searched."""

    encoder: str
    dim: int
    seq: int
    count: int
    sha256: dict[str, str]


def current(folder: Path) -> str:
    """The name of the generation in use; '' if there is none."""
    try:
        return (folder / "current").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def write(folder: Path, part: Part, encoder: str, seq: int) -> str:
    """Write a new generation and make it current; returns its name. Call inside `building`.

    It is written beside, brought to the disk and renamed, so that a reader never sees half of it.
    """
    name = f"{max(_numbers(folder), default=0) + 1:06d}"
    beside = folder / f".{name}.tmp"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    faiss.write_index(part.index, str(beside / "index.faiss"))
    np.save(beside / "phrasings.npy", np.stack([part.ids, part.hashes], axis=1))
    digests = {file.name: _sha256(file) for file in sorted(beside.iterdir())}
    meta = Meta(encoder, part.index.d, seq, len(part.ids), digests)
    (beside / "meta.json").write_text(json.dumps(asdict(meta), indent=1), encoding="utf-8")
    for path in (*beside.iterdir(), beside):
        _sync(path)
    beside.rename(folder / name)
    _point_to(folder, name)
    _prune(folder, name)
    return name


def load(folder: Path, name: str, encoder: str, dim: int) -> Part:
    """Read a generation. Raises IndexFilesError if it is missing, damaged, or made by another encoder."""
    try:
        meta = Meta(**json.loads((folder / name / "meta.json").read_text(encoding="utf-8")))
        if (meta.encoder, meta.dim) != (encoder, dim):
            raise IndexFilesError(
                f"The index was built with '{meta.encoder}' ({meta.dim} dimensions); settings name '{encoder}' ({dim})."
            )
        for file, digest in meta.sha256.items():
            if _sha256(folder / name / file) != digest:
                raise IndexFilesError(f"{folder / name / file} is damaged.")
        phrasings = np.load(folder / name / "phrasings.npy", allow_pickle=False)
        index = faiss.read_index(str(folder / name / "index.faiss"))
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise IndexFilesError(f"Index generation {folder / name} cannot be read: {error}.") from error
    if phrasings.shape != (meta.count, 2) or index.ntotal != meta.count or index.d != dim:
        raise IndexFilesError(f"Index generation {folder / name} contradicts itself.")
    return Part(index, phrasings[:, 0].copy(), phrasings[:, 1].copy())


@contextmanager
def building(folder: Path, wait: bool) -> Iterator[bool]:
    """Whether this process is the only one now that embeds much or writes a generation; if not `wait`, it may be False.

    The lock is SQLite's on an empty database: it works on every system, and ends with the process that holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lock.db"
    if path.exists() and path.stat().st_size:
        path.unlink(missing_ok=True)  # nothing is ever written into it: what is there is damage
    with closing(sqlite3.connect(path, timeout=_LONG if wait else 0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if wait:
                raise IndexFilesError(f"Another process has been building {folder} for an hour. Stop it.") from error
            yield False
            return
        yield True


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal() and path.is_dir())


def _point_to(folder: Path, name: str) -> None:
    beside = folder / "current.tmp"
    beside.write_text(name, encoding="utf-8")
    _sync(beside)
    beside.replace(folder / "current")
    _sync(folder)


def _prune(folder: Path, name: str) -> None:
    for number in _numbers(folder)[:-_KEPT]:
        if f"{number:06d}" != name:
            shutil.rmtree(folder / f"{number:06d}", ignore_errors=True)
    for left_over in folder.glob(".*.tmp"):  # of a process that was killed; we hold the lock, so nobody writes one now
        shutil.rmtree(left_over, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
