"""Which model is current: `models/current` names a version; serving follows it and never guesses."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from chatbot.files import replace_text
from chatbot.models.folder import check_model


class Registry:
    """The versions of the intent model under one home folder."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "models"

    def current(self) -> Path | None:
        """The current model's folder; None if none was ever promoted.

        Raises ModelError if `current` names a folder that is not there or is incomplete.
        """
        try:
            version = (self.folder / "current").read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        check_model(self.folder / version)
        return self.folder / version

    def promote(self, version: str) -> None:
        """Makes a version current by one atomic rename. Raises ModelError if it is incomplete."""
        check_model(self.folder / version)
        replace_text(self.folder / "current", version + "\n")

    def new_version(self, fingerprint: str) -> Path:
        """A folder name that sorts by time and tells the data apart; nothing is made."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        return self.folder / f"{moment}-{fingerprint[:8]}"


def fingerprint_of(rows: list[str]) -> str:
    """sha256 over the rows in sorted order, so that the same data in another order is the same data."""
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
