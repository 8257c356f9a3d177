"""Small real stand-ins for what is slow or far away."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np

from chatbot.conversations.sealing import Seal
from chatbot.conversations.store import ConversationStore
from chatbot.deciding import Policy, Thresholds
from chatbot.encoder import ByLanguage
from chatbot.messages import (
    TALK_TO_PERSON,
    Event,
    Evidence,
    Intent,
    Message,
    Outcome,
    Reply,
    State,
    Step,
    StepTaken,
    TurnStarted,
)
from chatbot.models.folder import MODEL_FILES, Labels, write_labels
from chatbot.models.thresholds import Band, Calibrated, Trials, write_thresholds
from chatbot.project import Project, load_project
from chatbot.reply.template import Speaker
from chatbot.settings import Settings
from chatbot.turn import Assistant, Responder
from chatbot.understanding.confidence import Calibration
from chatbot.understanding.entities import NO_TABLES
from chatbot.understanding.intents import IntentClassifier, Understood
from chatbot.understanding.masking import Masker
from chatbot.understanding.meaning import Meaning
from chatbot.understanding.ngrams import Floats
from chatbot.understanding.pairs import PairCalibration
from chatbot.understanding.understand import Understanding
from chatbot.wiring import Knowledge, responders
from knowledge_base.encoder import Vectors
from knowledge_base.index import KnowledgeIndex
from knowledge_base.pairs import Hit, Pair
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import PairStore
from knowledge_base.text import normalise_question, tokens


class HashingEncoder:
    """Texts as counts of their character pairs and triples, hashed to `dim` places: like texts get like unit vectors.

    calls: how many texts it has encoded, so that a test can tell what was reused.
    """

    def __init__(self, dim: int = 256, name: str = "hashing-1") -> None:
        self.dim = dim
        self.name = name
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dim), each row L2-normalised."""
        self.calls += len(texts)
        return np.stack([self._vector(text) for text in texts]) if texts else np.empty((0, self.dim), np.float32)

    def place(self, text: str) -> int:
        """Always the only one."""
        return 0

    def _vector(self, text: str) -> Vectors:
        vector = np.full(self.dim, 1e-3, dtype=np.float32)
        padded = f" {text.casefold()} "
        for size in (2, 3):
            for start in range(len(padded) - size + 1):
                digest = hashlib.blake2b(padded[start : start + size].encode(), digest_size=8).digest()
                vector[int.from_bytes(digest, "big") % self.dim] += size
        return vector / np.linalg.norm(vector)


@contextmanager
def knowledge_base(folder: Path, pairs: Sequence[Pair]) -> Iterator[KnowledgeBase]:
    """A real knowledge base with these pairs, whose vectors are hashed."""
    store = PairStore(folder / "knowledge.db")
    index = KnowledgeIndex(store, HashingEncoder(), folder / "index")
    try:
        store.add_many(pairs)
        index.refresh()
        yield KnowledgeBase(store, index)
    finally:
        index.close()
        store.close()


class KeywordClassifier:
    """Intents by words: the first key that the masked text holds names them. It reads what a real one reads.

    read: the masked texts it was asked about.
    """

    version = "keywords-1"
    tables = NO_TABLES

    def __init__(self, intents: Mapping[str, tuple[Intent, ...]], patterns: Mapping[str, Sequence[str]]) -> None:
        self.intents = intents
        self.masker = Masker(patterns)
        self.read: list[str] = []
        self.known = frozenset[str]()

    def classify(self, masked: str, vectors: Callable[[], Floats] | None = None) -> tuple[Intent, ...]:
        self.read.append(masked)
        return next((found for word, found in self.intents.items() if word in masked.casefold()), ())

    def understood(self, masked: str, vectors: Callable[[], Floats] | None = None) -> Understood:
        return Understood(self.classify(masked, vectors))


class ListedKnowledge:
    """Pairs in a list; a hit's confidence is the share of the words that question and text have in common."""

    version = "listed-1"

    def __init__(self, pairs: Sequence[Pair] = ()) -> None:
        self.pairs = pairs

    def encode(self, text: str) -> Floats:
        return np.array([len(text), 1], np.float32)

    def search(self, text: str, language: str, k: int, vector: Floats) -> list[Hit]:
        return sorted(self._hits(text, language), key=lambda hit: -hit.score)[:k]

    def _hits(self, text: str, language: str) -> Iterator[Hit]:
        asked = set(tokens(text))
        for pair in self.pairs:
            if pair.language not in ("", language):
                continue
            if normalise_question(pair.question) == normalise_question(text):
                yield Hit(pair, pair.question, 1.0, 1.0, 1.0, exact=True)
            elif common := asked & (words := set(tokens(pair.question))):
                score = len(common) / len(asked | words)
                yield Hit(pair, pair.question, score, score, score)


