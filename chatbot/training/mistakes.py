"""Typing mistakes, made by chance: to be learned from, and to be judged on."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pypinyin import lazy_pinyin

from knowledge_base.text import share_of_han

KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
"""Neighbours on the keyboard are beside each other in a row."""


def sounds(texts: Sequence[str]) -> dict[str, str]:
    """The Han characters of the texts that sound as each of them does: what an input method offers in its place."""
    by_sound: dict[str, set[str]] = defaultdict(set)
    for character in {character for text in texts for character in text if share_of_han(character) == 1.0}:
        by_sound[lazy_pinyin(character)[0]].add(character)
    return {
        character: "".join(sorted(same - {character}))
        for same in by_sound.values()
        for character in same
        if len(same) > 1
    }


def mistyped(texts: Sequence[str], alike: Mapping[str, str], number: int) -> list[str]:
    """Each text with one mistake, the same ones for the same number."""
    chance = random.Random(number)
    return [slip(text, alike, chance) for text in texts]


def slip(text: str, alike: Mapping[str, str], chance: random.Random) -> str:
    """One mistake: a character of the same sound; else two letters swapped, one lost, doubled, or its neighbour."""
    same = [at for at, character in enumerate(text) if character in alike]
    if same:
        at = chance.choice(same)
        return text[:at] + chance.choice(alike[text[at]]) + text[at + 1 :]
    places = [at for at in range(1, len(text) - 1) if text[at].isalpha() and text[at - 1].isalpha()]
    if not places:
        return text
    at = chance.choice(places)
    kind = chance.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    return text[:at] + (text[at] * 2 if kind == 2 else beside(text[at], chance)) + text[at + 1 :]


def beside(letter: str, chance: random.Random) -> str:
    """A neighbour on the keyboard; the letter itself if it is on none."""
    for row in KEYS:
        if (at := row.find(letter.lower())) >= 0:
            return chance.choice([row[near] for near in (at - 1, at + 1) if 0 <= near < len(row)])
    return letter
