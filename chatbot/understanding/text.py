"""A customer's text as everything else reads it."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 2000
"""The longest message that is taken; the chat page says so before sending."""

SPACES = re.compile(r"\s+")


def normalised(text: str) -> str:
    """NFKC (full-width forms become half-width), no control, zero-width or direction marks, white space folded.

    Never raises; the result may be empty. Longer than MAX_CHARACTERS is cut. Twice is the same as once.
    Source of NFKC: Unicode Standard Annex 15.
    """
    seen = "".join(
        " " if char.isspace() else char
        for char in text[: 2 * MAX_CHARACTERS]
        if char.isspace() or not is_invisible(char)
    )
    return SPACES.sub(" ", unicodedata.normalize("NFKC", seen)).strip()[:MAX_CHARACTERS].rstrip()


def says_nothing(text: str) -> bool:
    """Whether a text has fewer than two letters or digits, or one of them again and again: "哈哈哈哈", "xxxx".

    Whatever it is near to, it is by chance.
    """
    said = [char.casefold() for char in text if char.isalnum()]
    return len(said) < 2 or (len(said) > 2 and len(set(said)) == 1)


QUESTION = re.compile(
    r".*[?？][\s\"')）」』]*|.*(?:吗|呢|么)[。!！~～]*"
    r"|(?:what|when|where|who|why|how|which|can|could|do|does|did|is|are|will|would|may|should)\b.*"
    r"|(?:请问|怎么|如何|为什么|哪|什么|多久|多少|能不能|可不可以|是否|有没有).*",
    re.IGNORECASE | re.DOTALL,
)


def is_question(text: str) -> bool:
    """Whether a normalised text has the form of a question, in English or Chinese."""
    return bool(QUESTION.fullmatch(text))


def is_invisible(char: str) -> bool:
    """Control, format (zero-width joiners apart, which emoji need), surrogate and private characters."""
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") and char != "\u200d"
