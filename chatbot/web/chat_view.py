"""Between the nouns and the page: what the page sent, checked; what it is to show, as JSON-ready values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from chatbot.errors import MessageError
from chatbot.messages import TALK_TO_PERSON, Exchange, Language, Message, Reply, Utterance
from chatbot.web.markdown import html_of, html_of_words
from chatbot.web.markdown_tokens import is_web_address
from chatbot.web.texts import LIMIT

# token_urlsafe(24) is 32 of these characters; nobody guesses 192 bits, so knowing the id is the right to read.
CONVERSATION_ID = re.compile(r"[A-Za-z0-9_-]{32}")
MESSAGE_ID = re.compile(r"[A-Za-z0-9_:.-]{1,100}")

View = dict[str, Any]  # leaves for the browser only: no Python module reads one


class TooLongError(MessageError):
    """More characters than a message may have."""


def conversation_id_in(sent: Any) -> str:
    """The conversation the page speaks of. Raises MessageError if it names none."""
    return _matching(CONVERSATION_ID, sent, "conversation")


def message_in(sent: Any) -> Message:
    """What the page sent, as a Message. Raises TooLongError, or MessageError if it is no message at all."""
    conversation_id = conversation_id_in(sent)
    message_id = _matching(MESSAGE_ID, sent, "message")
    text, language = sent.get("text"), sent.get("language")
    if not isinstance(text, str) or not text.strip():
        raise MessageError("The message has no text. Send at least one character that is not a space.")
    if len(text) > LIMIT:
        raise TooLongError(f"The message has {len(text)} characters; at most {LIMIT} are allowed. Shorten it.")
    if language not in (*get_args(Language), None):
        raise MessageError(f"The page's language is {language!r}; it can be one of {get_args(Language)}.")
    return Message(conversation_id, text.strip(), message_id, language)


def rating_in(sent: Any) -> tuple[str, str, int]:
    """Conversation, message and rating. Raises MessageError if one of them is malformed."""
    conversation_id, message_id = conversation_id_in(sent), _matching(MESSAGE_ID, sent, "message")
    rating = sent.get("rating")
    if type(rating) is not int or rating not in (-1, 0, 1):
        raise MessageError(f"The rating is {rating!r}; it can be -1, 0 or 1.")
    return conversation_id, message_id, rating


def _matching(pattern: re.Pattern[str], sent: Any, key: str) -> str:
    value = sent.get(key) if isinstance(sent, Mapping) else None
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise MessageError(f"The id of the {key} is malformed. Reload the page.")
    return value


def conversation_view(conversation_id: str, exchanges: Sequence[Exchange]) -> View:
    """A whole conversation, oldest exchange first."""
    return {"conversation": conversation_id, "exchanges": list(_exchange_views(exchanges))}


def _exchange_views(exchanges: Sequence[Exchange]) -> Iterable[View]:
    titles: dict[str, str] = {}
    for exchange in exchanges:
        yield {
            "id": exchange.message_id,
            # A pressed button sent its payload; the customer saw its title. The latest button of that payload counts.
            "text": titles.get(exchange.text, exchange.text),
            "person": exchange.text == TALK_TO_PERSON,
            "rating": exchange.rating,
            "reply": reply_view(exchange.reply),
        }
        titles |= {b.payload: b.title for utterance in exchange.reply.utterances for b in utterance.buttons}


def reply_view(reply: Reply) -> View:
    """A reply. silent: a person reads along. by_person: a person wrote it, not the bot."""
    by_person = bool(reply.utterances) and {step.kind for step in reply.steps} == {"human"}
    return {
        "language": reply.language,
        "silent": not reply.utterances,
        "by_person": by_person,
        "utterances": [utterance_view(utterance, by_person=by_person) for utterance in reply.utterances],
    }


def utterance_view(utterance: Utterance, *, by_person: bool = False) -> View:
    """One bubble. related: its buttons are further questions, not answers to a question of the bot.

    html: made of the Markdown of stored answers and of templates, and cleaned, here and at each display. by_person:
    what a person wrote to the customer is no Markdown.
    """
    stored = utterance.pair_id is not None
    return {
        "html": html_of_words(utterance.text) if by_person else html_of(utterance.text),
        "buttons": [{"title": button.title, "payload": button.payload} for button in utterance.buttons],
        "related": stored,
        "origin": " · ".join(filter(None, [utterance.category, f"#{utterance.pair_id}" if stored else ""])),
        "source": utterance.source_url if is_web_address(utterance.source_url) else "",
        # Pictures of other hosts would tell them who reads here: those are offered as a link.
        "image": utterance.image if re.match(r"/(?![/\\])", utterance.image) else "",
        "image_link": utterance.image if is_web_address(utterance.image) else "",
    }
