"""Rasa's HTTP API for operators: what a text is taken for, what is remembered of a conversation, what serves.

Format: https://rasa.com/docs/rasa/pages/http-api
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any, Protocol

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Query, Request

from chatbot.messages import Evidence, Exchange, Slot, State
from chatbot.web.rest import body_of, example, json_body
from chatbot.web.rest_messages import Asked, Senders
from chatbot.web.rest_tracker import parse_json, tracker_json
from chatbot.web.tokens import IN_HEADER, IN_QUERY, Guard

ORDER_STATUS = {"name": "order_status", "confidence": 0.93}
PARSED = {
    "text": "Where is my order 100234?",
    "intent": ORDER_STATUS,
    "entities": [{"entity": "order_number", "value": "100234", "start": 18, "end": 24}],
    "intent_ranking": [ORDER_STATUS],
}
TRACKER = {
    "sender_id": "5f0c9f3e-kim",
    "slots": {"order_number": "100234"},
    "latest_message": {"text": "Where is my order 100234?", "intent": ORDER_STATUS, "entities": []},
    "latest_event_time": 1700000000.5,
    "paused": False,
    "events": [{"event": "user", "timestamp": 1700000000.5, "text": "Where is my order 100234?"}],
    "active_loop": {"name": "order_status_form"},
}
AT_ONCE = 4
"""Texts and conversations looked at at once; customers come first."""


class Desk(Protocol):
    """What operators ask of the assistant."""

    def parse(self, text: str) -> Evidence:
        """What is known of a text alone, outside of any conversation."""

    def state(self, conversation_id: str) -> State:
        """What is remembered of a conversation; a fresh state for one nobody began."""

    def history(self, conversation_id: str) -> Sequence[Exchange]:
        """What was said so far, oldest first."""

    def slots(self, state: State) -> Mapping[str, Slot]:
        """Every slot of the domain with its value."""


def operator_routes(desk: Desk, senders: Senders, guard: Guard) -> APIRouter:
    """POST /model/parse and GET /conversations/{id}/tracker, both behind the guard."""
    routes = APIRouter(tags=["operators"], dependencies=[Depends(guard)])
    places = CapacityLimiter(AT_ONCE)

    @routes.post("/model/parse", openapi_extra=json_body(Asked), responses=example(PARSED))
    async def parse_message(request: Request) -> dict[str, Any]:
        """Says what a text is taken for, and what it names."""
        asked = await body_of(request, Asked, "wanted_of_parse")
        return parse_json(await to_thread.run_sync(desk.parse, asked.text, limiter=places), asked.message_id)

    @routes.get("/conversations/{conversation_id:path}/tracker", responses=example(TRACKER))
    async def get_tracker(
        conversation_id: str,
        include_events: Annotated[str, Query(description="`NONE`: without the events.")] = "AFTER_RESTART",
    ) -> dict[str, Any]:
        """Says what is remembered of a conversation, by its sender or, on the chat page, by its id."""
        look = partial(tracker, desk, senders, conversation_id, with_events=include_events.upper() != "NONE")
        return await to_thread.run_sync(look, limiter=places)

    return routes


def tracker(desk: Desk, senders: Senders, named: str, *, with_events: bool) -> dict[str, Any]:
    """The conversation of that id, or else of that sender."""
    known = desk.history(named)
    found = named if known else senders.conversation(named)
    state = desk.state(found)
    return tracker_json(named, state, known or desk.history(found), desk.slots(state), with_events=with_events)


def server_routes(status: Callable[[], Mapping[str, str]], guard: Guard) -> APIRouter:
    """GET /version and GET /status: open to everybody, and for operators what Rasa says there."""
    routes = APIRouter(tags=["operators"])

    @routes.get("/version")
    def get_version() -> dict[str, str]:
        """Says which version of Frontdesk serves, and the oldest one whose models it reads."""
        return {"version": version("frontdesk"), "minimum_compatible_version": "0.1.0"}

    @routes.get("/status")
    def get_status(
        request: Request, query: Annotated[Any, Depends(IN_QUERY)], header: Annotated[Any, Depends(IN_HEADER)]
    ) -> dict[str, Any]:
        """Says that the server is up and which model and index answer; with the token, as Rasa says it too."""
        serving = {"status": "ok", **status()}
        if query is None and header is None:
            return serving
        guard.check(request, header.credentials if header else query)
        model = serving.get("model", "")
        # Training runs in a process of its own, never in a server.
        return {**serving, "model_id": model, "model_file": f"models/{model}", "num_active_training_jobs": 0}

    return routes
