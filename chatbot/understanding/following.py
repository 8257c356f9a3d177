"""Whether a message only makes sense with the one before it: "and to Canada?", "那退款呢？"."""

from __future__ import annotations

import re

LONGEST_WORDS, LONGEST_HAN = 8, 14
ENGLISH = re.compile(r"(?:and|or|but|also|then|what about|how about|what if|same (?:for|with))\b", re.IGNORECASE)
CHINESE = re.compile(r"(?:那|那么|还有|另外|如果是|换成|或者)(?!个|边|里|些|你好).+|.*呢[?？!！。]*")


def follows(text: str) -> bool:
    """Whether a normalised text is short and begins, or in Chinese ends, like the second part of a question."""
    short = len(text.split()) <= LONGEST_WORDS and len(text) <= (LONGEST_HAN if CHINESE.fullmatch(text) else 60)
    return short and bool(ENGLISH.match(text) or CHINESE.fullmatch(text))
