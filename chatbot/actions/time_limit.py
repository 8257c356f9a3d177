"""Work that is waited for only so long."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from chatbot.actions.calls import ActionUnavailableError

MOST_AT_ONCE = 64
"""Calls that may be under way: more than the chat page answers at once, so only what hangs ever fills it."""
log = logging.getLogger(__name__)
T = TypeVar("T")


class TimeLimit:
    """Runs each call in a thread of its own.

    No thread can be stopped from outside. One that hangs is left alone: it keeps its place among the most that may run
    at once, and as a daemon it does not keep the program from ending.
    """

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self.most = most
        self.places = threading.BoundedSemaphore(most)

    def run(self, name: str, work: Callable[[], T], seconds: float) -> T:
        """What the work returns or raises. name: of the action, for the log.

        Raises ActionUnavailableError if that takes longer, or if too many calls are under way already. What comes after
        that is dropped: the conversation has gone on.
        """
        if not self.places.acquire(blocking=False):
            raise ActionUnavailableError(f"The action '{name}' was not begun: {self.most} calls have not ended yet.")
        done: Future[T] = Future()
        began = time.monotonic()
        threading.Thread(target=self.working, args=(work, done), name=name, daemon=True).start()
        wait((done,), seconds)
        if done.done():
            return done.result()
        done.add_done_callback(lambda _: told_late(name, time.monotonic() - began))
        raise ActionUnavailableError(f"The action '{name}' took longer than {seconds:.1f} s.")

    def working(self, work: Callable[[], T], done: Future[T]) -> None:
        """The thread."""
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where it is waited for
            self.places.release()
            done.set_exception(error)
        else:
            self.places.release()
            done.set_result(result)


def told_late(name: str, seconds: float) -> None:
    """For the operator, who may want a longer limit."""
    log.warning("action %s ended after %.1f s, too late: what it said and changed was dropped", name, seconds)


class TurnBudget(threading.local):
    """Seconds that the actions of one turn may take together, so that the turn ends before its lease does.

    A turn is answered in one thread from beginning to end; what is passed as its evidence tells it from the next.
    """

    def __init__(self, most: float) -> None:
        self.most, self.spent = most, 0.0
        self.turn: object = None

    def left(self, turn: object) -> float:
        """Seconds that are left."""
        if self.turn is not turn:
            self.turn, self.spent = turn, 0.0
        return max(self.most - self.spent, 0.0)

    def spend(self, seconds: float) -> None:
        """Takes them from the turn that was last asked about."""
        self.spent += seconds
