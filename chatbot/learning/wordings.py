"""What customers asked, in the words in which they asked it: turns of one text together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from chatbot.conversations.unanswered import UnansweredTurn
from chatbot.messages import Language
from chatbot.understanding.text import says_nothing
from knowledge_base.checking import MAX_QUESTION
from knowledge_base.text import normalise_question
from training_data.examples import language_of

PLACEHOLDER = re.compile(r"\[[^\[\]]{1,64}\]")
"""What masking leaves in place of personal data: `[order]`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A masked text as it is compared. key: the same for texts that are the same question.

    bare: without placeholders; '' if it says nothing then.
    """

    key: str
    bare: str
    language: Language


@dataclass(frozen=True, slots=True)
class Wording:
    """One question in one wording. text: as the latest customer wrote it, masked. turns: newest first, at least one."""

    reading: Reading
    text: str
    turns: tuple[UnansweredTurn, ...]

    @property
    def key(self) -> str:
        """Of the text, from which its language follows; it stays whoever asks it again."""
        return self.reading.key

    @property
    def publishable(self) -> bool:
        """Whether it may become a stored phrasing unasked: neither too long nor with a placeholder in it."""
        return not PLACEHOLDER.search(self.text) and len(self.text) <= MAX_QUESTION


@lru_cache(maxsize=32_768)
def read(text: str) -> Reading:
    """How a masked text is compared. Its language is that of its own words: `[order]呢` is Chinese."""
    bare = " ".join(PLACEHOLDER.sub(" ", text).split())
    language = cast(Language, language_of(bare))
    key = hashlib.sha256(normalise_question(text).encode()).hexdigest()[:16]
    return Reading(key, "" if says_nothing(bare) else bare, language)


def wordings_of(turns: Iterable[UnansweredTurn]) -> list[Wording]:
    """The turns (newest first) by wording, the latest asked first. Texts that say nothing are left out."""
    asked: dict[str, list[UnansweredTurn]] = {}
    for turn in turns:
        reading = read(turn.text)
        if reading.bare:
            asked.setdefault(reading.key, []).append(turn)
    return [Wording(read(same[0].text), same[0].text, tuple(same)) for same in asked.values()]
