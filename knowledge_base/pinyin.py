"""Pinyin in the middle of Chinese, as a keyboard leaves it: 退kuan, tui款."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from knowledge_base.text import HAN, simplified

WordsLike = Callable[[str], Mapping[str, int]]  # LIKE pattern to words and how often each is: PairStore.words_like

# One syllable with Han characters before or behind it. What cannot be one (SIM, VIP, app) is not looked up.
# Initials and finals of the scheme ISO 7098, with v for ü as keyboards have it.
_SYLLABLE = (
    "(?:[zcs]h?|[bpmfdtnlgkhjqxryw])?"
    "(?:a|ai|ao|ang?|ei?|eng?|er|ou?|ong|i|ia|iao|iang?|ie|iu|ing?|iong|u|ua|uai|uang?|ui|un|uo|ue|v|ve)"
)
_MOST = 4  # syllables of a text: each may read through all stored words, 40 ms where these are 140,000
_LATIN = "a-zA-Z0-9"
_BESIDE_HAN = re.compile(
    f"(?<=[{HAN}]){_SYLLABLE}(?![{_LATIN}])|(?<![{_LATIN}]){_SYLLABLE}(?=[{HAN}])",
    re.IGNORECASE,
)


def written_out(text: str, words_like: WordsLike) -> str:
    """The text with characters for syllables beside Han characters, where a stored word tells which: 退kuan is 退款.

    A syllable becomes the character that has this reading in the word most often stored of those that its neighbour
    begins or ends; one that no stored word explains stays, and so do those after the fourth.
    """
    return _BESIDE_HAN.sub(lambda found: _character(found, words_like) or found[0], text, count=_MOST)


def _character(found: re.Match[str], words_like: WordsLike) -> str:
    """The character meant by a syllable; '' if no stored word tells."""
    syllable = found[0].casefold()
    meant = [
        (count, character) for count, character in _neighbours(found, words_like) if syllable in _readings(character)
    ]
    return max(meant, default=(0, ""))[1]


def _neighbours(found: re.Match[str], words_like: WordsLike) -> Iterator[tuple[int, str]]:
    """The characters that stored words have behind the character before, and before the one behind."""
    text, start, end = found.string, found.start(), found.end()
    if start and re.match(f"[{HAN}]", text[start - 1]):
        yield from ((count, word[1]) for word, count in words_like(f"{simplified(text[start - 1])}_").items())
    if end < len(text) and re.match(f"[{HAN}]", text[end]):
        yield from ((count, word[0]) for word, count in words_like(f"_{simplified(text[end])}").items())


@lru_cache(maxsize=4096)
def _readings(character: str) -> frozenset[str]:
    """All readings of a character, without tones."""
    # Words' readings are not needed: without them (pypinyin's README) it loads in 60 ms and 12 MB, not 300 ms and 57 MB
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, pinyin  # here, because few customers write so

    return frozenset(pinyin(character, style=Style.NORMAL, heteronym=True)[0])
