"""A turn inside the process: the held-out questions, one after another, each in a conversation of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.figures import Percentiles, percentiles
from chatbot.benchmarks.memory import peak_mb
from training_data.examples import csv_rows

if TYPE_CHECKING:
    from chatbot.messages import Language, Reply


@dataclass(frozen=True, slots=True)
class Result:
    """Of one language. start_to_first_answer_s: from before Python is started on. ms: by stage; 'total' is the turn."""

    language: str
    turns: int
    start_to_first_answer_s: float
    peak_memory_mb: float | None
    ms: dict[str, Percentiles]

    def as_json(self) -> dict[str, Any]:
        """As it is."""
        return asdict(self)


def measured(home: Path, language: Language, turns: int, began: float) -> Result:
    """Answers so many questions; the log is written as in serving. began: when this process was started (time.time)."""
    from chatbot.messages import Message
    from chatbot.settings import load_settings
    from chatbot.wiring import Frontdesk

    texts = held_out(language)
    desk = Frontdesk(load_settings(home=home))
    try:
        desk.knowledge.index.refresh()
        desk.answer(Message(f"warm-up-{language}", texts[0], "0"))
        first = time.time() - began
        replies = [desk.answer(Message(f"bench-{language}-{n}", texts[n % len(texts)], "1")) for n in range(turns)]
    finally:
        desk.close()
    return Result(language, turns, round(first, 2), peak_mb(), stages(replies))


def stages(replies: Sequence[Reply]) -> dict[str, Percentiles]:
    """Milliseconds of each stage over the replies that went through it."""
    names = dict.fromkeys(name for reply in replies for name in reply.milliseconds)
    return {
        name: percentiles([reply.milliseconds[name] for reply in replies if name in reply.milliseconds])
        for name in names
    }


def held_out(language: str) -> list[str]:
    """The questions of this language of all of the demo shop's judges."""
    from chatbot.project import load_project

    rows = [row for path in load_project(None).heldout for _, row in csv_rows(path, ("text", "language"))]
    texts = [row["text"] for row in rows if row["language"] == language]
    if not texts:
        raise BenchmarkError(f"The held-out questions have none in '{language}'.")
    return texts
