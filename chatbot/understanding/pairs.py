"""How sure the search is of a pair: the share of such hits whose answer is the right one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from chatbot.files import replace_text
from chatbot.models.folder import built
from chatbot.models.thresholds import Band, Share, Trials, as_json
from chatbot.understanding.text import says_nothing
from knowledge_base.encoder import Vectors
from knowledge_base.pairs import Hit
from knowledge_base.search import KnowledgeBase

FILE = "calibration.json"
Finite = Annotated[float, Field(allow_inf_nan=False)]
SIGNS = ("score", "lead", "words")
"""Of a hit: its score; how far it is ahead of the best other one, or behind it; its share of common words."""


@dataclass(frozen=True, slots=True)
class PairCalibration:
    """weight: of meaning beside words in the search's score. weights: of each of SIGNS. bias: log-odds.

    band, trials: the thresholds for the error budget, and the trials that they were computed from. index, encoder:
    what was asked. pairs: how many pairs there were.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    weight: Share
    weights: tuple[Finite, Finite, Finite]
    bias: Finite
    band: Band
    trials: Trials
    index: str
    encoder: str
    pairs: int


def signs(hits: Sequence[Hit]) -> NDArray[np.float64]:
    """SIGNS of each hit; shape (len(hits), 3)."""
    scores = [hit.score for hit in hits]
    others = [max((score for at, score in enumerate(scores) if at != own), default=0.0) for own in range(len(hits))]
    return np.array(
        [(hit.score, hit.score - other, hit.lexical) for hit, other in zip(hits, others, strict=True)], np.float64
    ).reshape(len(hits), len(SIGNS))


def confident(hits: Sequence[Hit], weights: Sequence[float], bias: float) -> list[Hit]:
    """The hits with the probability of being right as their score, best first; an exact one stays first, at 1."""
    odds = signs(hits) @ np.array(weights) + bias
    shares = 1 / (1 + np.exp(-odds))
    sure = [hit if hit.exact else replace(hit, score=float(share)) for hit, share in zip(hits, shares, strict=True)]
    return sorted(sure, key=lambda hit: (not hit.exact, -hit.score))


class SureSearch:
    """The search with confidences for scores."""

    def __init__(self, base: KnowledgeBase, calibration: PairCalibration) -> None:
        base.weight = calibration.weight
        self.base, self.calibration = base, calibration

    @property
    def version(self) -> str:
        """Version of the index."""
        return self.base.version

    def encode(self, text: str) -> Vectors:
        """The text's vector for `search`; float32, shape (dim,)."""
        vector: Vectors = self.base.index.encode([text])[0]
        return vector

    def search(self, text: str, language: str, k: int, vector: Vectors) -> list[Hit]:
        """At most k published pairs, surest first; of another language only where this one has nothing near enough.

        What says nothing finds only what equals it.
        """
        hits = self.base.search_any(text, language, k=k, vector=vector)
        if says_nothing(text):
            hits = [hit for hit in hits if hit.exact]
        return confident(hits, self.calibration.weights, self.calibration.bias)


def read_calibration(folder: Path) -> PairCalibration:
    """That of an index folder. Raises ModelError if the file is missing or damaged."""
    return built(PairCalibration, folder / FILE, "Compute it again: chatbot thresholds")


def write_calibration(folder: Path, calibration: PairCalibration) -> None:
    """Writes calibration.json, whole or not at all."""
    replace_text(folder / FILE, json.dumps(as_json(calibration)) + "\n")
