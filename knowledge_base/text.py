"""Text as it is compared: for equality of questions, and as words for lexical search."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

# The blocks of Han characters, with the iteration mark and the ideographic zero (Unicode 15.1, Blocks.txt)
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HAN_RUN = re.compile(f"[{HAN}]+")
_WORD_OR_HAN = re.compile(f"[{HAN}]+|[^\\W_{HAN}]+")
_SPACE_BESIDE_HAN = re.compile(f"(?<=[{HAN}]) | (?=[{HAN}])")
# Phones type curly apostrophes and people type straight ones; dashes likewise.
_SAME_SIGNS = str.maketrans(
    {**dict.fromkeys("‘’ʼ´`", "'"), **dict.fromkeys("“”„", '"'), **dict.fromkeys("‐‑‒–—−", "-")}
)
_HALF_SURROGATE = re.compile("[\ud800-\udfff]")
_CHINESE_FROM = 0.3  # share of Han characters among the letters: "我的order在哪里" is Chinese
_KEPT_AT_ENDS = "#%&@*/\\‰"  # punctuation by Unicode, but part of what is asked: C#, 100 %
_APOSTROPHE_IN_WORD = re.compile(r"(?<=\w)'(?=\w)")
_DIACRITICS = re.compile("[\u0300-\u036f]")
# Invisible, though Unicode counts them as marks or letters: joiners, Hangul fillers, variation selectors
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def normalise_question(text: str) -> str:
    """The form in which two questions are the same question; '' if nothing is asked.

    Unicode NFKC and case folding (UAX 15 and 21: full-width to half-width, too); Han characters simplified; invisible,
    control and bidirectional characters out; white space folded to one blank, none beside Han characters; question
    marks out, and punctuation and blanks at both ends. Idempotent. The store keeps its result: whoever changes it adds
    a migration.
    """
    for _ in range(4):  # folding can uncover what folds again; two rounds suffice for all but contrived text
        folded = _fold(text)
        if folded == text:
            break
        text = folded
    return text


def tokens(text: str) -> list[str]:
    """The words of a text, in order: Latin words and digits in lower case, and pairs of simplified Han characters.

    '退款多久' gives 退款, 款多, 多久: a two-character word is found inside a longer run, with no dictionary. A Han
    character that stands alone is a word. "don't" gives dont; accents are dropped, as customers do.
    """
    folded = unicodedata.normalize("NFKD", visible(text).casefold())
    folded = simplified(unicodedata.normalize("NFC", _DIACRITICS.sub("", folded))).translate(_SAME_SIGNS)
    words: list[str] = []
    for run in _WORD_OR_HAN.findall(_APOSTROPHE_IN_WORD.sub("", folded)):
        words.extend(_bigrams(run) if _HAN_RUN.fullmatch(run) else [run])
    return words


def share_of_han(text: str) -> float:
    """How many of the letters are Han characters, in [0, 1]; 0 if there are no letters."""
    letters = sum(character.isalpha() for character in text)
    return sum(map(len, _HAN_RUN.findall(text))) / letters if letters else 0.0


def simplified(text: str) -> str:
    """The text with simplified characters for traditional ones: 退貨 gives 退货. What is shown stays as it was written.

    By words where a character alone does not tell (乾燥 gives 干燥, 乾隆 stays): OpenCC's t2s, 3 microseconds a
    question. Half surrogates, which no text has, are left out.
    """
    if not _HAN_RUN.search(text):
        return text
    converted: str = _converter().convert(_HALF_SURROGATE.sub("", text))
    return converted


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")  # reads its dictionaries: 5 ms


def language_of(text: str) -> str:
    """'zh' if at least 30 % of the letters are Han characters, else 'en'."""
    return "zh" if share_of_han(text) >= _CHINESE_FROM else "en"


def _fold(text: str) -> str:
    text = simplified(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible(text)).casefold()))
    text = " ".join(visible(text).translate(_SAME_SIGNS).replace("?", " ").replace("؟", " ").split())
    return _trimmed(_SPACE_BESIDE_HAN.sub("", text))


def visible(text: str) -> str:
    """The text without characters that nobody sees; white space becomes blanks."""
    if text.isprintable():
        return text if text.isascii() else _INVISIBLE.sub("", text)
    return "".join(
        " " if character.isspace() else character
        for character in _INVISIBLE.sub("", text)
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
    )


def _trimmed(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_edge(text[start]):
        start += 1
    while end > start and _is_edge(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_edge(character: str) -> bool:
    if character in _KEPT_AT_ENDS:
        return False
    return character.isspace() or character == "~" or unicodedata.category(character).startswith("P")


def _bigrams(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]
