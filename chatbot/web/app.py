"""The web app: what lies at which address, and what every response carries. HTTP only; it knows no assistant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from chatbot.messages import Language
from chatbot.web.api_page import description_routes
from chatbot.web.chat_page import NO_STARTERS, Chat, chat_head, chat_page
from chatbot.web.cors import SharedChannel
from chatbot.web.gradio_page import GradioPage, SafeHeaders, in_a_loop
from chatbot.web.limits import PublicLimits, Rate
from chatbot.web.operators import Desk, operator_routes, server_routes
from chatbot.web.pressing import OnlyOffered
from chatbot.web.problems import Problem, problem_response
from chatbot.web.rest import channel_routes
from chatbot.web.rest_messages import Senders
from chatbot.web.staff_page import staff_head, staff_page
from chatbot.web.tokens import Guard

# Named, so that gradio's default theme does not bring fonts of its own; chat.css says what the page really uses.
THEME = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])


MESSAGES_A_MINUTE = 60
"""Of one address. Of one conversation a third of them; a third, or a sixth, may come at once. Requests of any kind: ten
for each message."""


@dataclass(frozen=True, slots=True)
class Api:
    """What the routes for other programs need beside the chat.

    rest_token: what the REST channel demands, if anything. token: what operators show; without one their routes are
    shut. open_payloads: intents that anybody may send as `/intent`. own_servers: callers that speak for many customers.
    desk: what operators may look at. masked: a text with its personal data replaced.
    """

    rest_token: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    open_payloads: Sequence[str] = ()
    own_servers: Sequence[str] = ()
    desk: Desk | None = None
    masked: Callable[[str], str] = str


def create_app(
    chat: Chat,
    *,
    shop_name: Mapping[Language, str],
    storage_secret: str,
    status: Callable[[], Mapping[str, str]],
    starters: Mapping[Language, Sequence[str]] = NO_STARTERS,
    embed_origins: Sequence[str] = (),
    staff: FastAPI | None = None,
    trusted_proxies: Sequence[str] = (),
    messages_a_minute: int = MESSAGES_A_MINUTE,
    api: Api | None = None,
) -> FastAPI:
    """The customers' page at /chat/, the staff's at /staff/, Rasa's REST channel, and / leading to the customers' page.

    status: what /status says beside "ok", asked at each request: {"model": ..., "index": ...}. starters: questions
    offered before the first message. embed_origins: other sites that may show the page in a frame, and speak to the
    REST channel. staff: the routes of the console; without them there is no console. trusted_proxies: whose
    X-Forwarded-For is believed. messages_a_minute: of one address, that are answered. api: for other programs; without
    it, the channel alone.
    """
    api = api or Api()
    # /docs would load scripts from another host; chatbot.web.api_page has a page of its own.
    app = FastAPI(title="Frontdesk", version=version("frontdesk"), docs_url=None, redoc_url=None, openapi_url=None)
    chat = OnlyOffered(chat, api.open_payloads)
    app.add_middleware(GradioPage, prefix="/chat", head=chat_head(shop_name), embed_origins=embed_origins)
    if staff:
        app.add_middleware(GradioPage, prefix="/staff", head=staff_head(shop_name), calls=False, beside="/api")
    app.add_middleware(
        PublicLimits,
        trusted_proxies=trusted_proxies,
        own_servers=api.own_servers,
        requests=Rate(10 * messages_a_minute, max(1, 5 * messages_a_minute // 2)),
        messages=Rate(messages_a_minute, max(1, messages_a_minute // 3)),
        of_conversation=Rate(messages_a_minute / 3, max(1, messages_a_minute // 6)),
    )
    app.add_middleware(SharedChannel, origins=embed_origins)
    app.add_middleware(SafeHeaders)  # added last: outermost, so that refusals carry the headers too

    senders, guard = Senders(api.masked, storage_secret), Guard(api.token, closed="api_off")
    app.add_exception_handler(Problem, problem_response)
    app.include_router(channel_routes(chat, senders, Guard(api.rest_token)))
    if api.desk:
        app.include_router(operator_routes(api.desk, senders, guard))
    app.include_router(server_routes(status, guard))
    app.include_router(description_routes(app, guard))

    @app.get("/", include_in_schema=False)
    @app.get("/chat", include_in_schema=False)  # gradio's mount answers 404 without the slash
    def to_chat(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{request.scope.get('root_path', '')}/chat/", 307)

    if staff:

        @app.get("/staff", include_in_schema=False)
        def to_staff(request: Request) -> RedirectResponse:
            return RedirectResponse(f"{request.scope.get('root_path', '')}/staff/", 307)

        app.mount("/staff/api", staff)
        in_a_loop(lambda: _with_page(app, staff_page(shop_name), "/staff"))
    return in_a_loop(lambda: _with_page(app, chat_page(chat, shop_name, storage_secret, starters), "/chat"))


def _with_page(app: FastAPI, page: gr.Blocks, path: str) -> FastAPI:
    """The page mounted with everything off that a public page has no use for."""
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path,
        theme=THEME,
        footer_links=[],
        run_history=False,
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    return mounted
