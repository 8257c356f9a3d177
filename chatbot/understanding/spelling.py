"""Typing mistakes: a word that nobody knows is read as the one known word a slip away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from knowledge_base.text import tokens

SHORTEST, SHORT = 4, 4
"""Letters. Words shorter than the first are a slip away from too many others; up to the second, only swapped letters
are mended: of the judge's messages, any other edit of four letters changed more right words than wrong ones."""
USUAL = 2
"""Examples that a word is in before a slip is read as it: once may be a slip itself."""
RARER = 10
"""Examples hold slips as customers wrote them: what is in a tenth of another word's examples may be one of it."""
PART = "A-Za-z0-9À-ɏ_@/:'-"
WORD = re.compile(rf"(?<![{PART}.])[A-Za-z]{{{SHORTEST},}}(?![{PART}]|\.\w)")
"""A word of Latin letters that is no part of an address, a number or a name with a hyphen; Chinese may stand beside."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Speller:
    """Mends the words of a message, not its Chinese. Safe to call from several threads.

    A word is known if a stored question has it, or the language does; nothing known is ever changed.
    """

    def __init__(
        self,
        examples: Iterable[str],
        is_word: Callable[[str], bool],
        stored: Callable[[Iterable[str]], Mapping[str, int]],
    ) -> None:
        """is_word: whether the language has it. stored: in how many stored questions each of some words is, now."""
        self.examples = Counter(word for text in examples for word in set(tokens(text)))
        self.is_word, self.stored = is_word, stored

    def mended(self, text: str) -> str:
        """The text with each unknown word replaced by the likeliest known one at an edit distance of 1, if any is.

        Two letters swapped count as one edit (Damerau 1964: 80 % of all slips are one letter lost, added, wrong, or
        swapped with the next). The likeliest begins with the same letter, and is in most examples and stored questions.
        """
        return WORD.sub(lambda found: self.known(found[0]), text)

    def known(self, written: str) -> str:
        """The word itself, or what it is read as."""
        word = written.casefold()
        if self.is_word(word) or self.stored([word]):
            return written
        near = set(swapped(word) if len(word) <= SHORT else one_edit(word))
        stored = self.stored(near)
        counts = {other: self.examples[other] + stored.get(other, 0) for other in near}
        enough = max(USUAL, RARER * self.examples[word])
        likely = [other for other, count in counts.items() if count >= enough or (other in stored and enough == USUAL)]
        return max(likely, key=lambda other: (other[0] == word[0], counts[other], other), default=written)


def one_edit(word: str) -> Iterator[str]:
    """All strings at a distance of one letter lost, swapped, wrong or added; some come twice, some are the word."""
    yield from swapped(word)
    for at in range(len(word) + 1):
        before, behind = word[:at], word[at:]
        if behind:
            yield before + behind[1:]
        for letter in LETTERS:
            yield before + letter + behind
            if behind:
                yield before + letter + behind[1:]


def swapped(word: str) -> Iterator[str]:
    """The word with two neighbouring letters swapped, at each place."""
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
