"""Thresholds as a file: from which confidence a message is answered, and the trials that they were computed from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from chatbot.files import replace_text
from chatbot.models.folder import built

Share = Annotated[float, Field(ge=0.0, le=1.0)]
BUDGET = 0.03
"""Of automatically answered messages, how many may be wrong."""
FILE = "thresholds.json"


@dataclass(frozen=True, slots=True)
class Band:
    """answer: from this confidence on it is answered; clarify: from this one on it is asked about.

    certified: whether the budget is kept with 98 % certainty for messages like the trials; else it is the best
    estimate, and about `needed` more labelled messages would certify it. coverage: of messages with an intent, how
    many are answered. wrong: of answered trials.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    answer: Share
    clarify: Share
    budget: Share
    certified: bool
    trials: int
    coverage: Share
    wrong: Share
    needed: int


@dataclass(frozen=True, slots=True)
class Trials:
    """Messages that nothing was learned from.

    scores: confidence in the best answer. right: whether it is the right one. among: whether the right one is among the
    best three. inside: whether there is a right one.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    scores: tuple[float, ...]
    right: tuple[bool, ...]
    among: tuple[bool, ...]
    inside: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What thresholds.json holds: the band in force, and what it can be computed from again for another budget."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    band: Band
    trials: Trials


def as_json(value: Any) -> dict[str, Any]:
    """A dataclass for a file."""
    return asdict(value)


def read_thresholds(folder: Path) -> Calibrated:
    """The folder's thresholds. Raises ModelError if the file is missing or damaged."""
    return built(Calibrated, folder / FILE)


def write_thresholds(folder: Path, calibrated: Calibrated) -> None:
    """Writes thresholds.json, whole or not at all."""
    replace_text(folder / FILE, json.dumps(as_json(calibrated)) + "\n")
