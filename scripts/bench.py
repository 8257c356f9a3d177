"""Parses, measures, and says what went wrong in one sentence. Exit codes: those of chatbot/cli.py."""

from __future__ import annotations

import signal
import sys

from chatbot.benchmarks.commands import parser
from chatbot.errors import FrontdeskError
from knowledge_base.errors import KnowledgeBaseError
from training_data.examples import TrainingDataError

STOPPED, TERMINATED = 130, 143


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # unwinds, so that no process is left behind
    options = parser().parse_args()
    try:
        options.run(options)
    except (FrontdeskError, KnowledgeBaseError, TrainingDataError) as error:
        return fail(str(error), 1)
    except OSError as error:
        return fail(f"{error.strerror or error}: {error.filename or 'while measuring'}.", 1)
    except KeyboardInterrupt:
        return fail("Stopped.", STOPPED)
    return 0


def fail(sentence: str, code: int) -> int:
    sys.stderr.write(f"bench: {sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
