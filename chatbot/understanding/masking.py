"""Personal data out of a text, before the classifier reads it and before the log is written: one function for both.

What it finds has a form of its own: addresses of e-mail, numbers of phones, cards, orders, identities. Names and
postal addresses have none, so they stay: nothing here may be taken for anonymisation of free text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatbot.errors import ProjectError
from chatbot.messages import Entity
from chatbot.understanding.aligning import Alignment, Piece
from chatbot.understanding.text import MAX_CHARACTERS, normalised

LATIN = "A-Za-z0-9\u00c0-\u024f"
EMAIL = rf"[{LATIN}._%+\-]{{1,64}}\s?@\s?[{LATIN}\-]+(?:\.[{LATIN}\-]+)+"
LONG_NUMBER = r"(?<![\d])\+?\(?\d(?:[ \-\u2010-\u2015\u2212./()]{0,2}\d){6,}"
UNIT = r"\s?(?:kg|cm|mm|元|块|新元|sgd|dollars|euros?)"
SHORT_NUMBER = rf"(?<![\d$€£¥])(?<![$€£¥] )\d{{4,6}}(?!\d)(?!{UNIT})"
IDENTITY = r"(?<![A-Za-z0-9])[STFGM]\d{7}[A-Z](?![A-Za-z0-9])"
NUMBER = "number"
"""The kind of what is only known to be a number: anything more special found at its place is what it is."""
BEFORE: Sequence[tuple[str, str]] = (("email", EMAIL), ("identity", IDENTITY))
AFTER: Sequence[tuple[str, str]] = ((NUMBER, LONG_NUMBER), (NUMBER, SHORT_NUMBER))
MASKS = {"order_number": "order"}
TAKEN = "\0"
"""Stands where something was found, so that no later pattern reads on over it. No normalised text has it."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A masked text, and where its pieces lay in the text before."""

    text: str
    alignment: Alignment


class Masker:
    """Replaces personal data by its kind in brackets: `my order 100234` becomes `my order [order]`."""

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        """patterns: an assistant's own entities, name to regular expressions (Rasa NLU `regex`).

        Raises ProjectError for one that is none.
        """
        own = [(name, pattern) for name, group in patterns.items() for pattern in group]
        self.patterns = [(name, compiled(name, pattern)) for name, pattern in (*BEFORE, *own, *AFTER)]

    def entities(self, text: str) -> tuple[Entity, ...]:
        """E-mail addresses, identities, the own entities, other long numbers; in order of place, none overlapping."""
        found: list[Entity] = []
        rest = text
        for name, pattern in self.patterns:
            for match in pattern.finditer(rest):
                start, end = match.span()
                if start < end and TAKEN not in match.group():
                    found.append(Entity(name, text[start:end], start, end))
                    rest = rest[:start] + TAKEN * (end - start) + rest[end:]
        return tuple(sorted(found, key=lambda entity: entity.start))

    def masked(self, text: str) -> str:
        """The text, normalised, with each piece of personal data replaced. Masking twice changes nothing."""
        return self.read(normalised(text)).text

    def read(self, text: str) -> Masked:
        """A normalised text masked, with the places of the replaced pieces."""
        parts, pieces, position, length = [], [], 0, 0
        for entity in self.entities(text):
            before, shown = text[position : entity.start], mark(entity.name)
            start = length + len(before)
            length, position = start + len(shown), entity.end
            parts += [before, shown]
            pieces.append(Piece(start, length, entity.start, entity.end))
        masked = "".join([*parts, text[position:]])[:MAX_CHARACTERS].rstrip()
        return Masked(masked, Alignment(tuple(pieces)))


def mark(name: str) -> str:
    """What stands in a masked text for an entity of this name."""
    return f"[{MASKS.get(name, name)}]"


def compiled(name: str, pattern: str) -> re.Pattern[str]:
    """The pattern, upper and lower case alike. Raises ProjectError if it is no regular expression."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ProjectError(f"Regex '{name}' in the NLU data: '{pattern}' is no regular expression: {error}.") from error