class HashedKnowledge(Knowledge):
    """The knowledge base of a home, its vectors hashed: no sentence encoder is needed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, cast(ByLanguage, HashingEncoder()))


def bare_model(folder: Path, trials: Trials) -> Path:
    """A model folder that is complete, and can be calibrated anew, but not loaded."""
    folder.mkdir(parents=True)
    for name in MODEL_FILES:
        (folder / name).write_text("{}")
    none = (0.0,) * 4
    write_labels(folder, Labels(("faq", "greet"), False, Calibration(1.0, 1.0, none, none, none, 0.0)))
    write_thresholds(folder, Calibrated(Band(1.0, 1.0, 0.03, False, 0, 0.0, 0.0, 0), trials))
    return folder


PATTERNS = {"order_number": (r"(?<!\d)\d{6}(?!\d)",)}
INTENTS = {
    "hello": (Intent("greet", 0.97),),
    "你好": (Intent("greet", 0.97),),
    "weather": (Intent("out_of_scope", 0.93), Intent("faq", 0.02)),
    "person": (Intent("talk_to_person", 0.95),),
    "人工": (Intent("talk_to_person", 0.95),),
    "order": (Intent("order_status", 0.9),),
    "订单": (Intent("order_status", 0.9),),
    "hmm": (Intent("refund_status", 0.4), Intent("return_item", 0.3), Intent("complaint", 0.28)),
    "boom": (Intent("complaint", 0.99),),
}
THRESHOLDS = Thresholds(intent_answer=0.6, intent_clarify=0.25, pair_answer=0.55, pair_clarify=0.35)
CALIBRATION = PairCalibration(
    weight=0.7,
    weights=(4.0, 2.0, 1.0),
    bias=-3.0,
    band=Band(0.75, 0.25, 0.03, False, 4, 0.5, 0.0, 400),
    trials=Trials((0.9, 0.8, 0.5, 0.1), (True, True, False, False), (True, True, True, False), (True,) * 3 + (False,)),
    index="000001+3",
    encoder="hashing-1",
    pairs=2,
)
PAIRS = (
    Pair("How much does delivery cost?", "S$8; free from S$80.\nCall +65 6123 4567.", category="delivery", id=1),
    Pair("Do you deliver on Sundays?", "Yes, every day.", category="delivery", id=2),
    Pair("运费是多少？", "8 新元。", language="zh", id=3),
)


class SmallDesk:
    """The demo shop on its real rules, responses, actions and conversations; only what understands is small.

    broken: while it is true, looking at a message fails, as with a damaged model. events: all that happened, in order.
    """

    def __init__(self, home: Path, secret: str = "a secret", project: Project | None = None) -> None:
        project = project or load_project(None)
        self.classifier = KeywordClassifier(INTENTS, PATTERNS)
        self.policy = Policy(project.domain, project.rules, THRESHOLDS)
        self.conversations = ConversationStore(
            home / "conversations.db", Seal(secret), self.classifier.masker.masked, THRESHOLDS
        )
        self.understanding = Understanding(
            cast(IntentClassifier, self.classifier), ListedKnowledge(PAIRS), project.domain.intents, str
        )
        self.meaning = Meaning(self.understanding, TALK_TO_PERSON)
        self.events: list[Event] = []
        self.broken = False
        kinds = responders(self.policy, project, Speaker(project.domain))
        self.assistant = Assistant(
            self.conversations, self.understand, self.policy, {kind: self.noted(kinds[kind]) for kind in kinds}
        )
        self.sent = itertools.count(1)

    def understand(self, message: Message, state: State) -> Evidence:
        if self.broken:
            raise RuntimeError("the model is damaged")
        evidence = self.meaning(message, state)
        self.events.append(TurnStarted(evidence.language))
        return evidence

    def noted(self, responder: Responder) -> Responder:
        def respond(step: Step, evidence: Evidence, state: State) -> Outcome:
            outcome = responder(step, evidence, state)
            self.events += [StepTaken(step), *outcome.events]
            return outcome

        return respond

    def say(self, text: str, conversation_id: str = "c1", message_id: str = "") -> Reply:
        return self.assistant.answer(Message(conversation_id, text, message_id or f"m{next(self.sent)}"))

    def close(self) -> None:
        self.understanding.beside.shutdown()
        self.conversations.close()
