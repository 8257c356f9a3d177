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
from chatbot.understanding.aligning import Alignment, aligned
from chatbot.understanding.entities import BuiltIn, EntityFinder, none_built_in
from chatbot.understanding.following import follows
from chatbot.understanding.intents import IntentClassifier
from chatbot.understanding.ngrams import Floats
from chatbot.understanding.tagging import Tagged
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
        built_in: BuiltIn = none_built_in,
    ) -> None:
        """intents: those that a button may name. mended: a text without its typing mistakes, for both readers.

        built_in: the recognisers of dates, amounts and the like that the domain asks for.
        """
        self.classifier, self.knowledge, self.intents, self.mended = classifier, knowledge, intents, mended
        self.masker = classifier.masker
        self.finder = EntityFinder(classifier.masker, classifier.tables, built_in)
        self.beside = ThreadPoolExecutor(thread_name_prefix="search")

    def __call__(self, message: Message, state: State) -> Evidence:
        """The evidence of one message. Never raises for what a customer wrote."""
        began = time.perf_counter()
        text = normalised(message.text)
        pressed = COMMAND.fullmatch(text)
        if pressed and message.as_words:  # the values that a forged button carries are nobody's words
            text, pressed = f"/{pressed['intent']}", None
        command = pressed["intent"] if pressed and self.knows(pressed["intent"]) else ""
        entities = values(pressed) if pressed and command else self.masker.entities(text)
        known = Evidence(
            text=text,
            masked=self.masker.masked(text),
            language=usual(message, state) if command else self.spoken(text, message, state),
            entities=entities,
            command=command,
            model=self.classifier.version,
            index=self.knowledge.version,
            milliseconds={"read": elapsed(began)},
        )
        return known if command or not text or state.held_by else self.looked_up(known, state.question)

    def knows(self, intent: str) -> bool:
        """Whether a button may name it: an intent, or one of a family, as `faq/hours`."""
        return intent in self.intents or intent.partition("/")[0] in self.intents

    def spoken(self, text: str, message: Message, state: State) -> Language:
        """The language of a text, whatever addresses and numbers are in it."""
        return spoken(without(text, self.masker.entities(text)), message, state)

    def looked_up(self, known: Evidence, before: str) -> Evidence:
        """The evidence with intents and hits; of a follow-up alone or behind what it follows, whichever is surer."""
        text = self.mended(known.text)
        alone = self.scored(known, text, aligned(known.text, text))
        if not before or not follows(text):
            return alone
        behind = self.scored(alone, f"{before} {text}")
        return behind if surest(behind) > surest(alone) else alone

    def scored(self, known: Evidence, text: str, alignment: Alignment | None = None) -> Evidence:
        """The evidence with intents and hits for a text. Its vector is computed once, for both.

        alignment: of the message with the text; with it, the entities that were learned are found, too.
        """
        masked = self.masker.read(text)
        encoding = self.beside.submit(self.knowledge.encode, text)
        searching = self.beside.submit(
            timed, lambda: self.knowledge.search(text, known.language, NEAREST, encoding.result())
        )
        same = (lambda: encoding.result()[None]) if masked.text == text else None
        understood, classify = timed(lambda: self.classifier.understood(masked.text, same))
        hits, search = searching.result()
        times = {**known.milliseconds, "classify": classify, "search": search}
        scored = replace(known, question=text, intents=understood.intents, hits=tuple(hits), milliseconds=times)
        if alignment is None or not understood.entities:
            return scored
        found = (each.before(masked.alignment).before(alignment) for each in understood.entities)
        return replace(scored, entities=self.finder.find(known.text, [entity_of(each, known.text) for each in found]))


def entity_of(tagged: Tagged, text: str) -> Entity:
    """A learned entity with its words in the text, its place in which it tells."""
    kind, words = tagged.kind, text[tagged.start : tagged.end]
    return Entity(kind.name, words, tagged.start, tagged.end, kind.role, kind.group)


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
    """The texts and numbers that a button's payload carries, at the place of the whole; none if it is no JSON.

    A list is as many entities of that name.
    """
    try:
        given = json.loads(pressed["values"] or "{}")
    except (ValueError, RecursionError):
        return ()
    each = [(name, one) for name, value in given.items() for one in (value if isinstance(value, list) else [value])]
    return tuple(
        Entity(name, str(one), *pressed.span("values")) for name, one in each if isinstance(one, str | int | float)
    )


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
