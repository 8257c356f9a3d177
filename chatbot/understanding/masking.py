"""Personal data out of a text, before the classifier reads it and before the log is written: one function for both.

What it finds has a form of its own: addresses of e-mail, numbers of phones, cards, orders, identities. Names and
postal addresses have none, so they stay: nothing here may be taken for anonymisation of free text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chatbot.messages import Entity
from chatbot.understanding.text import normalised

EMAIL = r"[A-Za-z0-9._%+\-]+\s?@\s?[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"
LONG_NUMBER = r"(?<![\d])\+?\(?\d(?:[ \-./()]{0,2}\d){6,}"
SHORT_NUMBER = r"(?<![\d$€£¥])(?<![$€£¥] )\d{4,6}(?!\d)(?!\s?(?:kg|cm|mm|元|新元|sgd|dollars|euros?))"
IDENTITY = r"(?<![A-Za-z0-9])[STFGM]\d{7}[A-Z](?![A-Za-z0-9])"
BEFORE: Sequence[tuple[str, str]] = (("email", EMAIL), ("identity", IDENTITY))
AFTER: Sequence[tuple[str, str]] = (("number", LONG_NUMBER), ("number", SHORT_NUMBER))
MASKS = {"order_number": "order"}


class Masker:
    """Replaces personal data by its kind in brackets: `my order 100234` becomes `my order [order]`."""

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        """patterns: an assistant's own entities, name to regular expressions (Rasa NLU `regex`)."""
        own = [(name, pattern) for name, group in patterns.items() for pattern in group]
        self.patterns = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in (*BEFORE, *own, *AFTER)]

    def entities(self, text: str) -> tuple[Entity, ...]:
        """E-mail addresses, identities, the own entities, other long numbers; in order of place, none overlapping."""
        found: list[Entity] = []
        for name, pattern in self.patterns:
            for match in pattern.finditer(text):
                if all(match.end() <= other.start or match.start() >= other.end for other in found):
                    found.append(Entity(name, match.group(), match.start(), match.end()))
        return tuple(sorted(found, key=lambda entity: entity.start))

    def masked(self, text: str) -> str:
        """The text, normalised, with each piece of personal data replaced. Masking twice changes nothing."""
        clean = normalised(text)
        pieces, position = [], 0
        for entity in self.entities(clean):
            pieces += [clean[position : entity.start], f"[{MASKS.get(entity.name, entity.name)}]"]
            position = entity.end
        return "".join([*pieces, clean[position:]])
