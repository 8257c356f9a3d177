"""Whether a message only makes sense with the one before it: "and to Canada?", "那退款呢？"."""

from __future__ import annotations

import re

LONGEST_WORDS, LONGEST_HAN = 8, 14
ENGLISH = re.compile(r"(?:and|or|but|also|then|what about|how about|what if|same (?:for|with))\b", re.IGNORECASE)
POINTING = re.compile(
    r"(?:how (?:much|big|heavy|long|tall|wide|high|old|many)|what (?:colou?rs?|sizes?)|is|are|does|do|can (?:i|you))\b"
    r"(?!.*\b(?:possible|ok|okay|true|allowed|too late|safe)\b).*\b(?:it|they|them|that|those|these|this)\b.*",
    re.IGNORECASE,
)
"""A short question about what was spoken of just now: "how much is it?"."""
SHORTEST = 7
"""Words of such a question at most."""
CHINESE_POINTING = re.compile(r"(?:那|这)?(?:它|这个|那个|这款|那款|这种|那种)[^，。]{1,8}[?？]?")
CHINESE = re.compile(r"(?:那|那么|还有|另外|如果是|换成|或者)(?!个|边|里|些|你好).+|.*呢[?？!！。]*")


def follows(text: str) -> bool:
    """Whether a normalised text is short, and begins or ends like the second part of a question, or points back."""
    if points_back(text):
        return True
    short = len(text.split()) <= LONGEST_WORDS and len(text) <= (LONGEST_HAN if CHINESE.fullmatch(text) else 60)
    return short and bool(ENGLISH.match(text) or CHINESE.fullmatch(text))


def points_back(text: str) -> bool:
    """Whether a short question speaks of "it", as what was spoken of before."""
    short = len(text.split()) <= SHORTEST
    return short and bool(POINTING.fullmatch(text) or CHINESE_POINTING.fullmatch(text))
