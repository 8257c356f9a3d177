"""Between the nouns and Rasa's REST channel: what a front end sent, checked; what it gets, as JSON. Pure.

Protocol: https://rasa.com/docs/rasa/connectors/your-own-website#rest-channel
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
)
from pydantic.config import JsonDict

from chatbot.errors import MessageError
from chatbot.messages import Language, Utterance
from chatbot.web.chat_view import MESSAGE_ID
from chatbot.web.texts import LIMIT, preferred_language
from training_data.examples import language_of

EXAMPLE: JsonDict = {
    "sender": "5f0c9f3e-kim",
    "message": "Where is my order?",
    "metadata": {"language": "en", "message_id": "b1c7"},
}
ANSWER: JsonDict = {
    "recipient_id": "5f0c9f3e-kim",
    "text": "What is its number?",
    "buttons": [{"title": "Talk to a person", "payload": "/talk_to_person"}],
}
LONGEST_SENDER = 128
LONGEST_IN_CLEAR = 100
"""Characters of a sender that stand in a conversation's id as they are."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it has characters that cannot be shown")
    return text


def _whole(text: str) -> str:
    """Half a surrogate pair, as a front end leaves that cuts an emoji in two, can be neither stored nor sent on."""
    return text.encode(errors="replace").decode()


def _language(given: Any) -> Any:
    """`zh-CN` is `zh`; what is no language of ours says nothing."""
    primary = given.lower().split("-")[0] if isinstance(given, str) else None
    return primary if primary in ("en", "zh") else None


Name = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_SENDER),
    BeforeValidator(lambda given: str(given) if type(given) is int else given),
    AfterValidator(_printable),
]


Text = Annotated[StrictStr, AfterValidator(_whole)]


class Metadata(BaseModel):
    """What a front end may say of a message beside it. Other keys are ignored."""

    language: Annotated[Language | None, BeforeValidator(_language)] = Field(
        None, description="What the front end is set to. A message in another language is answered in that."
    )
    message_id: Name | None = Field(default=None, description="The same id again gets the first reply.")


class Sent(BaseModel):
    """A message to the webhook. Other keys are ignored."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    sender: Name = Field(description="Whose message it is: one conversation each. Nobody should be able to guess it.")
    message: Text = Field(description="The text, or the payload of a button that was offered.")
    metadata: Annotated[
        Metadata | None, BeforeValidator(lambda given: given if isinstance(given, Mapping) else None)
    ] = None


class Asked(BaseModel):
    """A text whose intent and entities are wanted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Where is my order 100234?"}]})

    text: Annotated[Text, Field(min_length=1, max_length=LIMIT)]
    message_id: StrictStr | StrictInt | None = None


class Pressable(BaseModel):
    """A button. payload: what the front end sends when it is pressed."""

    title: str
    payload: str


class Spoken(BaseModel):
    """One message of the bot: a text, perhaps with buttons; or a picture; or what a front end of one's own shows."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWER]})

    recipient_id: str
    text: str | None = Field(default=None, description="Markdown.")
    buttons: list[Pressable] | None = None
    image: str | None = Field(default=None, description="Address of a picture.")
    attachment: Any = None
    custom: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Senders:
    """Which conversation a sender's messages belong to.

    The prefix keeps them apart from the chat page's conversations, whose ids have no colon or point. A sender that
    looks like personal data, as a phone number does, or is no fit id, is not written as it is: then its digest is.
    masked: a text with its personal data replaced. secret: without it nobody can tell senders from their digests.
    """

    masked: Callable[[str], str]
    secret: str

    def conversation(self, sender: str) -> str:
        """The id of the sender's conversation."""
        plain = len(sender) <= LONGEST_IN_CLEAR and MESSAGE_ID.fullmatch(sender) and self.masked(sender) == sender
        return f"rest:{sender}" if plain else f"rest.{_digest(sender, self.secret)}"


def read_json(body: bytes) -> Any:
    """What the body says, read as chatbot.web.limits reads it. Raises MessageError if it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageError("The body is not JSON.") from error


def fault(error: ValidationError) -> tuple[str, str]:
    """The field with the first fault, and the fault; never what was sent."""
    first = error.errors(include_input=False, include_url=False)[0]
    return ".".join(map(str, first["loc"])) or "body", first["msg"].removeprefix("Value error, ").lower()


def message_id(sent: Sent, header: str | None) -> str:
    """The id that the front end chose, in the metadata or as the header Idempotency-Key; else a new one.

    One that is no fit id is known by its digest.
    """
    chosen = (sent.metadata.message_id if sent.metadata else None) or (header or "").strip().strip('"')
    if not chosen:
        return secrets.token_urlsafe(16)
    return chosen if MESSAGE_ID.fullmatch(chosen) else f"key.{_digest(chosen)}"


def language(sent: Sent, accepted: str | None) -> Language | None:
    """What the front end is set to, by its metadata or its browser; None if neither tells."""
    told = sent.metadata.language if sent.metadata else None
    return told or (preferred_language(accepted) if accepted else None)


def spoken_language(sent: Sent, accepted: str | None) -> Language:
    """In which to say something about the message itself."""
    chosen = language(sent, None) or ("zh" if language_of(sent.message) == "zh" else None)
    return chosen or preferred_language(accepted or "")


def spoken(sender: str, utterance: Utterance) -> Iterator[Spoken]:
    """An utterance as Rasa sends it: text and buttons in one message, then custom, picture and attachment."""
    if utterance.text or utterance.buttons:
        buttons = [Pressable(title=button.title, payload=button.payload) for button in utterance.buttons]
        yield Spoken(recipient_id=sender, text=utterance.text or None, buttons=buttons or None)
    custom = dict(utterance.custom or {})
    attachment = custom.pop("attachment", None)
    if custom:
        yield Spoken(recipient_id=sender, custom=custom)
    if utterance.image:
        yield Spoken(recipient_id=sender, image=utterance.image)
    if attachment:
        yield Spoken(recipient_id=sender, attachment=attachment)


def _digest(text: str, secret: str = "") -> str:
    key = hashlib.blake2b(secret.encode(), person=b"rest senders", digest_size=32).digest()
    return hashlib.blake2b(text.encode(errors="replace"), key=key, digest_size=16).hexdigest()
