"""Which payloads of buttons the public may send: those that the bot offered, and those that are open to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chatbot.messages import TALK_TO_PERSON, Exchange, Message, Reply
from chatbot.understanding.text import normalised
from chatbot.web.chat_page import Chat


class OnlyOffered:
    """A chat in which `/intent{...}` is a pressed button only where that conversation was offered it.

    Whatever else begins with a slash is read as plain words: nobody can make an intent or an entity up. It is a Chat
    itself, and stands between the public and the assistant.
    """

    def __init__(self, chat: Chat, open_payloads: Sequence[str] = ()) -> None:
        """open_payloads: intents that anybody may send as `/intent`, as widgets do to be greeted: `greet`, `start`."""
        self.chat = chat
        self.open = {TALK_TO_PERSON, *(f"/{name.removeprefix('/')}" for name in open_payloads)}

    def answer(self, message: Message) -> Reply:
        """The reply to a message; to the same message id again, the first reply."""
        return self.chat.answer(message if self.may_send(message) else replace(message, as_words=True))

    def history(self, conversation_id: str) -> Sequence[Exchange]:
        """What was said so far, oldest first."""
        return self.chat.history(conversation_id)

    def rate(self, conversation_id: str, message_id: str, rating: int) -> None:
        """Keeps what the customer thought of a reply."""
        self.chat.rate(conversation_id, message_id, rating)

    def may_send(self, message: Message) -> bool:
        """Whether the text is no payload, or one that may be sent. It is compared as the assistant will read it."""
        text = normalised(message.text)
        if not text.startswith("/") or text in self.open:
            return True
        shown = (utterance for said in self.history(message.conversation_id) for utterance in said.reply.utterances)
        return any(text == normalised(button.payload) for utterance in shown for button in utterance.buttons)
