"""What can be wrong with a measurement."""

from __future__ import annotations

from chatbot.errors import FrontdeskError


class BenchmarkError(FrontdeskError):
    """A folder to measure on is not in the format, or a measurement did not end."""


class OutOfTimeError(BenchmarkError):
    """A measurement was stopped because its time was over."""
