"""A small project with forms and actions on the real engine and the real store; only what understands is small."""

from __future__ import annotations

import itertools
import re
from functools import partial
from pathlib import Path

from chatbot.actions.calls import Actions
from chatbot.actions.tracker import MOST_TURNS
from chatbot.conversations.sealing import Seal
from chatbot.conversations.store import ConversationStore
from chatbot.deciding import Policy
from chatbot.messages import Entity, Evidence, Intent, Message, Reply, State
from chatbot.project import load_project
from chatbot.reply.template import Speaker
from chatbot.turn import Assistant
from chatbot.wiring import responders
from tests.fakes import THRESHOLDS

PACKAGE = "tests.actions.booking_actions"
PROJECT = load_project(Path(__file__).parent / "booking")


def understand(message: Message, state: State) -> Evidence:
    text = message.text
    intents = tuple(Intent(name, 0.9) for name in PROJECT.domain.intents if name in text.casefold())
    numbers = tuple(Entity("number", m[0], m.start(), m.end()) for m in re.finditer(r"\d+", text))
    return Evidence(text, text, "en", intents or (Intent("nothing_known", 0.1),), numbers)


class BookingDesk:
    """say() is what a customer does."""

    def __init__(self, home: Path, actions: Actions, seconds: float = 30.0) -> None:
        policy = Policy(PROJECT.domain, PROJECT.rules, THRESHOLDS)
        self.actions = actions
        self.conversations = ConversationStore(home / "conversations.db", Seal("a secret"), str, THRESHOLDS)
        speaker = Speaker(PROJECT.domain)
        past = partial(self.conversations.history, most=MOST_TURNS)
        kinds = responders(policy, PROJECT, speaker, actions, seconds, past)
        self.assistant = Assistant(self.conversations, understand, policy, kinds)
        self.sent = itertools.count(1)

    def answer(self, text: str, message_id: str = "") -> Reply:
        return self.assistant.answer(Message("c1", text, message_id or f"m{next(self.sent)}"))

    def say(self, text: str, message_id: str = "") -> list[str]:
        return [utterance.text for utterance in self.answer(text, message_id).utterances]

    def state(self) -> State:
        return self.conversations.state("c1")

    def close(self) -> None:
        self.actions.close()
        self.conversations.close()
