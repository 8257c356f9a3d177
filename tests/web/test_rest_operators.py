"""What operators ask over HTTP: nothing without their token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from chatbot.messages import Message
from chatbot.web.api_texts import PURPOSES, TEXTS
from chatbot.web.problems import PROBLEMS
from tests.web.small_bot import HOOK, INFORM, TOKEN, SmallBot

SHOWN = {"authorization": f"Bearer {TOKEN}"}
PARSE, TRACKER = "/model/parse", "/conversations/kim/tracker"
PAGE = "c" * 32


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallBot]:
    bot = SmallBot(tmp_path_factory.mktemp("home"))
    yield bot
    bot.close()


@pytest.fixture(scope="module")
def client(bot: SmallBot) -> TestClient:
    return TestClient(bot.app(token=TOKEN))


def asked(client: TestClient, text: Any, **more: Any) -> Any:
    return client.post(PARSE, json={"text": text, **more}, headers=SHOWN)


# -- who may


def test_without_a_token_in_the_settings_they_are_shut_and_say_how_to_open_them(bot: SmallBot) -> None:
    client = TestClient(bot.app())
    for language in ("en", "zh"):
        error = {"error": {"code": "switched_off", "message": PROBLEMS[language]["api_off"]}}
        assert "CHATBOT_API_TOKEN" in error["error"]["message"]
        for method, path in (
            ("POST", PARSE),
            ("GET", TRACKER),
            ("GET", "/openapi.json"),
            ("GET", "/openapi.json?token="),
            ("GET", "/status?token=None"),
        ):
            answer = client.request(method, path, headers={"accept-language": language})
            assert (answer.status_code, answer.json()) == (404, error)
    page = client.get("/api")
    assert (page.status_code, "CHATBOT_API_TOKEN" in page.text, "<form" in page.text) == (404, True, False)


@pytest.mark.parametrize(("method", "path"), [("POST", PARSE), ("GET", TRACKER), ("GET", "/openapi.json")])
def test_the_token_is_shown_in_the_address_or_as_a_header(client: TestClient, method: str, path: str) -> None:
    body = {"text": "hello"} if method == "POST" else None
    for query, headers in (("", {}), ("?token=x", {}), ("?token=", {}), ("", {"authorization": "Bearer x"})):
        answer = client.request(method, path + query, headers=headers, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authenticated")
    assert client.request(method, path, headers=SHOWN, json=body).status_code == 200
    assert client.request(method, f"{path}?token={TOKEN}", json=body).status_code == 200


def test_the_tokens_of_front_ends_and_operators_do_not_stand_for_one_another(bot: SmallBot) -> None:
    client = TestClient(bot.app(token=TOKEN, rest_token="the front end's"))
    assert client.get(f"{TRACKER}?token=the+front+end's").status_code == 401
    assert client.post(HOOK, json={"sender": "kim", "message": "hello"}, headers=SHOWN).status_code == 401


# -- /model/parse


def test_a_text_is_parsed_as_rasa_says_it(client: TestClient) -> None:
    assert asked(client, "my  order 100234?", message_id="m1").json() == {
        "text": "my order 100234?",
        "intent": {"name": "order_status", "confidence": 0.9},
        "entities": [{"entity": "order_number", "value": "100234", "start": 9, "end": 15}],
        "intent_ranking": [{"name": "order_status", "confidence": 0.9}],
        "message_id": "m1",
    }


def test_a_text_that_means_nothing_has_no_intent(client: TestClient) -> None:
    none = {"name": None, "confidence": 0.0}
    assert asked(client, "xyz").json() == {"text": "xyz", "intent": none, "entities": [], "intent_ranking": []}


def test_an_operator_may_try_any_payload(client: TestClient) -> None:
    found = asked(client, INFORM).json()
    assert found["intent"] == {"name": "inform", "confidence": 1.0}
    assert [(entity["entity"], entity["value"]) for entity in found["entities"]] == [("order_number", "100234")]


@pytest.mark.parametrize("text", [None, 7, "", "x" * 2001, ["hi"]])
def test_what_is_no_text_is_told(client: TestClient, text: Any) -> None:
    answer = asked(client, text)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed")
    assert "2,000" in answer.json()["error"]["message"]


def test_parsing_leaves_nothing_behind(client: TestClient, bot: SmallBot) -> None:
    asked(client, "hello")
    assert bot.history("parse") == []


# -- trackers


def tracker(client: TestClient, named: str, query: str = "") -> Any:
    answer = client.get(f"/conversations/{named}/tracker{query}", headers=SHOWN)
    assert answer.status_code == 200
    return answer.json()


def test_a_tracker_tells_slots_form_and_events(client: TestClient, bot: SmallBot) -> None:
    for number, text in enumerate(("hello", INFORM)):
        sent = {"sender": "ann", "message": text, "metadata": {"message_id": f"m{number}"}}
        assert client.post(HOOK, json=sent).status_code == 200
    found = tracker(client, "ann")
    events = found.pop("events")
    times = {event.pop("timestamp") for event in events}
    assert all(time > 1_700_000_000 for time in times)
    assert found.pop("latest_event_time") == max(times)
    inform = {
        "text": INFORM,
        "message_id": "m1",
        "intent": {"name": "inform", "confidence": 1.0},
        "intent_ranking": [{"name": "inform", "confidence": 1.0}],
        "entities": [],
        "metadata": {},
    }
    slots = found.pop("slots")
    assert {**slots, "turn": 2} == {"order_number": "100234", "language": "en", "turn": 2, "requested_slot": None}
    assert found == {
        "sender_id": "ann",
        "latest_message": inform,
        "followup_action": None,
        "paused": False,
        "latest_input_channel": "rest",
        "latest_action_name": "action_listen",
        "latest_action": {"action_name": "action_listen"},
        "active_loop": {},
    }
    assert events[4:] == [
        {"event": "action", "name": "action_listen", "policy": None, "confidence": 1.0},
        {"event": "user", "text": INFORM, "parse_data": inform, "input_channel": "rest", "metadata": {}},
        {"event": "action", "name": "utter_found", "policy": "inform: button pressed", "confidence": 1.0},
        {
            "event": "bot",
            "text": "Order **100234** is on its way.",
            "data": {"buttons": None, "image": "/van.png", "custom": None},
        },
    ]
    assert [event["event"] for event in events[:4]] == ["action", "user", "action", "bot"]
    assert tracker(client, "ann", "?include_events=NONE")["events"] is None


def test_a_tracker_tells_the_active_form_and_who_is_silent(client: TestClient, bot: SmallBot) -> None:
    client.post(HOOK, json={"sender": "bea", "message": "my order please"})
    found = tracker(client, "bea")
    assert found["active_loop"] == {"name": "order_form", "is_interrupted": False, "rejected": False}
    assert found["slots"]["requested_slot"] == "order_number"
    bot.small.conversations.hold("rest:bea", "kim")
    assert tracker(client, "bea")["paused"] is True


def test_a_conversation_of_the_chat_page_is_found_by_its_id(client: TestClient, bot: SmallBot) -> None:
    bot.answer(Message(PAGE, "hello", "m1"))
    found = tracker(client, PAGE)
    assert (found["sender_id"], found["latest_input_channel"], len(found["events"])) == (PAGE, "frontdesk", 4)


def test_a_sender_with_personal_data_is_found_by_what_it_calls_itself(client: TestClient, bot: SmallBot) -> None:
    client.post(HOOK, json={"sender": "+65 100234", "message": "hello"})
    assert tracker(client, "+65%20100234")["latest_message"]["text"] == "hello"
    with bot.small.conversations.connections.reading() as db:
        assert "100234" not in str(db.execute("SELECT id FROM conversations").fetchall())


def test_a_conversation_that_nobody_began_is_empty_as_rasas_is(client: TestClient) -> None:
    found = tracker(client, "nobody/at/all")
    assert (found["sender_id"], found["events"], found["active_loop"]) == ("nobody/at/all", [], {})
    assert found["latest_message"]["intent"] == {"name": None, "confidence": 0.0}


def test_what_is_raw_is_told_only_while_it_lives(client: TestClient, bot: SmallBot) -> None:
    client.post(HOOK, json={"sender": "cat", "message": "my order 100234"})
    assert tracker(client, "cat")["latest_message"]["text"] == "my order 100234"
    with bot.small.conversations.connections.writing() as db:
        db.execute("DELETE FROM live_turns WHERE conversation_id = 'rest:cat'")
        db.execute("DELETE FROM live_states WHERE conversation_id = 'rest:cat'")
    assert "100234" not in str(tracker(client, "cat"))


# -- the server


def test_the_version_is_told_to_everybody(client: TestClient) -> None:
    assert client.get("/version").json() == {"version": "0.1.0", "minimum_compatible_version": "0.1.0"}


def test_the_status_says_more_to_operators(client: TestClient) -> None:
    serving = {"status": "ok", "model": "intents-7", "index": "index-3"}
    assert client.get("/status").json() == serving
    more = {"model_id": "intents-7", "model_file": "models/intents-7", "num_active_training_jobs": 0}
    assert client.get("/status", headers=SHOWN).json() == {**serving, **more}
    assert client.get("/status?token=wrong").status_code == 401


# -- what describes them


def routes(client: TestClient) -> Any:
    return client.get("/openapi.json", headers=SHOWN).json()


def test_openapi_describes_every_route_and_no_page(client: TestClient) -> None:
    spec = routes(client)
    assert set(spec["paths"]) == set(PURPOSES)
    body = spec["paths"]["/webhooks/rest/webhook"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Sent"}
    assert spec["components"]["schemas"]["Sent"]["required"] == ["sender", "message"]
    schemes = {
        (one["type"], one.get("scheme", one.get("name"))) for one in spec["components"]["securitySchemes"].values()
    }
    assert schemes == {("http", "bearer"), ("apiKey", "token")}


def test_every_reference_of_openapi_leads_somewhere(client: TestClient) -> None:
    spec = routes(client)

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from [value["$ref"]] if "$ref" in value else []
            for one in value.values():
                yield from references(one)
        elif isinstance(value, list):
            for one in value:
                yield from references(one)

    found = {ref.rpartition("/") for ref in references(spec)}
    assert {start for start, _, _ in found} == {"#/components/schemas"}
    assert {name for _, _, name in found} <= set(spec["components"]["schemas"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_asks_for_the_token_and_then_describes_every_route(client: TestClient, language: Any) -> None:
    headers, texts = {"accept-language": language}, TEXTS[language]
    asking = client.get("/api", headers=headers)
    assert (asking.status_code, texts["token"] in asking.text, "/model/parse" in asking.text) == (401, True, False)
    wrong = client.post("/api", data={"token": "<b>wrong"}, headers=headers)
    assert (wrong.status_code, texts["wrong"] in wrong.text, "<b>" in wrong.text) == (401, True, False)
    page = client.post("/api", data={"token": TOKEN}, headers=headers)
    assert page.status_code == 200
    assert all(purpose[language].split("'")[0] in page.text for purpose in PURPOSES.values())
    assert all(texts[key] in page.text for key in ("title", "parameters", "body", "answer", "optional"))
    assert client.get(f"/api?token={TOKEN}&lang={language}").status_code == 200


def test_the_page_brings_nothing_from_afar_and_runs_nothing(client: TestClient) -> None:
    page = client.get("/api", headers=SHOWN)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert not [word for word in ("<script", "http://", "https://", "src=", TOKEN) if word in page.text]
    assert page.headers["cache-control"] == "no-store"


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()
    assert {tuple(purpose) for purpose in PURPOSES.values()} == {("en", "zh")}
