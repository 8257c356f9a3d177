"""What the knowledge base needs of an encoder; the real one lives with the assistant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into unit vectors, so that an inner product is a cosine."""

    @property
    def name(self) -> str:
        """Name and version of the weights: vectors of two names must never meet in one index."""
        ...

    @property
    def dim(self) -> int:
        """Length of one vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dim), each row L2-normalised."""
        ...
