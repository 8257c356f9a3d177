"""One message in, all that is known about it out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol, TypeVar, cast

from chatbot.messages import Entity, Evidence, Language, Message, State
from chatbot.understanding.following import follows
from chatbot.understanding.intents import IntentClassifier
from chatbot.understanding.ngrams import Floats
from chatbot.understanding.text import normalised
from knowledge_base.pairs import Hit
from training_data.examples import OUT_OF_SCOPE, language_of

COMMAND = re.compile(r"/(?P<intent>[^\s{]+)(?P<values>\{.*\})?")
"""What a button sends: Rasa's payload `/intent` or `/intent{"entity": "value"}`."""
NEAREST = 5
SHORT = 4
"""Letters: up to so many Latin ones do not make a Chinese conversation English."""
T = TypeVar("T")


class Knowledge(Protocol):
    """The stored answers."""

    @property
    def version(self) -> str:
        """Version of the index."""
        ...

    def encode(self, text: str) -> Floats:
        """The text's vector; shape (dim,)."""
        ...

    def search(self, text: str, language: str, k: int, vector: Floats) -> list[Hit]:
        """At most k published pairs, best first; the score is the confidence that the pair is right."""
        ...


class Understanding:
    """The classifier and the search run at the same time, each on its own core."""

    def __init__(
        self,
        classifier: IntentClassifier,
        knowledge: Knowledge,
        intents: tuple[str, ...],
        mended: Callable[[str], str],
    ) -> None:
        """intents: those that a button may name. mended: a text without its typing mistakes, for both readers."""
        self.classifier, self.knowledge, self.intents, self.mended = classifier, knowledge, intents, mended
        self.masker = classifier.masker
        self.beside = ThreadPoolExecutor(thread_name_prefix="search")

    def __call__(self, message: Message, state: State) -> Evidence:
        """The evidence of one message. Never raises for what a customer wrote."""
        began = time.perf_counter()
        text = normalised(message.text)
        pressed = COMMAND.fullmatch(text)
        command = pressed["intent"] if pressed and pressed["intent"] in self.intents else ""
        entities = values(pressed) if pressed and command else self.masker.entities(text)
        known = Evidence(
            text=text,
            masked=self.masker.masked(text),
            language=usual(message, state) if command else spoken(without(text, entities), message, state),
            entities=entities,
            command=command,
            model=self.classifier.version,
            index=self.knowledge.version,
            milliseconds={"read": elapsed(began)},
        )
        return known if command or not text or state.held_by else self.looked_up(known, state.question)

    def looked_up(self, known: Evidence, before: str) -> Evidence:
        """The evidence with intents and hits; of a follow-up alone or behind what it follows, whichever is surer."""
        text = self.mended(known.text)
        alone = self.scored(known, text)
        if not before or not follows(text):
            return alone
        behind = self.scored(known, f"{before} {text}")
        return behind if surest(behind) > surest(alone) else alone

    def scored(self, known: Evidence, text: str) -> Evidence:
        """The evidence with intents and hits for a text. Its vector is computed once, for both."""
        masked = self.masker.masked(text)
        encoding = self.beside.submit(self.knowledge.encode, text)
        searching = self.beside.submit(
            timed, lambda: self.knowledge.search(text, known.language, NEAREST, encoding.result())
        )
        same = (lambda: encoding.result()[None]) if masked == text else None
        intents, classify = timed(lambda: self.classifier.classify(masked, same))
        hits, search = searching.result()
        times = {**known.milliseconds, "classify": classify, "search": search}
        return replace(known, question=text, intents=intents, hits=tuple(hits), milliseconds=times)


def surest(evidence: Evidence) -> float:
    """The confidence in the best intent in scope, or the best pair."""
    intents = [intent.confidence for intent in evidence.intents if intent.name not in OUT_OF_SCOPE]
    return max([*intents, *(hit.score for hit in evidence.hits)], default=0.0)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What the work gave, and its milliseconds."""
    began = time.perf_counter()
    return work(), elapsed(began)


def elapsed(began: float) -> float:
    """Milliseconds since."""
    return round((time.perf_counter() - began) * 1000, 2)


def values(pressed: re.Match[str]) -> tuple[Entity, ...]:
    """The texts and numbers that a button's payload carries, at the place of the whole; none if it is no JSON."""
    try:
        given = json.loads(pressed["values"] or "{}")
    except (ValueError, RecursionError):
        return ()
    plain = {name: value for name, value in given.items() if isinstance(value, str | int | float)}
    return tuple(Entity(name, str(value), *pressed.span("values")) for name, value in plain.items())


def without(text: str, entities: Iterable[Entity]) -> str:
    """The text without its entities: an e-mail address is in no language."""
    for entity in sorted(entities, key=lambda entity: -entity.start):
        text = text[: entity.start] + " " + text[entity.end :]
    return text


def spoken(text: str, message: Message, state: State) -> Language:
    """The language of the message; the usual one where a few Latin letters tell nothing, as in "ok" or "100234"."""
    told = cast(Language, language_of(text))
    return told if told == "zh" or sum(char.isalpha() for char in text) > SHORT else usual(message, state)


def usual(message: Message, state: State) -> Language:
    """The conversation's language so far; at its start the page's."""
    return state.language if state.turn else (message.language or "en")
