"""Rasa's REST channel, as a front end meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from chatbot.errors import SettingsError
from chatbot.messages import Button, Message, Utterance
from chatbot.settings import load_settings
from chatbot.web.app import Api, create_app
from chatbot.web.limits import Rate
from chatbot.web.problems import PROBLEMS
from chatbot.web.rest_messages import Senders, spoken
from chatbot.web.texts import LIMIT, TEXTS
from tests.web.fake_chat import RETURNS, FakeChat, limited
from tests.web.small_bot import HOOK

SHOP = {"en": "Maple & Moss", "zh": "枫苔家居"}


def client_of(chat: FakeChat, embed_origins: tuple[str, ...] = (), rate: Rate | None = None, **api: Any) -> TestClient:
    app = create_app(chat, shop_name=SHOP, storage_secret="s", status=dict, embed_origins=embed_origins, api=Api(**api))
    return TestClient(limited(app, **({"of_conversation": rate} if rate else {})), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[FakeChat, TestClient]]:
    """One app for all tests: gradio takes a quarter of a second to make one."""
    chat = FakeChat()
    with client_of(chat) as client:
        yield chat, client


@pytest.fixture
def chat(site: tuple[FakeChat, TestClient]) -> FakeChat:
    site[0].forget()
    return site[0]


@pytest.fixture
def client(site: tuple[FakeChat, TestClient], chat: FakeChat) -> TestClient:
    return site[1]


def post(client: TestClient, message: Any, sender: Any = "kim", headers: Any = None, **more: Any) -> Any:
    return client.post(HOOK, json={"sender": sender, "message": message, **more}, headers=headers or {})


# -- messages and answers


def test_the_channel_says_that_it_is_there(client: TestClient) -> None:
    assert [client.get(path).json() for path in ("/webhooks/rest/", "/webhooks/rest")] == [{"status": "ok"}] * 2


def test_an_answer_is_an_array_of_messages_with_text_and_buttons(client: TestClient) -> None:
    answer = post(client, "hello")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == [
        {
            "recipient_id": "kim",
            "text": "Hello! What can I do for you?",
            "buttons": [
                {"title": "Track my order", "payload": "/track_order"},
                {"title": "Return something", "payload": "/return_item"},
            ],
        }
    ]


def test_each_utterance_is_a_message(client: TestClient) -> None:
    texts = ["First of two.", "Second, see https://shop.example/a?b=1&c=2."]
    assert post(client, "two bubbles").json() == [{"recipient_id": "kim", "text": text} for text in texts]


def test_a_picture_and_what_is_custom_are_messages_of_their_own_as_rasa_sends_them() -> None:
    utterance = Utterance(
        "A van.",
        (Button("More", "/more"),),
        "https://shop.example/van.png",
        custom={"map": {"zoom": 3}, "attachment": {"type": "file"}},
    )
    assert [message.model_dump(exclude_none=True) for message in spoken("kim", utterance)] == [
        {"recipient_id": "kim", "text": "A van.", "buttons": [{"title": "More", "payload": "/more"}]},
        {"recipient_id": "kim", "custom": {"map": {"zoom": 3}}},
        {"recipient_id": "kim", "image": "https://shop.example/van.png"},
        {"recipient_id": "kim", "attachment": {"type": "file"}},
    ]
    assert list(spoken("kim", Utterance(""))) == []


@pytest.mark.parametrize("stream", ["true", "True"])
def test_a_stream_is_a_line_of_json_for_each_message(client: TestClient, stream: str) -> None:
    answer = client.post(f"{HOOK}?stream={stream}", json={"sender": "kim", "message": "two bubbles 两"})
    assert answer.headers["content-type"].split(";")[0] == "text/event-stream"
    assert [json.loads(line)["text"][:6] for line in answer.text.splitlines()] == ["First ", "Second"]
    assert post(client, "a return").json() == [{"recipient_id": "kim", "text": RETURNS}]


def test_a_person_who_holds_the_conversation_makes_the_bot_silent(client: TestClient) -> None:
    assert post(client, "/talk_to_person").json()[0]["text"].startswith("I have asked a person")
    assert post(client, "hello").json() == []


def test_what_else_front_ends_send_is_ignored(client: TestClient, chat: FakeChat) -> None:
    more = {"session_id": "x", "input_channel": "web", "conversation": "c" * 32, "message_id": 7, "metadata": "?"}
    assert post(client, "a return", **more).json() == [{"recipient_id": "kim", "text": RETURNS}]
    assert chat.asked[0].conversation_id == "rest:kim"


def test_a_sender_may_be_a_number_as_rasa_takes_it(client: TestClient, chat: FakeChat) -> None:
    assert post(client, "a return", sender=4711).json() == [{"recipient_id": "4711", "text": RETURNS}]
    assert chat.asked[0].conversation_id == "rest:4711"


@pytest.mark.parametrize(
    ("metadata", "accepted", "language"),
    [
        ({"language": "zh"}, "en", "zh"),
        ({"language": "zh-CN"}, None, "zh"),
        ({"language": "fr"}, None, "en"),
        ({"language": 7}, "zh", "zh"),
        (None, "zh-CN,zh;q=0.9", "zh"),
    ],
)
def test_the_language_is_what_the_front_end_says_else_the_browsers(
    client: TestClient, chat: FakeChat, metadata: Any, accepted: str | None, language: str
) -> None:
    headers = {"accept-language": accepted} if accepted else {"accept-language": ""}
    post(client, "hello", metadata=metadata, headers=headers)
    assert (chat.asked[0].language or "en") == language


# -- twice the same


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"metadata": {"message_id": "m-1"}}, {"metadata": {"message_id": "m-1"}}),
        ({"metadata": {"message_id": 17}}, {"metadata": {"message_id": "17"}}),
        ({"headers": {"idempotency-key": '"8e03978e"'}}, {"headers": {"idempotency-key": "8e03978e"}}),
        ({"metadata": {"message_id": "第一 条"}}, {"metadata": {"message_id": "第一 条"}}),
    ],
)
def test_a_message_that_comes_twice_gets_the_first_reply(
    client: TestClient, chat: FakeChat, first: Any, second: Any
) -> None:
    answers = [post(client, "hello", **first).json(), post(client, "lamp", **second).json()]
    assert answers[0] == answers[1]
    assert len(chat.history("rest:kim")) == 1


def test_the_same_id_of_another_sender_is_another_message(client: TestClient) -> None:
    metadata = {"message_id": "m-1"}
    texts = [post(client, said, sender, metadata=metadata).json()[0]["text"][:5] for said, sender in TWO_SENDERS]
    assert texts == ["Hello", "Did y"]


TWO_SENDERS = (("hello", "kim"), ("lamp", "lee"))


def test_messages_without_an_id_are_all_answered(client: TestClient, chat: FakeChat) -> None:
    assert len({post(client, "hello").text for _ in range(3)}) == 1
    assert len({message.message_id for message in chat.asked}) == 3


# -- conversations


def test_no_sender_is_a_conversation_of_the_chat_page(client: TestClient, chat: FakeChat) -> None:
    page = "c" * 32
    chat.answer(Message(page, "a return", "m1"))
    post(client, "hello", sender=page)
    assert [exchange.text for exchange in chat.history(page)] == ["a return"]
    assert [exchange.text for exchange in chat.history(f"rest:{page}")] == ["hello"]


def test_personal_data_in_a_sender_is_not_kept_in_clear() -> None:
    senders = Senders(lambda text: text.replace("91234567", "[phone]"), "a secret")
    assert senders.conversation("b3f1-kim") == "rest:b3f1-kim"
    found = [senders.conversation(sender) for sender in ("+6591234567", "Kim Lee", "x" * 128, "金")]
    assert len(set(found)) == 4
    assert all(one.startswith("rest.") and len(one) == 37 for one in found)
    assert senders.conversation("+6591234567") == found[0]
    assert Senders(senders.masked, "another").conversation("+6591234567") != found[0]
    assert senders.conversation(found[0]) == f"rest:{found[0]}"


@pytest.mark.parametrize(
    "sender", ["Kim Lee", "张三", "+65 9123 4567", "kim@shop.example", "x" * 128, "<script>alert(1)</script>", "../.."]
)
def test_any_printable_sender_has_a_conversation_and_hears_its_own_name(client: TestClient, sender: str) -> None:
    assert post(client, "a return", sender=sender).json() == [{"recipient_id": sender, "text": RETURNS}]


# -- what is no message


def problem(key: str, language: Any = "en", **values: str) -> str:
    text = PROBLEMS[language][key]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@pytest.mark.parametrize(
    ("sent", "field", "fault"),
    [
        ({"message": "hi"}, "sender", "field required"),
        ({"sender": "", "message": "hi"}, "sender", "string should have at least 1 character"),
        ({"sender": "x" * 129, "message": "hi"}, "sender", "string should have at most 128 characters"),
        ({"sender": "a\nb", "message": "hi"}, "sender", "it has characters that cannot be shown"),
        ({"sender": None, "message": "hi"}, "sender", "input should be a valid string"),
        ({"sender": ["kim"], "message": "hi"}, "sender", "input should be a valid string"),
        ({"sender": True, "message": "hi"}, "sender", "input should be a valid string"),
        ({"sender": "kim"}, "message", "field required"),
        ({"sender": "kim", "message": None}, "message", "input should be a valid string"),
        ({"sender": "kim", "message": 7}, "message", "input should be a valid string"),
        ({"sender": "kim", "message": {"text": "hi"}}, "message", "input should be a valid string"),
        (
            {"sender": "kim", "message": "hi", "metadata": {"message_id": ["m"]}},
            "metadata.message_id",
            "input should be a valid string",
        ),
    ],
)
def test_a_field_that_is_wrong_is_named_and_nothing_is_answered(
    client: TestClient, chat: FakeChat, sent: Any, field: str, fault: str
) -> None:
    answer = client.post(HOOK, json=sent)
    message = problem("malformed", field=field, fault=fault, wanted=problem("wanted_of_webhook"))
    assert (answer.status_code, answer.json()) == (400, {"error": {"code": "malformed", "message": message}})
    assert chat.asked == []


@pytest.mark.parametrize("body", ["[]", "7", '"hi"', "null"])
def test_json_that_is_no_object_is_told(client: TestClient, body: str) -> None:
    answer = client.post(HOOK, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("body: ")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"sender=kim", b"\xff\xfe", b"[" * 60_000, b'{"sender": "kim", "message": ']
)
def test_what_is_no_json_is_told_in_the_callers_language(client: TestClient, chat: FakeChat, body: bytes) -> None:
    for language in ("en", "zh"):
        headers = {"content-type": "application/json", "accept-language": language}
        answer = client.post(HOOK, content=body, headers=headers)
        error = {"code": "not_json", "message": problem("not_json", language)}
        assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert chat.asked == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
def test_another_type_is_refused_for_it_needs_no_asking_across_sites(client: TestClient, content_type: str) -> None:
    body = json.dumps({"sender": "kim", "message": "hello"})
    answer = client.post(HOOK, content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "no_json_type")


def test_half_a_character_is_replaced(client: TestClient, chat: FakeChat) -> None:
    body = b'{"sender": "kim", "message": "a \\ud83c return"}'
    answer = client.post(HOOK, content=body, headers={"content-type": "application/json"})
    assert answer.json() == [{"recipient_id": "kim", "text": RETURNS}]
    assert chat.asked[0].text == "a ? return"


@pytest.mark.parametrize("text", ["", "  \n ", "\u3000"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_empty_message_gets_a_hint(client: TestClient, chat: FakeChat, text: str, language: Any) -> None:
    answer = post(client, text, metadata={"language": language})
    assert (answer.status_code, answer.json()) == (200, [{"recipient_id": "kim", "text": problem("empty", language)}])
    assert chat.asked == []


@pytest.mark.parametrize(("text", "language"), [("x" * 2001, "en"), ("退" * 2001, "zh")])
def test_a_message_beyond_the_limit_gets_a_polite_answer(
    client: TestClient, chat: FakeChat, text: str, language: Any
) -> None:
    answer = post(client, text)
    said = TEXTS[language]["too_long"].replace("{limit}", f"{LIMIT:,}")
    assert (answer.status_code, answer.json()) == (200, [{"recipient_id": "kim", "text": said}])
    assert chat.asked == []
    assert post(client, text[:2000]).json()[0]["text"] != said


def test_a_failure_is_logged_and_the_customer_hears_an_apology(
    client: TestClient, chat: FakeChat, caplog: pytest.LogCaptureFixture
) -> None:
    answer = post(client, "fail", metadata={"language": "zh"})
    assert (answer.status_code, answer.json()) == (500, [{"recipient_id": "kim", "text": TEXTS["zh"]["failed"]}])
    assert "/srv/secret/path" not in answer.text
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    chat.broken = False
    assert post(client, "fail").status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_posts_reach_the_webhook(client: TestClient, method: str) -> None:
    assert client.request(method, HOOK).status_code == 405


# -- who may


def test_a_token_is_demanded_where_one_is_set() -> None:
    chat = FakeChat()
    client = client_of(chat, rest_token="the token")
    sent = {"sender": "kim", "message": "hello"}
    for path, headers in (
        (HOOK, {}),
        (f"{HOOK}?token=", {}),
        (f"{HOOK}?token=the+toke", {}),
        (f"{HOOK}?token=the+token", {"authorization": "Bearer wrong"}),
        (HOOK, {"authorization": "Basic the token"}),
        (f"{HOOK}?token=%F0%9F%8D%81", {}),
    ):
        answer = client.post(path, json=sent, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["error"]["code"] == "not_authenticated"
    assert chat.asked == []
    assert client.post(f"{HOOK}?token=the+token", json=sent).status_code == 200
    assert client.post(HOOK, json=sent, headers={"authorization": "Bearer the token"}).status_code == 200
    assert client.get("/webhooks/rest/").status_code == 200


def test_a_token_is_no_short_word_and_is_never_printed() -> None:
    for name in ("rest_token", "api_token"):
        with pytest.raises(SettingsError, match=f"{name} is 'short': string should have at least 8 characters"):
            load_settings(**{name: "short"})
        assert "a long secret" not in repr(load_settings(**{name: "a long secret"}))
    assert "a long secret" not in repr(Api(token="a long secret", rest_token="a long secret"))


def preflight(client: TestClient, origin: str, path: str = HOOK) -> Any:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    return client.options(path, headers={"origin": origin, **asked})


def test_other_sites_get_in_only_where_they_are_named() -> None:
    client = client_of(FakeChat(), ("https://shop.example", "https://*.maple.example/"), Rate(1, 1))
    for origin in ("https://shop.example", "https://www.maple.example"):
        answer = preflight(client, origin)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
        assert answer.headers["access-control-allow-headers"] == "content-type"
        assert "access-control-allow-credentials" not in answer.headers
    for origin in ("https://evil.example", "http://shop.example", "https://shop.example.evil.example", "null"):
        assert "access-control-allow-origin" not in preflight(client, origin).headers
    answers = [post(client, "hello", headers={"origin": "https://shop.example"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"https://shop.example"}
    assert "access-control-allow-origin" not in preflight(client, "https://shop.example", "/model/parse").headers


def test_no_other_site_gets_in_by_default(client: TestClient) -> None:
    assert "access-control-allow-origin" not in preflight(client, "https://shop.example").headers
    assert "access-control-allow-origin" not in post(client, "hi", headers={"origin": "https://shop.example"}).headers


def test_a_shops_own_server_speaks_for_many_customers() -> None:
    app = create_app(FakeChat(), shop_name=SHOP, storage_secret="s", status=dict, api=Api(own_servers=("10.1.0.0/16",)))
    client = TestClient(limited(app, messages=Rate(1, 1), of_conversation=Rate(1, 2)), client=("10.1.2.3", 1))
    statuses = [post(client, "hello", sender).status_code for sender in ("kim", "lee", "kim", "lee", "kim")]
    assert statuses == [200, 200, 200, 200, 429]


def test_both_languages_have_the_same_texts() -> None:
    assert PROBLEMS["en"].keys() == PROBLEMS["zh"].keys()
