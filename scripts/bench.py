"""p50, p95, p99 of a turn in milliseconds, memory and start, on the held-out questions; printed as JSON."""

import argparse
import csv
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

STARTED = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=500)
    parser.add_argument("--language", choices=["en", "zh"], default="en")
    options = parser.parse_args()

    from chatbot.conversations.store import ConversationStore
    from chatbot.messages import Message
    from chatbot.settings import load_settings
    from chatbot.wiring import Frontdesk

    held_out = Path("training_data/heldout")
    rows = [
        row
        for name in ("intents", "retrieval")
        for row in csv.DictReader((held_out / f"{name}.csv").open("r", encoding="utf-8"))
    ]
    texts = [row["text"] for row in rows if row["language"] == options.language]
    desk = Frontdesk(load_settings())
    with tempfile.TemporaryDirectory() as folder:  # the log of a benchmark is nobody's conversation
        old = desk.conversations
        desk.assistant.conversations = ConversationStore(Path(folder) / "c.db", old.seal, old.masked, old.thresholds)
        replies = [desk.answer(Message("warm-up", texts[0], "0"))]
        first = time.perf_counter() - STARTED
        replies = [desk.answer(Message(f"bench-{n}", texts[n % len(texts)], "1")) for n in range(options.turns)]
    stages = {
        name: [r.milliseconds[name] for r in replies if name in r.milliseconds]
        for name in ("classify", "search", "total")
    }
    figures = {
        name: {f"p{q}": round(float(np.percentile(ms, q)), 2) for q in (50, 95, 99)} for name, ms in stages.items()
    }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "language": options.language,
                "turns": options.turns,
                "start_to_first_answer_s": round(first, 2),
                "peak_memory_mb": round(memory),
                "ms": figures,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
