"""The web app as a client without a browser sees it: what is open, what is shut, and what every response carries."""

from __future__ import annotations

import base64
import functools
import io
import json
import logging
import operator
import re
import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from chatbot.messages import Button, Exchange, Message, Reply, Step, Utterance
from chatbot.web.app import create_app
from chatbot.web.chat_page import HERE, SCRIPTS, chat_page
from chatbot.web.chat_view import conversation_view, reply_view, utterance_view
from chatbot.web.gradio_page import in_a_loop
from chatbot.web.texts import LIMIT, TEXTS, preferred_language
from tests.web.fake_chat import FakeChat, limited

SHOP = {"en": "Maple & Moss", "zh": "枫苔家居"}
SECRET = "the-secret-of-the-server"
CONVERSATION = "c" * 32


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[FakeChat, TestClient]]:
    """One app for all tests: gradio takes a quarter of a second to make one."""
    chat = FakeChat()
    app = create_app(
        chat, shop_name=SHOP, storage_secret=SECRET, status=lambda: {"model": "intents-7", "index": "2024-11-22"}
    )
    with TestClient(limited(app), follow_redirects=False) as client:
        yield chat, client


@pytest.fixture
def chat(site: tuple[FakeChat, TestClient]) -> FakeChat:
    site[0].forget()
    return site[0]


@pytest.fixture
def client(site: tuple[FakeChat, TestClient], chat: FakeChat) -> TestClient:
    return site[1]


def document(client: TestClient, languages: str = "en") -> str:
    return client.get("/chat/", headers={"accept-language": languages}).text


def config(client: TestClient) -> dict[str, Any]:
    found = re.search(r"window\.gradio_config = (.*?);</script>", document(client))
    assert found
    read: dict[str, Any] = json.loads(found[1])
    return read


@functools.cache
def numbers(client: TestClient) -> tuple[int, int]:
    """Gradio's numbers of the panel and of what is called when the page is loaded."""
    found = config(client)
    panel = next(one["id"] for one in found["components"] if one["type"] == "html")
    return panel, next(one["id"] for one in found["dependencies"] if one["targets"][0][1] == "load")


def call(client: TestClient, name: str, **sent: Any) -> Any:
    """What the page gets when it calls a server function."""
    body = {"component_id": numbers(client)[0], "fn_name": name, "session_hash": "s", "data": sent}
    response = client.post("/chat/gradio_api/component_server/", json=body)
    assert response.status_code == 200
    return response.json()


def send(
    client: TestClient, text: Any, message: Any = "m1", language: Any = "en", conversation: Any = CONVERSATION
) -> Any:
    return call(client, "send_message", conversation=conversation, message=message, text=text, language=language)


# -- addresses


@pytest.mark.parametrize("path", ["/", "/chat"])
def test_the_root_and_the_address_without_a_slash_lead_to_the_page(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["location"]) == (307, "/chat/")


