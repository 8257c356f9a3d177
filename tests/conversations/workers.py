"""What another process does in the tests of test_processes.py."""

from __future__ import annotations

import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

from chatbot.conversations.sealing import Seal, secret
from chatbot.conversations.store import ConversationStore
from chatbot.messages import Evidence, Message, Outcome, SlotSet, Step, Utterance
from tests.fakes import THRESHOLDS


def opened(home: Path) -> ConversationStore:
    return ConversationStore(home / "conversations.db", Seal("a secret"), str, THRESHOLDS)


def take_turn(store: ConversationStore, conversation_id: str, message_id: str, journal: Path, pause: float) -> str:
    """One turn that writes down its beginning and its end, and counts the turns so far in a slot."""
    with store.turn(Message(conversation_id, "hello", message_id)) as turn:
        if turn.repeated:
            return turn.reply.text
        turn.begin(Evidence("hello", "hello", "en"))
        note(journal, f"begin {conversation_id} {message_id}")
        before = int(turn.state.slots.get("count") or 0)
        time.sleep(pause)
        said = Utterance(f"{message_id} is number {before + 1}")
        turn.take(Step("template", "test"), Outcome((said,), (SlotSet("count", before + 1),)))
        note(journal, f"end {conversation_id} {message_id}")
        return turn.reply.text


def note(journal: Path, line: str) -> None:
    with journal.open("a") as file:  # short appends are atomic
        file.write(line + "\n")


def take_turns(home: Path, ready: Barrier, conversation_id: str, message_ids: list[str], pause: float) -> None:
    store = opened(home)
    ready.wait(60)
    for message_id in message_ids:
        note(home / "answers", take_turn(store, conversation_id, message_id, home / "journal", pause))
    store.close()


def meet_inside_turns(home: Path, ready: Barrier, conversation_id: str) -> None:
    """Ends only if another process is inside a turn at the same time."""
    store = opened(home)
    with store.turn(Message(conversation_id, "hello", "m1")) as turn:
        turn.begin(Evidence("hello", "hello", "en"))
        ready.wait(60)
        turn.take(Step("template", "test"), Outcome((Utterance("met"),)))
    store.close()


def die_inside_a_turn(home: Path) -> None:
    """Leaves the lease of its turn behind, as a killed process does."""
    import os

    store = opened(home)
    with store.turn(Message("c1", "hello", "m1")) as turn:
        turn.begin(Evidence("hello", "hello", "en"))
        os._exit(9)


def read_secret(home: Path, ready: Barrier) -> None:
    ready.wait(60)
    note(home / "secrets", secret(home / "fresh"))
