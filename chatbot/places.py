"""So many computations at once as there are cores, first come first served."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Places:
    """So many may compute at once; the others stand in line, and a place that is given back goes to the first of them.

    Unlike with threading.Semaphore, nobody who has just come can take it before those who wait. Who holds a place must
    not ask for another: with all places held so, nobody would go on.
    """

    def __init__(self, places: int) -> None:
        """places: cores divided by the threads of one computation. Raises ValueError below 1."""
        if places < 1:
            raise ValueError(f"places is {places}; at least 1 is needed, or nobody ever computes")
        self.free = places
        """Above 0 only while nobody waits."""
        self.line: deque[Lock] = deque()
        self.lock = Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place for the block; it is given back however the block ends."""
        self.take()
        try:
            yield
        finally:
            self.give()

    def take(self) -> None:
        """Returns at once if a place is free, else when it is this caller's turn."""
        ticket = Lock()
        with self.lock:
            if self.free:
                self.free -= 1
                return
            ticket.acquire()
            self.line.append(ticket)
        try:
            ticket.acquire()  # until give() releases it
        except BaseException:  # Ctrl-C, in the main thread: nobody may be left waiting behind one who has gone
            self.leave(ticket)
            raise

    def give(self) -> None:
        """Hands the place to the first in line."""
        with self.lock:
            if self.line:
                self.line.popleft().release()
            else:
                self.free += 1

    def leave(self, ticket: Lock) -> None:
        """Steps out of the line; a place that was handed over meanwhile goes on to the next."""
        with self.lock:
            if ticket in self.line:
                self.line.remove(ticket)
                return
        self.give()
