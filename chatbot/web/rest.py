"""Rasa's REST channel: a front end of one's own posts a message and gets what the bot says.

Protocol: https://rasa.com/docs/rasa/connectors/your-own-website#rest-channel
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ValidationError

from chatbot.errors import MessageError
from chatbot.messages import Message
from chatbot.web.chat_page import ANSWERS_AT_ONCE, Chat
from chatbot.web.problems import Problem, language_of_caller, told
from chatbot.web.rest_messages import (
    Senders,
    Sent,
    Spoken,
    fault,
    language,
    message_id,
    read_json,
    spoken,
    spoken_language,
)
from chatbot.web.texts import LIMIT
from chatbot.web.tokens import Guard

log = logging.getLogger(__name__)
Body = TypeVar("Body", bound=BaseModel)


def channel_routes(chat: Chat, senders: Senders, guard: Guard) -> APIRouter:
    """GET /webhooks/rest/ and POST /webhooks/rest/webhook. guard: of the second."""
    routes = APIRouter(prefix="/webhooks/rest", tags=["front ends"])
    # Threads of its own: where all of them wait for slow actions, nothing else of the server does.
    places = CapacityLimiter(ANSWERS_AT_ONCE)

    @routes.get("", include_in_schema=False)
    @routes.get("/")
    def channel_is_there() -> dict[str, str]:
        """Whether the channel is there."""
        return {"status": "ok"}

    @routes.post(
        "/webhook",
        dependencies=[Depends(guard)],
        response_model=list[Spoken],
        openapi_extra=json_body(Sent),
    )
    async def receive_message(
        request: Request,
        stream: Annotated[str, Query(description="`true`: one JSON message a line instead of an array.")] = "",
        idempotency_key: Annotated[str | None, Header(description="As metadata.message_id.")] = None,
    ) -> Response:
        """Answers a message of a customer."""
        sent = await body_of(request, Sent, "wanted_of_webhook")
        accepted = request.headers.get("accept-language")
        problem = "empty" if not sent.message.strip() else "too_long" if len(sent.message) > LIMIT else ""
        if problem:  # for the customer to read, so in the one shape that every front end shows
            return said([apology(sent, accepted, problem)], 200, stream)
        conversation = senders.conversation(sent.sender)
        text, chosen = sent.message.strip(), language(sent, accepted)
        message = Message(conversation, text, message_id(sent, idempotency_key), chosen)
        try:
            reply = await to_thread.run_sync(partial(chat.answer, message), limiter=places)
        except Exception:  # whatever went wrong, the customer is told so and may try again
            log.exception("A message to the REST channel could not be answered")
            return said([apology(sent, accepted, "failed")], 500, stream)
        return said([one for utterance in reply.utterances for one in spoken(sent.sender, utterance)], 200, stream)

    return routes


def apology(sent: Sent, accepted: str | None, key: str) -> Spoken:
    """A text about the message itself, as a message of the bot."""
    return Spoken(recipient_id=sent.sender, text=told(spoken_language(sent, accepted), key))


def said(messages: Sequence[Spoken], status: int, stream: str) -> Response:
    """An array, or a line of JSON for each message under the type that Rasa gives those."""
    values = [message.model_dump(exclude_none=True) for message in messages]
    headers = {"Cache-Control": "no-store"}
    if stream.lower() != "true":
        return JSONResponse(values, status, headers)
    lines = "".join(f"{json.dumps(value, ensure_ascii=False)}\n" for value in values)
    return Response(lines, status, headers, "text/event-stream")


async def body_of(request: Request, model: type[Body], wanted: str) -> Body:
    """The JSON of a request. wanted: key of the text that tells what is allowed.

    Other types are refused, so that a page of another site cannot post one without asking (CORS). Raises Problem.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Problem(request, 415, "no_json_type", "no_json_type")
    try:
        return model.model_validate(read_json(await request.body()))
    except MessageError:
        raise Problem(request, 400, "not_json", "not_json") from None
    except ValidationError as error:
        field, what = fault(error)
        allowed = told(language_of_caller(request), wanted)
        raise Problem(request, 400, "malformed", "malformed", field=field, fault=what, wanted=allowed) from None


def example(value: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: what an answer looks like."""
    return {200: {"content": {"application/json": {"example": value}}}}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """For OpenAPI: what a request's body is. chatbot.web.api_page describes the model itself."""
    schema = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    return {"requestBody": {"required": True, "content": {"application/json": schema}}}
