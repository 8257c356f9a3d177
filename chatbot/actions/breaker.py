"""A circuit breaker: where an action server does not answer, customers are not kept waiting for it, one by one.

The pattern: Michael Nygard, Release It!, second edition, chapter 5.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from chatbot.actions.calls import Actions, ActionUnavailableError, Call, Result
from chatbot.errors import ActionError

OPENS_AFTER = 3
"""Calls without an answer, in a row."""
OPEN_FOR = 10.0
"""Seconds until one call is let through to see whether it is back."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a server. Pure: the time is always given, in seconds on a clock that only goes forward.

    failures: in a row. opened: when it was opened, None while it is closed. trying: one call is under way to see
    whether the server is back.
    """

    failures: int = 0
    opened: float | None = None
    trying: bool = False

    def lets_through(self, now: float) -> bool:
        """Whether a call may be made."""
        return self.opened is None or (not self.trying and now >= self.opened + OPEN_FOR)

    def called(self) -> Circuit:
        """A call that was let through is under way."""
        return self if self.opened is None else replace(self, trying=True)

    def answered(self) -> Circuit:
        """The server has answered, whatever it said: closed."""
        return Circuit()

    def failed(self, now: float) -> Circuit:
        """It has not. A call that began before the circuit opened does not keep it open for longer."""
        failures = self.failures + 1
        if self.opened is not None and not self.trying:
            return replace(self, failures=failures)
        return Circuit(failures, now if self.trying or failures >= OPENS_AFTER else None)


class Breaker:
    """Actions of one server behind a circuit. Safe for several threads."""

    def __init__(self, actions: Actions, clock: Callable[[], float] = time.monotonic) -> None:
        self.actions, self.clock = actions, clock
        self.circuit = Circuit()
        self.guard = threading.Lock()

    def run(self, call: Call, seconds: float) -> Result:
        """As Actions.run; raises ActionUnavailableError at once while the circuit is open."""
        self.enter(str(call["next_action"]))
        try:
            result = self.actions.run(call, seconds)
        except ActionUnavailableError:
            self.leave(False)
            raise
        except ActionError:
            self.leave(True)  # the server is there; it is the action that failed
            raise
        except BaseException:
            self.leave(False)
            raise
        self.leave(True)
        return result

    def close(self) -> None:
        """As Actions.close."""
        self.actions.close()

    def enter(self, name: str) -> None:
        """Raises ActionUnavailableError if no call may be made now."""
        with self.guard:
            if not self.circuit.lets_through(self.clock()):
                raise ActionUnavailableError(f"The action '{name}' was not called: its server does not answer.")
            self.circuit = self.circuit.called()

    def leave(self, answered: bool) -> None:
        """Keeps what came of a call."""
        with self.guard:
            before = self.circuit
            self.circuit = before.answered() if answered else before.failed(self.clock())
            if before.opened is None and self.circuit.opened is not None:
                log.error("the action server does not answer: not called again for %.0f s", OPEN_FOR)
            elif before.opened is not None and self.circuit.opened is None:
                log.warning("the action server answers again")
