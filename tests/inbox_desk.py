"""An inbox on real files: the log, the pairs with their index, the labels; only the vectors are hashed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chatbot.conversations.sealing import Seal
from chatbot.conversations.store import ConversationStore
from chatbot.learning.grouping import Group
from chatbot.learning.inbox import Inbox, Running
from chatbot.learning.labels import Labels
from chatbot.learning.migrations import inbox_file
from chatbot.learning.vectors import Floats
from chatbot.messages import Language
from knowledge_base.index import KnowledgeIndex
from knowledge_base.pairs import Hit
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import PairStore
from tests.fakes import THRESHOLDS, HashingEncoder
from tests.logged import log_turn


class InboxDesk:
    """The inbox and all that it stands on. A text is answered by the nearest pair from a score of 0.6."""

    def __init__(self, home: Path) -> None:
        self.log = ConversationStore(home / "conversations.db", Seal("a secret"), str, THRESHOLDS)
        self.store = PairStore(home / "knowledge.db")
        self.encoder = HashingEncoder()
        self.index = KnowledgeIndex(self.store, self.encoder, home / "index")
        self.base = KnowledgeBase(self.store, self.index)
        self.kept = inbox_file(home / "training" / "inbox.db")
        self.labels = Labels(home / "training" / "labels.db")
        self.encoded: list[str] = []
        running = Running(self.encode, self.encoder.name, self.answers, self.nearest, self.index.refresh)
        self.inbox = Inbox(self.log.connections, self.kept, self.labels, running)
        self.handled = self.inbox.handled

    def encode(self, texts: Sequence[str]) -> Floats:
        self.encoded += texts
        return self.index.encode(texts)

    def nearest(self, text: str, language: Language) -> Hit | None:
        return next(iter(self.base.search(text, language, k=1)), None)

    def answers(self, text: str, language: Language) -> int | None:
        hit = self.nearest(text, language)
        return hit.pair.id if hit and hit.score >= 0.6 else None

    def asks(self, *texts: str, conversation_id: str = "", days_ago: float = 0.01, language: Language = "en") -> None:
        """Customers ask, and get no answer; a quarter of an hour ago, unless another time is given."""
        for text in texts:
            log_turn(self.log, text, "fallback", conversation_id, days_ago=days_ago, language=language)

    def open(self, days: int = 30) -> list[Group]:
        return list(self.inbox.open(days).groups)

    def close(self) -> None:
        self.index.close()
        for each in (self.log, self.store, self.kept, self.labels):
            each.close()


def texts(group: Group) -> list[str]:
    return [wording.text for wording in group.wordings]
