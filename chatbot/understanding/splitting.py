"""Two questions in one message: "How long does delivery take, and can I return a sofa?"."""

from __future__ import annotations

import re

from chatbot.understanding.text import is_question

MOST = 3
"""Questions of one message that are answered apart; who asks more is understood as a whole."""
LEAST_LATIN, LEAST_HAN = 3, 4
"""Words, or Chinese characters, of a question of its own."""
ASKS = r"(?:what|when|where|who|why|how|which|can|could|do|does|did|is|are|will|would|may|should|am)\b"
ENGLISH = rf"(?:,\s*|\s+)(?:and also|and then|and|also|plus)(?:,)?\s+(?={ASKS})"
ALSO = r"(?:还有|另外|以及|顺便(?:问一下|问下)?|再(?:问一下|问下))"
CHINESE = rf"[,，、;；]\s*{ALSO}[,，:：]?\s*|(?<=[吗呢])[,，]\s*"
SENTENCE = r"(?<=[?？])\s*"
BORDER = re.compile(rf"{SENTENCE}|{ENGLISH}|{CHINESE}", re.IGNORECASE)
LINK = re.compile(
    r"^(?:and also|and then|and|also|plus|oh and|another thing|还有|另外|以及|顺便(?:问一下|问下)?)[,，:：]?\s*",
    re.IGNORECASE,
)
HAN = re.compile(r"[\u3400-\u9fff]")


def questions(text: str) -> tuple[str, ...]:
    """The questions of a normalised text, each as it would be asked alone; empty unless there are two or three.

    Every part must be a question itself: what only introduces one, as "my table arrived. when can ...", is no part.
    """
    found = [LINK.sub("", part.strip()) for part in BORDER.split(text)]
    parts = [part for part in found if part.strip("?？!！。.~ ")]
    if not 2 <= len(parts) <= MOST or not all(is_whole(part) for part in parts):
        return ()
    return tuple(parts)


def is_whole(part: str) -> bool:
    """Whether a part is long enough to stand alone, and a question."""
    han = len(HAN.findall(part))
    return is_question(part) and (han >= LEAST_HAN if han else len(part.split()) >= LEAST_LATIN)
