"""Which base model reads a set of texts: the smallest whose vocabulary has their language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from transformers import AutoTokenizer

from chatbot.settings import AUTO
from chatbot.training.base_models import checkpoint
from training_data.examples import HAN

WORD = re.compile(r"[^\W\d_]+")
SOME = 400
"""Texts that are looked at."""
HAN_SHARE = 0.02
"""Texts with Han characters, from which on the data counts as Chinese, too."""
CUT_UP = 1.4
"""Pieces of the English vocabulary a word: English, with typing mistakes and all, has 1.0 to 1.15; French, German and
Spanish have 1.75 to 2.2."""


def chosen(base_model: str, texts: Sequence[str], home: Path) -> str:
    """The base model's name; for `auto`, the built-in one for these texts.

    `english` for English, `multilingual` for Chinese with or without English, `multilingual-full` for anything else.
    """
    if base_model != AUTO:
        return base_model
    some = texts[:: max(1, len(texts) // SOME)]
    if sum(bool(HAN.search(text)) for text in some) >= HAN_SHARE * len(some):
        return "multilingual"
    return "english" if pieces_a_word(some, home) < CUT_UP else "multilingual-full"


def pieces_a_word(texts: Sequence[str], home: Path) -> float:
    """Into how many pieces the English vocabulary cuts a word of the texts, on average; signs are not counted."""
    words = [word for text in texts for word in WORD.findall(text)]
    tokenizer = AutoTokenizer.from_pretrained(str(checkpoint("english", home)), use_fast=True)
    pieces = tokenizer(words, add_special_tokens=False)["input_ids"] if words else []
    return sum(map(len, pieces)) / max(1, len(words))