def test_status_says_ok_and_what_serves(client: TestClient) -> None:
    assert client.get("/status").json() == {"status": "ok", "model": "intents-7", "index": "2024-11-22"}


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/favicon.ico", "/chat/config", "/config"])
def test_nothing_describes_the_server(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


# -- the document


@pytest.mark.parametrize(
    ("accepted", "tag", "title"),
    [
        ("en-GB,en;q=0.9", "en", "<title>Maple &amp; Moss – Customer service</title>"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "<title>枫苔家居 – 在线客服</title>"),
        ("de", "en", "<title>Maple &amp; Moss – Customer service</title>"),
    ],
)
def test_the_document_is_in_the_browsers_language(client: TestClient, accepted: str, tag: str, title: str) -> None:
    text = document(client, accepted)
    assert f'<html lang="{tag}"' in text.replace("\n\t", " ").replace("  ", " ")
    assert title in text


def test_the_document_names_no_other_host_and_no_gradio_meta(client: TestClient) -> None:
    text = document(client)
    addresses = set(re.findall(r"https?://[\w.-]+", text)) - {"http://testserver", "http://www.w3.org"}
    assert addresses == set()
    assert not re.search(r'"(og|twitter):', text)
    assert "manifest" not in text


def test_only_scripts_with_the_nonce_of_this_response_run(client: TestClient) -> None:
    first, second = (client.get("/chat/") for _ in range(2))
    scripts = re.findall(r"<script\b[^>]*>", first.text)
    nonce = re.search(r"'nonce-([\w-]+)'", first.headers["content-security-policy"])
    assert nonce
    assert len(scripts) >= 3
    assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
    assert nonce[1] not in second.text
    assert "'unsafe-inline'" not in first.headers["content-security-policy"].split("style-src")[0]


def test_the_document_is_whole_with_and_without_compression(client: TestClient) -> None:
    texts = [client.get("/chat/", headers={"accept-encoding": coding}).text for coding in ("gzip", "identity", "br")]
    assert {text[-20:].strip()[-7:] for text in texts} == {"</html>"}


def test_the_servers_secret_is_not_in_the_page(client: TestClient) -> None:
    assert SECRET not in document(client)


def test_restarts_keep_the_key_and_the_secret_of_the_browsers_memory(chat: FakeChat) -> None:
    def kept() -> tuple[str, str]:
        blocks = in_a_loop(lambda: chat_page(chat, SHOP, SECRET)).blocks.values()
        state = next(block for block in blocks if isinstance(block, gr.BrowserState))
        return state.storage_key, state.secret

    assert kept() == kept()


# -- what is shut. Gradio alone answers all of these.

SHUT = [
    ("GET", "/chat/gradio_api/info"),
    ("GET", "/chat/gradio_api/info/"),
    ("GET", "/chat/gradio_api/openapi.json"),
    ("POST", "/chat/gradio_api/upload"),
    ("GET", "/chat/gradio_api/upload_progress?upload_id=1"),
    ("POST", "/chat/gradio_api/queue/join"),
    ("GET", "/chat/gradio_api/queue/status"),
    ("POST", "/chat/gradio_api/call/predict"),
    ("POST", "/chat/gradio_api/api/predict"),
    ("POST", "/chat/gradio_api/reset"),
    ("POST", "/chat/gradio_api/cancel"),
    ("GET", "/chat/gradio_api/runs"),
    ("GET", "/chat/gradio_api/file=/etc/hostname"),
    ("GET", "/chat/gradio_api/proxy=https://example.hf.space/x"),
    ("GET", "/chat/gradio_api/heartbeat/s"),
    ("GET", "/chat/gradio_api/startup-events"),
    ("GET", "/chat/gradio_api/app_id"),
    ("GET", "/chat/gradio_api/vibe-code"),
    ("GET", "/chat/config"),
    ("GET", "/chat/config/"),
    ("GET", "/chat/monitoring"),
    ("GET", "/chat/manifest.json"),
    ("GET", "/chat/robots.txt"),
    ("POST", "/chat/login"),
    ("GET", "/chat/svelte/x.js"),
    ("PUT", "/chat/"),
    ("OPTIONS", "/chat/gradio_api/component_server/"),
]


@pytest.mark.parametrize(("method", "path"), SHUT)
def test_what_the_page_does_not_need_is_shut(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 404


def test_an_upload_is_refused_with_a_file_in_it(client: TestClient) -> None:
    files = {"files": ("x.txt", io.BytesIO(b"x"))}
    assert client.post("/chat/gradio_api/upload", files=files).status_code == 404
    assert client.post("/chat/gradio_api/component_server/", files=files).status_code == 415


@pytest.mark.parametrize("path", ["/gradio_api/info", "/gradio_api/queue/status", "/config", "/gradio_api/app_id"])
def test_the_doors_are_where_we_think_they_are(chat: FakeChat, path: str) -> None:
    bare = in_a_loop(lambda: gr.mount_gradio_app(FastAPI(), chat_page(chat, SHOP, SECRET), "/chat"))
    with TestClient(bare) as client:
        assert client.get("/chat" + path).status_code == 200


@pytest.mark.parametrize("query", ["view=settings", "view=api", "deep_link=abc", "__theme=dark"])
def test_gradios_own_panels_cannot_be_asked_for(client: TestClient, query: str) -> None:
    response = client.get("/chat/?" + query)
    assert (response.status_code, response.headers["location"]) == (307, "./")


def test_a_call_has_a_length_and_it_is_small(client: TestClient) -> None:
    address, headers = "/chat/gradio_api/component_server/", {"content-type": "application/json"}
    assert client.post(address, content=iter([b"{}"]), headers=headers).status_code == 411
    assert client.post(address, content=b" " * 70_000, headers=headers).status_code == 413


def test_a_file_of_the_page_is_served_and_a_way_out_of_its_folder_is_not(client: TestClient) -> None:
    script = re.search(r'src="\./(assets/index-[\w-]+\.js)"', document(client))
    assert script
    served = client.get("/chat/" + script[1])
    assert served.status_code == 200
    assert "immutable" in served.headers["cache-control"]
    assert client.get("/chat/static/%2e%2e/%2e%2e/routes.py").status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/chat", "/chat/", "/status", "/nowhere", "/chat/gradio_api/info", "/chat/theme.css"]
)
def test_every_response_carries_the_safe_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "*" not in headers["content-security-policy"]


def test_other_sites_may_frame_the_page_only_where_they_are_named(chat: FakeChat) -> None:
    def ancestors(**more: Any) -> str:
        app = create_app(chat, shop_name=SHOP, storage_secret=SECRET, status=dict, **more)
        with TestClient(app) as client:
            return client.get("/chat/").headers["content-security-policy"].split("frame-ancestors ")[1]

    assert ancestors() == "'self'"
    assert ancestors(embed_origins=["https://shop.example"]) == "'self' https://shop.example"


# -- messages


def test_a_message_reaches_the_assistant_and_its_reply_comes_back(client: TestClient, chat: FakeChat) -> None:
    answer = send(client, "  How long does delivery take? ", language="zh")
    assert chat.asked == [Message(CONVERSATION, "How long does delivery take?", "m1", "zh")]
    assert answer["reply"]["utterances"][0]["origin"] == "Delivery · #12"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"text": "x" * (LIMIT + 1)}, "too_long"),
        ({"text": " \n"}, "refused"),
        ({"text": None}, "refused"),
        ({"text": ["x"]}, "refused"),
        ({"message": ""}, "refused"),
        ({"message": {"$ne": 1}}, "refused"),
        ({"conversation": "../etc"}, "refused"),
        ({"conversation": CONVERSATION + "\n"}, "refused"),
        ({"language": "xx"}, "refused"),
        ({"language": []}, "refused"),
    ],
)
def test_what_is_no_message_never_reaches_the_assistant(
    client: TestClient, chat: FakeChat, changed: dict[str, Any], problem: str
) -> None:
    assert send(client, **{"text": "hello", **changed}) == {"problem": problem}
    assert chat.asked == []


