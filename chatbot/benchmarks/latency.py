"""What a turn takes, inside the process and over HTTP, on a copy of the installation's home."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.benchmarks import rest, turns
from chatbot.benchmarks.apart import apart
from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.homes import copied_home
from chatbot.settings import Settings

if TYPE_CHECKING:
    from chatbot.messages import Language


def measure(
    settings: Settings, languages: Sequence[Language], count: int, requests: int, tell: Callable[[str], None]
) -> tuple[list[turns.Result], rest.Result]:
    """count: turns inside the process, of each language. requests: of one client; several clients send more.

    Raises BenchmarkError if the home has no model yet.
    """
    from chatbot.wiring import is_set_up

    if not is_set_up(settings):
        raise BenchmarkError(f"{settings.home} has no trained assistant yet. Run: chatbot setup")
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as place:
        home = copied_home(settings.home, Path(place) / "home")
        inside = []
        for language in languages:
            tell(f"{count} turns inside the process, {language}")
            inside.append(apart(turns.measured, home, language, count, time.time()))
        tell(f"over HTTP: 1, {', '.join(map(str, rest.CLIENTS))} clients")
        texts: dict[str, Sequence[str]] = {language: turns.held_out(language) for language in languages}
        return inside, rest.measured(home, texts, requests, Path(place))
