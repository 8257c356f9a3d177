"""Vectors of texts, each computed once for all processes."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge_base.connections import Connections
from knowledge_base.errors import StoreError

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
"""Texts in, float32 of shape (n, dim) out, each row L2-normalised."""

FLOAT = np.dtype("<f4")
MOST = 8_192
"""Kept: 13 MB of 384 numbers each. Of more the first are forgotten."""
SLICE = 128
"""Texts from one save to the next: who is interrupted loses a second's work."""


class Vectors:
    """Encodes what it has no vector of yet, and keeps it in the inbox's file. Safe to call from several threads."""

    def __init__(self, kept: Connections, encode: Encode, encoder: str, most: int = MOST) -> None:
        """encoder: name of the weights; another one's vectors are not taken for its own."""
        self.kept, self.encode, self.encoder, self.most = kept, encode, encoder, most

    def of(self, texts: Sequence[str]) -> Floats:
        """float32, shape (len(texts), dim); at least one text."""
        keys = {text: hashlib.sha256(f"{self.encoder}\0{text}".encode()).hexdigest()[:32] for text in texts}
        known = self.known(keys.values())
        missing = [text for text, key in keys.items() if key not in known]
        for start in range(0, len(missing), SLICE):
            some = missing[start : start + SLICE]
            new = dict(zip((keys[text] for text in some), self.encode(some), strict=True))
            self.keep(new)
            known.update(new)
        return np.stack([known[keys[text]] for text in texts])

    def known(self, keys: Iterable[str]) -> dict[str, Floats]:
        """The vectors that are kept, by key."""
        with self.kept.reading() as db:
            sql = "SELECT key, vector FROM vectors WHERE key IN (SELECT value FROM json_each(?))"
            rows = db.execute(sql, [json.dumps(list(keys))]).fetchall()
        return {key: np.frombuffer(vector, FLOAT) for key, vector in rows}

    def keep(self, new: Mapping[str, Floats]) -> None:
        """Kept for the next time. A full disk keeps nobody from reading the inbox."""
        rows = [(key, vector.astype(FLOAT).tobytes()) for key, vector in new.items()]
        try:
            with self.kept.writing() as db:
                db.conn.executemany("INSERT OR IGNORE INTO vectors (key, vector) VALUES (?, ?)", rows)
                db.execute("DELETE FROM vectors WHERE id <= (SELECT max(id) FROM vectors) - ?", [self.most])
        except StoreError as error:
            log.warning("%d vectors will be computed again: %s", len(rows), error)