@pytest.mark.parametrize("text", ["x" * LIMIT, "🍁" * LIMIT, "枫" * LIMIT])
def test_a_message_of_exactly_the_limit_is_answered(client: TestClient, text: str) -> None:
    assert "reply" in send(client, text)


def test_an_error_is_logged_and_not_shown(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert send(client, "please fail") == {"problem": "failed"}
    assert "the model fell over at /srv/secret/path" in caplog.text


def test_an_unreadable_history_is_logged_and_said(
    client: TestClient, chat: FakeChat, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(conversation_id: str) -> None:
        raise OSError("disk gone")

    monkeypatch.setattr(chat, "history", torn)
    read = call(client, "read_conversation", conversation=CONVERSATION)
    assert read == {"conversation": CONVERSATION, "problem": "not_opened"}
    assert "disk gone" in caplog.text


@pytest.mark.parametrize("rating", [2, True, "1", None, 0.5])
def test_a_rating_that_is_none_is_not_kept(client: TestClient, chat: FakeChat, rating: Any) -> None:
    sent = {"conversation": CONVERSATION, "message": "m1", "rating": rating}
    assert call(client, "rate_reply", **sent) == {"problem": "not_rated"}
    assert chat.rated == []


def test_a_rating_is_kept(client: TestClient, chat: FakeChat) -> None:
    send(client, "hello")
    assert call(client, "rate_reply", conversation=CONVERSATION, message="m1", rating=-1) == {}
    assert chat.rated == [(CONVERSATION, "m1", -1)]
    assert call(client, "read_conversation", conversation=CONVERSATION)["exchanges"][0]["rating"] == -1


def test_nothing_but_the_three_functions_can_be_called(client: TestClient) -> None:
    panel = next(one for one in config(client)["components"] if one["type"] == "html")
    for name in ("postprocess", "push_to_hub", "__init__", "get_config"):
        body = {"component_id": panel["id"], "fn_name": name, "session_hash": "s", "data": {}}
        assert client.post("/chat/gradio_api/component_server/", json=body).status_code == 404


def test_customers_do_not_wait_for_each_other(
    client: TestClient, chat: FakeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(4, timeout=10)
    answered = chat.answer

    def answer(message: Message) -> Reply:
        together.wait()  # passes only when four are in here at once
        return answered(message)

    monkeypatch.setattr(chat, "answer", answer)
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(send(client, "hello", conversation=str(n) * 32)))  # type: ignore[misc]
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [list(result) for result in results] == [["reply"]] * 4


# -- whose conversation it is


def opened(client: TestClient, known: Any = None) -> tuple[str, Any]:
    """The conversation that a browser is given which brings `known`: its id, and what is shown of it."""
    body = {"data": [known], "event_data": None, "fn_index": numbers(client)[1], "session_hash": "s"}
    answer = client.post("/chat/gradio_api/run/predict", json=body).json()
    conversation_id, view = answer["data"]
    return conversation_id, view


def test_ids_of_conversations_are_192_bits_of_chance(client: TestClient) -> None:
    ids = {opened(client)[0] for _ in range(40)}
    assert len(ids) == 40
    read = [base64.urlsafe_b64decode(one) for one in ids]
    assert {len(one) for one in read} == {24}
    both = [functools.reduce(join, (int.from_bytes(one) for one in read)) for join in (operator.or_, operator.and_)]
    assert [bits.bit_count() for bits in both] == [192, 0]  # 40 times chance: no bit of the 192 stood still


def test_nobody_reads_a_conversation_without_its_id(client: TestClient, chat: FakeChat) -> None:
    mine, _ = opened(client)
    send(client, "say my secret", conversation=mine)
    assert "my secret" in str(call(client, "read_conversation", conversation=mine))
    assert opened(client, mine)[0] == mine
    other, shown = opened(client)
    assert (other != mine, shown["exchanges"]) == (True, [])
    guesses = (
        mine.swapcase(),
        mine[:-1] + ("A" if mine[-1] != "A" else "B"),
        mine[:31],
        mine + "A",
        f" {mine}",
        "%" * 32,
        "*",
    )
    for guess in (*guesses, "", None, 1, [mine], {"id": mine}):
        assert "my secret" not in str(call(client, "read_conversation", conversation=guess))
        assert "my secret" not in str(opened(client, guess))
    call(client, "rate_reply", conversation=other, message="m1", rating=1)
    assert chat.exchanges[mine][0].rating == 0


# -- what is shown


def exchange(text: str, *utterances: Utterance) -> Exchange:
    return Exchange("m", text, Reply(CONVERSATION, "m", "en", utterances, (Step("template", ""),)))


def test_history_shows_the_title_of_a_pressed_button_and_not_its_payload() -> None:
    asked = Utterance("Which?", (Button("Track my order", "/track"), Button("Talk to a person", "/talk_to_person")))
    shown = conversation_view(
        CONVERSATION,
        [exchange("/track"), exchange("hello", asked), exchange("/track"), exchange("/talk_to_person")],
    )["exchanges"]
    assert [(one["text"], one["person"]) for one in shown] == [
        ("/track", False),  # no button had been offered yet: it was typed
        ("hello", False),
        ("Track my order", False),
        ("Talk to a person", True),
    ]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "ftp://x.example",
        "https://",
        "http://[",
        "/relative",
        "",
    ],
)
def test_only_web_addresses_become_links(address: str) -> None:
    shown = utterance_view(Utterance("x", pair_id=1, source_url=address, image=address if address[0:1] != "/" else ""))
    assert (shown["source"], shown["image"], shown["image_link"]) == ("", "", "")


