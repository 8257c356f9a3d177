"""Turns in the log as the assistant writes them, with whatever evidence and step a test needs."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from chatbot.conversations.store import ConversationStore, timestamp
from chatbot.messages import Entity, Evidence, Intent, Language, Message, Outcome, Step, StepKind, Utterance
from knowledge_base.pairs import Hit, Pair

NUMBERS = itertools.count(1)


def log_turn(
    store: ConversationStore,
    text: str,
    step: Step | StepKind = "fallback",
    conversation_id: str = "",
    *,
    language: Language = "en",
    intents: tuple[Intent, ...] = (),
    entities: tuple[Entity, ...] = (),
    command: str = "",
    rating: int = 0,
    days_ago: float = 0,
) -> int:
    """One turn, of a conversation of its own unless one is named; its id."""
    number = next(NUMBERS)
    conversation_id = conversation_id or f"of-turn-{number}"
    evidence = Evidence(text, text, language, intents=intents, entities=entities, command=command)
    taken = step if isinstance(step, Step) else Step(step, "as the test has it")
    with store.turn(Message(conversation_id, text, f"m{number}")) as turn:
        turn.begin(evidence)
        turn.take(taken, Outcome((Utterance("..."),)))
    if rating:
        store.rate(conversation_id, f"m{number}", rating)
    with store.connections.writing() as db:
        [(turn_id,)] = db.execute("SELECT id FROM turns WHERE message_id = ?", [f"m{number}"]).fetchall()
        if days_ago:
            at = timestamp(datetime.now(UTC) - timedelta(days=days_ago))
            db.execute("UPDATE turns SET at = ? WHERE id = ?", [at, turn_id])
    return int(turn_id)


def answer_of(pair_id: int, score: float, exact: bool = False) -> Step:
    """A stored answer that was given with this confidence."""
    hit = Hit(Pair("?", "!", id=pair_id), "?", score, score, score, exact)
    return Step("retrieval", "as the test has it", str(pair_id), hit)
