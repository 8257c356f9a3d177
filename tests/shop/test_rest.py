"""The demo shop as it is served: its REST channel, and what operators see of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import Server, copied

TOKEN = "an operator's token"


@pytest.fixture(scope="module")
def client(shop_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home = copied(shop_home, tmp_path_factory.mktemp("rest") / "home")
    server = Server(home, CHATBOT_API_TOKEN=TOKEN, CHATBOT_OPEN_PAYLOADS="greet, no_such_intent")
    try:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            yield client
    finally:
        server.stop()
    assert sum("CHATBOT_OPEN_PAYLOADS has 'no_such_intent'" in line for line in server.lines) == 1


def said(client: httpx.Client, text: str, sender: str, language: str = "en") -> list[dict[str, Any]]:
    sent = {"sender": sender, "message": text, "metadata": {"language": language}}
    answer = client.post("/webhooks/rest/webhook", json=sent)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()
    return found


def asked(client: httpx.Client, method: str, path: str, **body: Any) -> Any:
    answer = client.request(method, path, headers={"authorization": f"Bearer {TOKEN}"}, **body)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize(("language", "greeting"), [("en", "Hello"), ("zh", "您好")])
def test_a_widget_is_greeted_and_its_buttons_work(client: httpx.Client, language: str, greeting: str) -> None:
    sender = f"ann-{language}"
    greeted = said(client, "/greet", sender, language)[0]
    assert greeted["text"].startswith(greeting)
    assert "/order_status" in {button["payload"] for button in greeted["buttons"]}
    said(client, "/order_status", sender, language)
    found = asked(client, "GET", f"/conversations/{sender}/tracker")
    assert (found["active_loop"]["name"], found["slots"]["language"]) == ("order_status_form", language)
    assert found["latest_message"]["intent"] == {"name": "order_status", "confidence": 1.0}


def test_a_payload_that_nobody_offered_fills_nothing(client: httpx.Client) -> None:
    said(client, '/order_status{"order_number": "100234"}', "bea")
    found = asked(client, "GET", "/conversations/bea/tracker")
    assert found["slots"]["order_number"] is None
    assert found["latest_message"]["intent"]["confidence"] < 1


def test_a_text_is_parsed(client: httpx.Client) -> None:
    found = asked(client, "POST", "/model/parse", json={"text": "where is my order 100234?"})
    assert found["intent"]["name"] == "order_status"
    assert found["intent_ranking"][0] == found["intent"]
    assert [(one["entity"], one["value"]) for one in found["entities"]] == [("order_number", "100234")]


def test_the_version_and_the_model_are_told(client: httpx.Client) -> None:
    assert client.get("/version").status_code == 200
    status = asked(client, "GET", "/status")
    assert status["model_id"] == status["model"]
