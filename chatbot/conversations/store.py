"""Conversations in SQLite: the masked log, the sealed live state, and one turn at a time."""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chatbot.conversations.codec import reply_from, reply_json, state_from, state_json, trace_json
from chatbot.conversations.masked import masked_message, masked_reply, without_words
from chatbot.conversations.migrations import MIGRATIONS
from chatbot.conversations.sealing import Seal
from chatbot.deciding import Thresholds
from chatbot.errors import ConversationError, MessageError
from chatbot.messages import (
    Event,
    Evidence,
    Exchange,
    Held,
    Message,
    Offered,
    Outcome,
    Reply,
    State,
    Step,
    StepTaken,
    TurnStarted,
    Utterance,
)
from knowledge_base.connections import Connections

ID = re.compile(r"[A-Za-z0-9._:@\-]{1,128}")
LEASE = 60.0
"""Seconds after which a turn whose process died no longer keeps the next one waiting."""
PATIENCE = 30.0
"""Seconds that a message waits for the one before it."""
BUSY = "The message before this one is still being answered. Send it again in a minute."


class ConversationStore:
    """Reads and writes conversations. Safe for several threads and several processes."""

    def __init__(
        self,
        path: Path,
        seal: Seal,
        masked: Callable[[str], str],
        thresholds: Thresholds,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.connections = Connections(path, MIGRATIONS, synchronous="NORMAL")
        self.seal, self.masked, self.thresholds, self.clock = seal, masked, thresholds, clock
        self.holder = secrets.token_hex(8)
        self.waiting: dict[str, Waiting] = {}
        self.guard = threading.Lock()

    @contextmanager
    def turn(self, message: Message) -> Iterator[OpenTurn]:
        """One turn, alone in its conversation; written when the block ends well.

        If the block fails, the message is kept as a failed turn, and the same message id may be tried again.
        Raises MessageError for an id that is none, ConversationError if the turn before it does not end.
        """
        for name, value in (("conversation_id", message.conversation_id), ("message_id", message.message_id)):
            if not ID.fullmatch(value):
                raise MessageError(f"{name} is '{value[:40]}'; 1 to 128 letters, digits or . _ : @ - are allowed.")
        with self.alone(message.conversation_id):
            before = self.answered(message)
            idle = self.idle(message.conversation_id)
            turn = OpenTurn(message, self.state(message.conversation_id), before, idle)
            try:
                yield turn
            except Exception:
                if not turn.repeated:
                    self.write(turn, failed=True)
                raise
            if not turn.repeated:
                self.write(turn, failed=False)

    @contextmanager
    def alone(self, conversation_id: str) -> Iterator[None]:
        """Threads of this process queue at a lock, processes at a lease in the database.

        Raises ConversationError after PATIENCE.
        """
        with self.guard:
            place = self.waiting.setdefault(conversation_id, Waiting())
            place.count += 1
        try:
            if not place.lock.acquire(timeout=PATIENCE):
                raise ConversationError(BUSY)
            try:
                self.take_lease(conversation_id)
                try:
                    yield
                finally:
                    with self.connections.writing() as db:
                        db.execute(
                            "DELETE FROM leases WHERE conversation_id = ? AND holder = ?",
                            [conversation_id, self.holder],
                        )
            finally:
                place.lock.release()
        finally:
            with self.guard:
                place.count -= 1
                if not place.count:
                    del self.waiting[conversation_id]

    def take_lease(self, conversation_id: str) -> None:
        """Waits until no other process answers this conversation. Raises ConversationError after PATIENCE."""
        give_up = time.monotonic() + PATIENCE
        while True:
            now = time.time()
            with self.connections.writing() as db:
                taken = db.execute(
                    """INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (conversation_id)
                    DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE until < ?""",
                    [conversation_id, self.holder, now + LEASE, now],
                ).rowcount
            if taken:
                return
            if time.monotonic() > give_up:
                raise ConversationError(BUSY)
            time.sleep(0.01)

    def answered(self, message: Message) -> Reply | None:
        """The reply that this message id got before; None for a new one."""
        row = self.row(
            """SELECT reply, sealed FROM turns LEFT JOIN live_turns ON turn_id = id
            WHERE turns.conversation_id = ? AND message_id = ? AND route != 'failed'""",
            [message.conversation_id, message.message_id],
        )
        if row is None:
            return None
        value = self.seal.open(row[1])["reply"] if row[1] else json.loads(row[0])
        return reply_from(value, message.conversation_id, message.message_id)

    def state(self, conversation_id: str) -> State:
        """What is remembered of a conversation; a fresh state for a new one.

        When its time has passed, the log still tells the language and the number of turns: a number is never used
        again, for a ticket is known by it.
        """
        row = self.row("SELECT sealed FROM live_states WHERE conversation_id = ?", [conversation_id])
        if row:
            return state_from(self.seal.open(row[0]), conversation_id)
        logged = self.row(
            "SELECT language, number FROM turns WHERE conversation_id = ? AND route != 'failed' ORDER BY id DESC",
            [conversation_id],
        )
        return State(conversation_id, *(logged or ()))

    def idle(self, conversation_id: str) -> float:
        """Minutes since the customer was last answered in this conversation; 0 in a new one."""
        row = self.row(
            "SELECT at FROM turns WHERE conversation_id = ? AND route != 'failed' ORDER BY id DESC LIMIT 1",
            [conversation_id],
        )
        return (self.clock() - datetime.fromisoformat(row[0])).total_seconds() / 60 if row else 0.0

    def row(self, query: str, values: Sequence[object]) -> Any:
        """The first row of a query, or None."""
        with self.connections.reading() as db:
            return db.execute(query, values).fetchone()

    def write(self, turn: OpenTurn, failed: bool) -> None:
        """The log's row, the live rows and the conversation's row, in one transaction.

        Raises ConversationError if the turn took longer than its lease and another process has gone on.
        """
        reply, state, now = turn.reply, turn.state, timestamp(self.clock())
        seen = turn.evidence
        shown = masked_reply(reply, without_words(self.masked, state))
        values: dict[str, object] = {
            "conversation_id": reply.conversation_id,
            "number": state.turn,
            "message_id": reply.message_id,
            "at": now,
            "text": masked_message(turn.message.text, self.masked, state, understood=seen is not None),
            "language": state.language,
            "intent": reply.intent.name if reply.intent else "",
            "confidence": reply.intent.confidence if reply.intent else None,
            "route": "failed" if failed else reply.steps[-1].kind if reply.steps else "listen",
            "reply": dumped(reply_json(shown)),
            "trace": dumped(trace_json(reply, seen, self.thresholds) if seen else {}),
            "model": reply.model,
            "index_version": reply.index,
            "ms": reply.milliseconds.get("total", 0.0),
        }
        columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        raw = {"text": turn.message.text, "reply": reply_json(reply)}
        with self.connections.writing() as db:
            ours = "SELECT 1 FROM leases WHERE conversation_id = ? AND holder = ?"
            if not db.execute(ours, [reply.conversation_id, self.holder]).fetchone():
                raise ConversationError(
                    f"The turn took longer than {LEASE:.0f} s, and a later one has begun. Try again."
                )
            db.execute(
                """INSERT INTO conversations VALUES (:id, :language, :now, :now)
                ON CONFLICT (id) DO UPDATE SET language = excluded.language, last_at = excluded.last_at""",
                {"id": reply.conversation_id, "language": state.language, "now": now},
            )
            same = [reply.conversation_id, reply.message_id]
            failed_before = "SELECT id FROM turns WHERE conversation_id = ? AND message_id = ?"
            db.execute(f"DELETE FROM live_turns WHERE turn_id IN ({failed_before})", same)  # noqa: S608
            db.execute("DELETE FROM turns WHERE conversation_id = ? AND message_id = ?", same)
            turn_id = db.execute(
                f"INSERT INTO turns ({columns}) VALUES ({places}) RETURNING id",  # noqa: S608
                values,
            ).fetchone()[0]
            db.execute(
                "INSERT INTO live_turns VALUES (?, ?, ?)", [turn_id, reply.conversation_id, self.seal.close(raw)]
            )
            if not failed:
                db.execute(
                    "INSERT OR REPLACE INTO live_states VALUES (?, ?)",
                    [reply.conversation_id, self.seal.close(state_json(state))],
                )

    def history(self, conversation_id: str, most: int = -1) -> list[Exchange]:
        """The answered turns of a conversation, in order: as they were said, or masked once their time has passed.

        most: of the latest; all, if negative.
        """
        with self.connections.reading() as db:
            rows = db.execute(
                """SELECT message_id, text, reply, rating, at, sealed FROM turns LEFT JOIN live_turns ON turn_id = id
                WHERE turns.conversation_id = ? AND route != 'failed' ORDER BY id DESC LIMIT ?""",
                [conversation_id, most],
            ).fetchall()
        found = []
        for message_id, text, reply, rating, at, sealed in reversed(rows):
            raw = self.seal.open(sealed) if sealed else {"text": text, "reply": json.loads(reply)}
            found.append(
                Exchange(message_id, raw["text"], reply_from(raw["reply"], conversation_id, message_id), rating, at)
            )
        return found

    def rate(self, conversation_id: str, message_id: str, rating: int) -> None:
        """Thumbs up (1), down (-1) or neither (0), kept with the turn.

        Raises ConversationError if the conversation has no such turn, MessageError for another number.
        """
        if rating not in (-1, 0, 1):
            raise MessageError(f"rating is {rating}; allowed are -1, 0 and 1.")
        with self.connections.writing() as db:
            done = db.execute(
                "UPDATE turns SET rating = ? WHERE conversation_id = ? AND message_id = ?",
                [rating, conversation_id, message_id],
            ).rowcount
        if not done:
            raise ConversationError(f"There is no turn '{message_id}' in this conversation.")

    def hold(self, conversation_id: str, by: str) -> None:
        """A person takes the conversation over; an empty name gives it back to the bot."""
        with self.alone(conversation_id):
            state = self.state(conversation_id).after(Held(by))
            with self.connections.writing() as db:
                db.execute(
                    "INSERT OR REPLACE INTO live_states VALUES (?, ?)",
                    [conversation_id, self.seal.close(state_json(state))],
                )

    def forget(self, idle_for: timedelta) -> int:
        """Deletes the live rows of conversations without a turn for so long; the masked log stays. Returns how many."""
        before = timestamp(self.clock() - idle_for)
        with self.connections.writing() as db:
            idle = "SELECT id FROM conversations WHERE last_at < ?"
            gone = db.execute(f"DELETE FROM live_turns WHERE conversation_id IN ({idle})", [before]).rowcount  # noqa: S608
            return gone + db.execute(f"DELETE FROM live_states WHERE conversation_id IN ({idle})", [before]).rowcount  # noqa: S608

    def close(self) -> None:
        """Closes the file."""
        self.connections.close()


class Waiting:
    """A lock with the number of threads that want it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0


class OpenTurn:
    """A turn while it is answered. idle: minutes since the one before it."""

    def __init__(self, message: Message, state: State, before: Reply | None, idle: float = 0.0) -> None:
        self.message, self.state, self.before, self.idle = message, state, before, idle
        self.evidence: Evidence | None = None
        self.utterances: tuple[Utterance, ...] = ()
        self.began = time.perf_counter()

    @property
    def repeated(self) -> bool:
        """Whether this message id was answered before."""
        return self.before is not None

    @property
    def reply(self) -> Reply:
        """All that was said so far; the first reply for a repeated message."""
        if self.before is not None:
            return self.before
        seen, total = self.evidence, round((time.perf_counter() - self.began) * 1000, 2)
        return Reply(
            self.message.conversation_id,
            self.message.message_id,
            self.state.language,
            self.utterances,
            self.state.taken,
            seen.intents[0] if seen and seen.intents else None,
            seen.model if seen else "",
            seen.index if seen else "",
            {**(seen.milliseconds if seen else {}), "total": total},
        )

    def resume(self, events: Sequence[Event]) -> None:
        """What has happened by the passing of time alone."""
        self.state = self.state.after(*events)

    def begin(self, evidence: Evidence, events: Sequence[Event] = ()) -> None:
        """What was understood is kept, and the next state begins with what the message says of slots."""
        self.evidence = evidence
        self.state = self.state.after(TurnStarted(evidence.language, evidence.question), *events)

    def take(self, step: Step, outcome: Outcome, entities: tuple[str, ...] = ()) -> None:
        """Replies out, events into the next state."""
        self.utterances += outcome.utterances
        shown = tuple(button for utterance in outcome.utterances for button in utterance.buttons)
        self.state = self.state.after(StepTaken(step, entities), *outcome.events, Offered(shown))


def dumped(value: Mapping[str, Any]) -> str:
    """JSON on one line, UTF-8."""
    return json.dumps(value, ensure_ascii=False)


def timestamp(moment: datetime | None = None) -> str:
    """ISO 8601 in UTC, to the millisecond, so that text order is time order."""
    return (moment or datetime.now(UTC)).isoformat(timespec="milliseconds")
