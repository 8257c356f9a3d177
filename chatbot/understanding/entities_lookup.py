"""Names without a form of their own, as a shop's products: found where a list of them has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from chatbot.messages import Entity
from training_data.examples import HAN

PREFIX = 2
"""Characters by which a place in a text is told to begin some name: of ten thousand names a few dozen share them."""


class Lookup:
    """Rasa's lookup tables: each name is found at word borders in Latin script, anywhere in Chinese, in any case.

    The time goes with the length of the text and hardly with the number of names.
    """

    def __init__(self, tables: Mapping[str, Sequence[str]]) -> None:
        """tables: entity name to the names in its table. Of a name in two tables, the first has it."""
        self.entity: dict[str, str] = {}
        for entity, names in tables.items():
            for name in names:
                self.entity.setdefault(folded(name.strip()), entity)
        self.entity.pop("", None)
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for name in self.entity:
            lengths[name[:PREFIX]].add(len(name))
        self.lengths = {prefix: sorted(found, reverse=True) for prefix, found in lengths.items()}

    def entities(self, text: str) -> Iterator[Entity]:
        """The names in a normalised text, in order of place, none overlapping, at each place the longest."""
        if not self.entity:
            return
        low, start = folded(text), 0
        while start < len(low):
            end = self.ends(low, start)
            if end:
                yield Entity(self.entity[low[start:end]], text[start:end], start, end)
            start = end or start + 1

    def ends(self, text: str, start: int) -> int:
        """Where the longest name that begins at the place ends; 0 if none does."""
        if not is_border(text, start):
            return 0
        lengths = [*self.lengths.get(text[start : start + PREFIX], ()), *self.lengths.get(text[start], ())]
        ends = (start + length for length in lengths if start + length <= len(text))
        return next((end for end in ends if text[start:end] in self.entity and is_border(text, end)), 0)


def folded(text: str) -> str:
    """The text in small letters, each at its place."""
    low = text.lower()
    return low if len(low) == len(text) else text  # "İ" becomes two


def is_border(text: str, place: int) -> bool:
    """Whether no word goes on over the place; between Chinese characters, and beside them, none does."""
    if place in (0, len(text)):
        return True
    return not (is_of_word(text[place - 1]) and is_of_word(text[place]))


def is_of_word(char: str) -> bool:
    """Whether the character is a letter or digit of a script that sets blanks between words."""
    return char.isalnum() and not HAN.match(char)