@pytest.mark.parametrize(
    ("image", "shown", "offered"),
    [
        ("/pictures/lamp.png", "/pictures/lamp.png", ""),
        ("https://cdn.example/lamp.png", "", "https://cdn.example/lamp.png"),
        ("//cdn.example/lamp.png", "", ""),
        ("/\\cdn.example/lamp.png", "", ""),
    ],
)
def test_a_picture_of_another_host_is_offered_and_not_loaded(image: str, shown: str, offered: str) -> None:
    view = utterance_view(Utterance("x", image=image))
    assert (view["image"], view["image_link"]) == (shown, offered)


def test_a_reply_is_a_persons_only_if_nothing_else_spoke() -> None:
    def view(*kinds: Any) -> tuple[bool, bool]:
        steps = tuple(Step(kind, "") for kind in kinds)
        shown = reply_view(Reply(CONVERSATION, "m", "en", (Utterance("x"),), steps))
        return shown["by_person"], shown["silent"]

    assert [view("human"), view("action", "human"), view("template")] == [(True, False), (False, False), (False, False)]
    assert reply_view(Reply(CONVERSATION, "m", "en", (), (Step("human", ""),)))["silent"]


def test_answers_and_templates_are_shown_as_html_and_a_persons_words_as_they_are() -> None:
    def html(*kinds: Any, **more: Any) -> str:
        said = (Utterance("**Free** from <b>$60</b>", **more),)
        shown: str = reply_view(Reply(CONVERSATION, "m", "en", said, tuple(Step(kind, "") for kind in kinds)))[
            "utterances"
        ][0]["html"]
        return shown

    marked, plain = "<p><strong>Free</strong> from ", "<p>**Free** from "
    assert html("retrieval", pair_id=1) == html("template") == f"{marked}&lt;b&gt;$60&lt;/b&gt;</p>"
    assert html("human") == f"{plain}&lt;b&gt;$60&lt;/b&gt;</p>"


