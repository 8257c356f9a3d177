"""The rules of a pair: what the store accepts, and the form it keeps it in."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from knowledge_base.errors import InvalidPair
from knowledge_base.pairs import Pair
from knowledge_base.text import normalise_question

MAX_QUESTION = 500  # characters; an encoder reads about 128 words
MAX_ANSWER = 8000  # characters; two printed pages
MAX_CATEGORY = 100
MAX_URL = 2000
MAX_OWNER = 64
MAX_SIMILAR = 200  # phrasings of one pair
LANGUAGES = ("", "en", "zh")
STATES = ("draft", "published", "withdrawn")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_form = lru_cache(maxsize=1024)(normalise_question)  # of a pair's wordings, which are looked at more than once


def checked(pair: Pair) -> Pair:
    """The pair as it is stored: ends trimmed, questions on one line, repeated and empty wordings out.

    Raises InvalidPair with the first rule that it breaks.
    """
    question = _one_line(pair.question)
    pair = replace(
        pair,
        question=question,
        answer=pair.answer.replace("\r\n", "\n").replace("\r", "\n").strip(),
        similar=_distinct(question, pair.similar),
        category=_one_line(pair.category),
        source_url=pair.source_url.strip(),
        owner=_one_line(pair.owner),
    )
    _check_question("question", pair.question)
    for wording in pair.similar:
        _check_question("similar question", wording)
    _check_text("answer", pair.answer, MAX_ANSWER)
    if not pair.answer:
        raise InvalidPair("answer is empty.")
    _check_text("category", pair.category, MAX_CATEGORY)
    _check_text("owner", pair.owner, MAX_OWNER)
    _check_choices(pair)
    _check_url(pair.source_url)
    return pair


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _distinct(question: str, similar: tuple[str, ...]) -> tuple[str, ...]:
    seen = {_form(question)}
    kept = []
    for wording in map(_one_line, similar):
        key = _form(wording)
        if wording and key not in seen:
            kept.append(wording)
            seen.add(key)
    return tuple(kept)


def _check_question(name: str, text: str) -> None:
    if not text:
        raise InvalidPair(f"{name} is empty.")
    _check_text(name, text, MAX_QUESTION)
    if not _form(text):
        raise InvalidPair(f"{name} '{text}' has no letter and no digit.")


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise InvalidPair(f"{name} has {len(text)} characters; at most {longest} are allowed.")
    if _NO_TEXT.search(text):
        raise InvalidPair(f"{name} holds a character that is no text (NUL or half a surrogate pair).")


def _check_choices(pair: Pair) -> None:
    if pair.language not in LANGUAGES:
        raise InvalidPair(f"language is '{pair.language}'; 'en', 'zh' or nothing is allowed.")
    if pair.state not in STATES:
        raise InvalidPair(f"state is '{pair.state}'; {', '.join(STATES)} are allowed.")
    if len(pair.similar) > MAX_SIMILAR:
        raise InvalidPair(f"there are {len(pair.similar)} similar questions; at most {MAX_SIMILAR} are allowed.")
    if pair.valid_from and pair.valid_until and pair.valid_from > pair.valid_until:
        raise InvalidPair(f"valid_from {pair.valid_from} is after valid_until {pair.valid_until}.")


def _check_url(url: str) -> None:
    _check_text("source_url", url, MAX_URL)
    if url and not (url.lower().startswith(("http://", "https://")) and url.split("://", 1)[1] and url.isprintable()):
        raise InvalidPair(f"source_url is '{url}'; it must begin with http:// or https://.")
    if any(character.isspace() for character in url):
        raise InvalidPair(f"source_url '{url}' has a blank in it; write %20.")
