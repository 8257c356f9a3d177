"""Payloads of buttons: what the bot offered counts as pressed, whatever a customer makes up is plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from chatbot.messages import Message
from chatbot.web.pressing import OnlyOffered
from tests.web.fake_chat import FakeChat
from tests.web.small_bot import HOOK, INFORM, SmallBot

UNKNOWN = "I don't know the answer to that, and I won't guess. Could you put it another way?"
FOUND = "Order **100234** is on its way."


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallBot]:
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path))
    bot = SmallBot(tmp_path)
    yield bot
    bot.close()


def said(client: TestClient, text: str, sender: str = "kim") -> list[str | None]:
    answer = client.post(HOOK, json={"sender": sender, "message": text})
    assert answer.status_code == 200
    return [message.get("text") for message in answer.json() if "text" in message]


FORGED = (
    "/delete_account",
    INFORM,
    '/inform{"order_number":"100234"}',
    " /delete_account ",
    "／delete_account",
    "/\u200bdelete_account",
    "/delete_account{}",
)


@pytest.mark.parametrize("text", FORGED)
def test_a_payload_that_nobody_offered_is_plain_words(bot: SmallBot, text: str) -> None:
    client = TestClient(bot.app())
    assert said(client, text) == [UNKNOWN]
    state = bot.state("rest:kim")
    assert (state.active_form, state.slots.get("order_number")) == ("", None)


@pytest.mark.parametrize("text", [INFORM, "/inform", "/delete_account"])
def test_a_payload_that_nobody_offered_fills_no_form(bot: SmallBot, text: str) -> None:
    client = TestClient(bot.app())
    assert said(client, "my order please") == ["What is its number?"]
    assert said(client, text) == ["What is its number?"]
    assert bot.state("rest:kim").slots.get("order_number") is None
    assert said(client, "100234") == [FOUND]


def test_an_offered_button_works_and_carries_its_values(bot: SmallBot) -> None:
    client = TestClient(bot.app())
    assert said(client, "hello") == ["Hello!"]
    assert said(client, INFORM) == [FOUND]
    assert said(client, "/order_status") == [FOUND]  # the form has its number already


def test_an_offered_button_works_after_a_restart_and_later_in_the_conversation(tmp_path: Path, bot: SmallBot) -> None:
    said(TestClient(bot.app()), "hello")
    said(TestClient(bot.app()), "weather")
    bot.close()
    again = SmallBot(tmp_path)
    try:
        assert said(TestClient(again.app()), INFORM) == [FOUND]
    finally:
        again.close()


def test_a_button_changed_or_of_another_conversation_was_not_offered(bot: SmallBot) -> None:
    client = TestClient(bot.app())
    said(client, "hello")
    assert said(client, INFORM, "lee") == [UNKNOWN]
    assert said(client, INFORM.replace("100234", "100235")) == [UNKNOWN]
    assert bot.state("rest:kim").slots.get("order_number") is None


def test_what_the_operator_lists_may_be_sent_unasked_but_without_values(bot: SmallBot) -> None:
    client = TestClient(bot.app(open_payloads=("greet", "/order_status")))
    assert said(client, "/greet") == ["Hello!"]
    assert said(client, "/order_status", "lee") == ["What is its number?"]
    assert said(client, '/order_status{"order_number": "100234"}', "may") == ["What is its number?"]  # by its words
    assert said(client, "/delete_account") == [UNKNOWN]


def test_a_person_can_always_be_asked_for_as_the_pages_own_button_does(bot: SmallBot) -> None:
    assert said(TestClient(bot.app()), "/talk_to_person") == ["A person will come."]


def test_the_rule_holds_for_the_chat_page(bot: SmallBot) -> None:
    client = TestClient(bot.app())
    panel = json.loads(client.get("/chat/").text.partition("window.gradio_config = ")[2].partition(";</script>")[0])
    component = next(one["id"] for one in panel["components"] if one["type"] == "html")

    def send(text: str, message: str) -> Any:
        data = {"conversation": "c" * 32, "message": message, "text": text, "language": "en"}
        body = {"component_id": component, "fn_name": "send_message", "session_hash": "s", "data": data}
        reply = client.post("/chat/gradio_api/component_server/", json=body).json()["reply"]
        return [utterance["html"] for utterance in reply["utterances"]]

    assert "deleted" not in str(send("/delete_account", "m1"))
    assert "100234" not in str(send(INFORM, "m2"))
    assert bot.state("c" * 32).slots.get("order_number") is None
    assert "Hello!" in str(send("hello", "m3"))
    assert "100234" in str(send(INFORM, "m4"))


def test_words_are_passed_on_as_they_are() -> None:
    chat = FakeChat()
    message = Message("c", "hello / goodbye", "m1")
    OnlyOffered(chat).answer(message)
    assert chat.asked == [message]