def test_a_message_of_the_customer_is_sent_back_as_it_was_written() -> None:
    text = "**x** <img src=x onerror=alert(1)>"
    assert conversation_view(CONVERSATION, [exchange(text)])["exchanges"][0]["text"] == text


# -- texts


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()
    for key, text in TEXTS["en"].items():
        places = re.findall(r"\{\w+\}", text)
        assert sorted(places) == sorted(re.findall(r"\{\w+\}", TEXTS["zh"][key]))


def test_the_page_uses_the_texts_there_are() -> None:
    sources = "".join((HERE / name).read_text(encoding="utf-8") for name in ("chat.html", "chat_page.py", *SCRIPTS))
    assert {key for key in TEXTS["en"] if not re.search(rf"[\"'.]{key}\b|\b{key}: ", sources)} == set()
    named = re.findall(r'data-(?:text|label|placeholder)="([\w]+)"|(?:words|unseen|announce)\("(\w+)"', sources)
    assert {first or second for first, second in named} - TEXTS["en"].keys() == set()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-TW;q=0.8, en;q=0.9", "en"),
        ("fr, zh-CN;q=0.7, en;q=0.3", "zh"),
        ("EN-us", "en"),
        ("zh;q=abc", "en"),
        (";;;,,", "en"),
    ],
)
def test_the_better_liked_language_is_the_pages(header: str, language: str) -> None:
    assert preferred_language(header) == language
