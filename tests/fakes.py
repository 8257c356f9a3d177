"""Small real stand-ins for what is slow or far away."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from knowledge_base.encoder import Vectors


class HashingEncoder:
    """Texts as counts of their character pairs and triples, hashed to `dim` places: like texts get like unit vectors.

    calls: how many texts it has encoded, so that a test can tell what was reused.
    """

    def __init__(self, dim: int = 256, name: str = "hashing-1") -> None:
        self.dim = dim
        self.name = name
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dim), each row L2-normalised."""
        self.calls += len(texts)
        return np.stack([self._vector(text) for text in texts]) if texts else np.empty((0, self.dim), np.float32)

    def _vector(self, text: str) -> Vectors:
        vector = np.full(self.dim, 1e-3, dtype=np.float32)
        padded = f" {text.casefold()} "
        for size in (2, 3):
            for start in range(len(padded) - size + 1):
                digest = hashlib.blake2b(padded[start : start + size].encode(), digest_size=8).digest()
                vector[int.from_bytes(digest, "big") % self.dim] += size
        return vector / np.linalg.norm(vector)
