"""The customer's chat page: Gradio carries it, chat.html, chat.css and the two chat scripts are what the customer sees.

A message is one POST to a server function of the gr.HTML component and its answer comes back in the same request: no
queue, no open stream. Which conversation a browser is in is kept in gr.BrowserState; everything else is in `Chat`.
"""

from __future__ import annotations

import hashlib
import html
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import gradio as gr

from chatbot.errors import MessageError
from chatbot.messages import TALK_TO_PERSON, Exchange, Language, Message, Reply
from chatbot.web.chat_view import (
    CONVERSATION_ID,
    TooLongError,
    View,
    conversation_id_in,
    conversation_view,
    message_in,
    rating_in,
    reply_view,
)
from chatbot.web.texts import LIMIT, page_texts

HERE = Path(__file__).parent
SCRIPTS = ("chat_bubbles.js", "chat.js")  # one function body, in this order
HEAD_SCRIPTS = ("chat_storage.js", "chat_refusals.js")  # in the document's head, before Gradio's

# Answers worked on at once. Each holds a thread; one that waits for an action's server holds it idle, so there are
# many more than cores. Gradio's own default is 40 threads shared with everything else in the process.
ANSWERS_AT_ONCE = 32

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='9' fill='%233d5a45'/%3E%3Cg fill='none' stroke='%23fff8ec' stroke-width='2.2' "
    "stroke-linecap='round' stroke-linejoin='round' transform='translate(4 4)'%3E"
    "%3Cpath d='M5.5 18.5C4.6 10.8 10 5 19.5 4.5c.6 9.4-5 15-14 14Z'/%3E%3Cpath d='M3.5 20.5 13 11'/%3E"
    "%3C/g%3E%3C/svg%3E"
)

NO_STARTERS: Mapping[Language, Sequence[str]] = MappingProxyType({})

log = logging.getLogger(__name__)


class Chat(Protocol):
    """What the page needs of the assistant."""

    def answer(self, message: Message) -> Reply:
        """The reply to a message; to the same message id again, the first reply."""

    def history(self, conversation_id: str) -> Sequence[Exchange]:
        """What was said so far, oldest first; empty for a conversation nobody began."""

    def rate(self, conversation_id: str, message_id: str, rating: int) -> None:
        """Keep what the customer thought of the reply to a message: -1, 0 (taken back) or 1."""


def chat_page(
    chat: Chat,
    shop_name: Mapping[Language, str],
    storage_secret: str,
    starters: Mapping[Language, Sequence[str]] = NO_STARTERS,
) -> gr.Blocks:
    """The page, to be mounted by chatbot.web.app. starters: questions offered before the first message."""
    texts = page_texts(shop_name)
    with gr.Blocks(analytics_enabled=False, title=texts["en"]["title"], fill_width=True) as page:
        kept = gr.BrowserState(storage_key="frontdesk.conversation", secret=_published(storage_secret))
        panel = gr.HTML(
            html_template=(HERE / "chat.html").read_text(encoding="utf-8"),
            js_on_load="\n".join((HERE / script).read_text(encoding="utf-8") for script in SCRIPTS),
            apply_default_css=False,
            server_functions=_server_functions(chat),
            texts=texts,
            starters={language: list(starters.get(language, ())) for language in texts},
            limit=LIMIT,
            talk_to_person=TALK_TO_PERSON,
        )
        # queue=False: both are plain requests, so that gradio's queue can stay shut (chatbot.web.gradio_page).
        plain = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        page.load(lambda known: _opened(chat, known), [kept], [kept, panel], **plain)
        panel.renew(lambda: _opened(chat, None), None, [kept, panel], **plain)
    page.max_threads = ANSWERS_AT_ONCE
    page.create_limiter()  # launch() would do it; a mounted page has to
    return page


def chat_head(shop_name: Mapping[Language, str]) -> Callable[[Language], str]:
    """What the page's document has in its head: there from the first byte on, before any script has run."""
    texts = page_texts(shop_name)
    style = (HERE / "chat.css").read_text(encoding="utf-8")
    script = "\n".join((HERE / script).read_text(encoding="utf-8") for script in HEAD_SCRIPTS)

    def head(language: Language) -> str:
        said = {key: html.escape(text) for key, text in texts[language].items()}
        return (
            f'<title>{said["title"]}</title><meta name="description" content="{said["description"]}">'
            f'<meta name="color-scheme" content="light dark"><link rel="icon" href="{ICON}"><style>{style}</style>'
            f"<script>{script}</script><noscript><style>body::before {{ content: '{said['no_script']}' !important }}"
            "body::after { display: none }</style></noscript>"
        )

    return head


def _published(storage_secret: str) -> str:
    """A secret of its own for BrowserState, which every browser gets to see in the page: never the one it came from."""
    return hashlib.blake2b(storage_secret.encode(), person=b"browser state", digest_size=24).hexdigest()


def _opened(chat: Chat, known: Any) -> tuple[str, View]:
    """The conversation a browser is in, or a new one: its id to keep, and what was said in it."""
    if not isinstance(known, str) or not CONVERSATION_ID.fullmatch(known):
        known = secrets.token_urlsafe(24)
    return known, _read(chat, known)


def _read(chat: Chat, conversation_id: str) -> View:
    try:
        return conversation_view(conversation_id, chat.history(conversation_id))
    except Exception:  # whatever went wrong, the customer is told so
        log.exception("The history of a conversation could not be read")
        return {"conversation": conversation_id, "problem": "not_opened"}


def _server_functions(chat: Chat) -> list[Any]:
    """What chat.js may call, each with one JSON value. A problem comes back as the key of the text that tells of it."""

    def send_message(sent: Any) -> View:
        try:
            return {"reply": reply_view(chat.answer(message_in(sent)))}
        except TooLongError:
            return {"problem": "too_long"}
        except MessageError as error:
            log.info("A message was refused: %s", error)
            return {"problem": "refused"}
        except Exception:  # whatever went wrong, the customer is told so and may try again
            log.exception("A message could not be answered")
            return {"problem": "failed"}

    def rate_reply(sent: Any) -> View:
        try:
            chat.rate(*rating_in(sent))
        except Exception:  # a lost rating must not disturb the conversation
            log.exception("A rating could not be kept")
            return {"problem": "not_rated"}
        return {}

    def read_conversation(sent: Any) -> View:
        try:
            return _read(chat, conversation_id_in(sent))
        except MessageError as error:
            log.info("A conversation was not read: %s", error)
            return {"problem": "not_opened"}

    return [send_message, rate_reply, read_conversation]
