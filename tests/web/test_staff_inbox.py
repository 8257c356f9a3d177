from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from chatbot.accounts.people import ROLES, Role
from chatbot.web.staff.answers import Signed, staff_app
from chatbot.web.staff.inbox import inbox_routes
from knowledge_base.pairs import Pair
from tests.inbox_desk import InboxDesk

WRAPPING = ("do you gift wrap", "can you gift wrap it", "gift wrap please")
NEW = {"question": "Do you wrap presents?", "answer": "Yes, free."}
NOBODY = "nobody"


class Console:
    """The routes over HTTP, asked by whoever a test names."""

    def __init__(self, desk: InboxDesk) -> None:
        self.desk = desk
        self.audited: list[tuple[str, str, str, str]] = []
        routes = inbox_routes(desk.inbox, desk.store, problems, lambda *entry: self.audited.append(entry))
        self.client = TestClient(staff_app(signed_in, [routes]))

    def get(self, path: str, role: str = "agent") -> Any:
        return self.client.get(path, headers={"x-role": role})

    def post(self, path: str, sent: dict[str, Any], role: str = "editor") -> Any:
        return self.client.post(path, json=sent, headers={"x-role": role, "x-frontdesk": "1"})

    def groups(self, query: str = "") -> list[dict[str, Any]]:
        return cast(list[dict[str, Any]], self.get(f"/inbox{query}").json()["groups"])

    def key(self) -> str:
        return str(self.groups()[0]["key"])


def signed_in(request: Request) -> Signed | None:
    role = request.headers.get("x-role", NOBODY)
    return Signed("mei", role) if role in ROLES else None


def problems(answer: str) -> list[str]:
    return ["Raw HTML is not allowed."] if "<" in answer else []


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    desk = InboxDesk(tmp_path)
    yield Console(desk)
    desk.close()


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [NOBODY, *ROLES])
@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/inbox", "agent"),
        ("GET", "/inbox/{key}", "agent"),
        ("POST", "/inbox/{key}/again", "agent"),
        ("POST", "/inbox/{key}/pair", "editor"),
        ("POST", "/inbox/{key}/similar", "editor"),
        ("POST", "/inbox/{key}/outside", "editor"),
    ],
)
def test_who_may_do_what(console: Console, role: str, method: str, path: str, needed: Role) -> None:
    console.desk.asks(*WRAPPING)
    pair = console.desk.store.add(Pair("Presents?", "Yes.", language="en"))
    bodies: dict[str, dict[str, Any]] = {"pair": NEW, "similar": {"pair_id": pair.id}}
    url = path.format(key=console.key())
    sent = bodies.get(path.rpartition("/")[2], {})
    answer = console.get(url, role) if method == "GET" else console.post(url, sent, role)
    if role == NOBODY:
        assert error(answer) == (401, "not_signed_in")
    elif ROLES.index(cast(Role, role)) < ROLES.index(needed):
        assert error(answer) == (403, "not_allowed")
    else:
        assert answer.status_code == 200, answer.text
    if answer.status_code != 200:
        assert console.audited == []
        assert console.desk.store.get(pair.id).similar == ()
        assert len(console.groups()) == 1


def test_every_route_is_in_the_table_above() -> None:
    routes = inbox_routes(cast(Any, None), cast(Any, None), problems, lambda *_: None).routes
    assert {(sorted(cast(Any, route).methods)[0], cast(Any, route).path) for route in routes} == {
        ("GET", "/inbox"),
        ("GET", "/inbox/{key}"),
        ("POST", "/inbox/{key}/again"),
        ("POST", "/inbox/{key}/pair"),
        ("POST", "/inbox/{key}/similar"),
        ("POST", "/inbox/{key}/outside"),
    }


def test_without_the_consoles_header_nothing_is_done(console: Console) -> None:
    console.desk.asks(*WRAPPING)
    answer = console.client.post(f"/inbox/{console.key()}/outside", json={}, headers={"x-role": "admin"})
    assert error(answer) == (403, "no_header")
    assert len(console.groups()) == 1


# --- reading ----------------------------------------------------------------------------------------------------------


def test_the_list_holds_all_that_the_contract_names(console: Console) -> None:
    console.desk.asks("where is my gift wrap [order]", conversation_id="c1")
    console.desk.asks("where is my gift wrap [order]?")
    pair = console.desk.store.add(Pair("Where is my gift wrap?", "Here.", language="en"))
    console.desk.index.refresh()
    answer = console.get("/inbox").json()
    [group] = answer.pop("groups")
    assert answer == {"total": 1, "turns": 2, "left_out": 0}
    [sample] = group.pop("sample")
    score = group["suggestion"].pop("score")
    assert group == {
        "key": group["key"],
        "size": 2,
        "customers": 2,
        "language": "en",
        "routes": {"fallback": 2},
        "last_at": sample["at"],
        "handled": None,
        "answered": None,
        "suggestion": {"pair_id": pair.id, "question": "Where is my gift wrap?"},
    }
    assert 0.3 < score < 1
    assert sample == {
        "text": "where is my gift wrap [order]?",
        "at": sample["at"],
        "route": "fallback",
        "rating": 0,
        "turns": 2,
        "offered": False,
    }


def test_a_group_is_shown_with_its_texts_and_turns_and_without_whose_they_were(console: Console) -> None:
    console.desk.asks(*WRAPPING, WRAPPING[0], conversation_id="secret-conversation")
    answer = console.get(f"/inbox/{console.key()}")
    shown = answer.json()
    assert shown["group"] == console.groups()[0]
    assert {text["text"]: (text["turns"], text["offered"]) for text in shown["texts"]} == {
        WRAPPING[0]: (2, True),
        WRAPPING[1]: (1, True),
        WRAPPING[2]: (1, True),
    }
    assert [turn["text"] for turn in shown["turns"]] == [WRAPPING[0], *reversed(WRAPPING)]
    assert set(shown["turns"][0]) == {
        *("id", "text", "at", "language", "route", "intent", "confidence", "rating", "why"),
    }
    assert "secret-conversation" not in answer.text


def test_the_list_comes_in_pages_by_language_and_by_days(console: Console) -> None:
    console.desk.asks(*WRAPPING)
    console.desk.asks("are you hiring", "are you hiring", "where are my swatches", days_ago=3)
    console.desk.asks("可以开发票吗", days_ago=3, language="zh")
    assert [group["customers"] for group in console.groups("?size=2")] == [3, 2]
    assert [group["customers"] for group in console.groups("?size=2&page=2")] == [1, 1]
    assert console.groups("?size=2&page=3") == []
    assert [group["language"] for group in console.groups("?language=zh")] == ["zh"]
    assert console.get("/inbox?language=zh&size=1").json()["total"] == 1
    assert [group["customers"] for group in console.groups("?days=2")] == [3]


@pytest.mark.parametrize("query", ["days=0", "days=366", "page=0", "size=0", "size=101", "language=fr", "days=x"])
def test_a_query_beyond_what_is_allowed_is_refused(console: Console, query: str) -> None:
    assert error(console.get(f"/inbox?{query}")) == (400, "invalid")


def test_a_key_of_no_group_is_not_found_by_any_route(console: Console) -> None:
    pair = console.desk.store.add(Pair("Presents?", "Yes.", language="en"))
    answers = [
        console.get("/inbox/0123456789abcdef"),
        console.get("/inbox/%27%20OR%201=1"),
        *(console.post(f"/inbox/none/{act}", {}) for act in ("again", "outside")),
        console.post("/inbox/none/pair", NEW),
        console.post("/inbox/none/similar", {"pair_id": pair.id}),
    ]
    assert [error(answer) for answer in answers] == [(404, "not_found")] * 6
    assert console.desk.store.count() == 1


# --- acting -----------------------------------------------------------------------------------------------------------


def test_one_click_makes_the_group_a_pair_that_answers_it(console: Console) -> None:
    console.desk.asks(*WRAPPING)
    key = console.key()
    assert console.post(f"/inbox/{key}/again", {}).json() == {"answered": 0.0}
    answer = console.post(f"/inbox/{key}/pair", NEW | {"category": "gifts"}).json()
    assert answer["answered"] == 1.0
    pair = console.desk.store.get(answer["pair"]["id"])
    assert (pair.question, pair.answer, pair.category, pair.language) == (*NEW.values(), "gifts", "en")
    assert sorted(pair.similar) == sorted(WRAPPING)
    assert (answer["pair"]["revision"], answer["pair"]["updated_by"]) == (1, "mei")
    assert console.audited == [("mei", "pair.added", str(pair.id), "inbox: 3 turns of 3 customers")]
    assert console.groups() == []
    kept = console.get(f"/inbox/{key}").json()["group"]
    assert (kept["handled"]["how"], kept["handled"]["subject"], kept["answered"]) == ("pair", str(pair.id), 1.0)
    console.desk.store.withdraw(pair.id)
    assert console.post(f"/inbox/{key}/again", {}).json() == {"answered": 0.0}
    assert console.get(f"/inbox/{key}").json()["group"]["answered"] == 0.0


def test_the_similar_questions_and_the_language_of_a_new_pair_may_be_chosen(console: Console) -> None:
    console.desk.asks(*WRAPPING)
    made = console.post(f"/inbox/{console.key()}/pair", NEW | {"similar": ["wrapping paper"], "language": ""}).json()
    assert (made["pair"]["similar"], made["pair"]["language"]) == (["wrapping paper"], "")
    assert made["answered"] < 1


def test_one_click_adds_the_group_to_a_pair(console: Console) -> None:
    pair = console.desk.store.add(Pair("Presents?", "Yes.", language="en"))
    console.desk.asks(*WRAPPING)
    answer = console.post(f"/inbox/{console.key()}/similar", {"pair_id": pair.id}).json()
    assert (sorted(answer["pair"]["similar"]), answer["answered"]) == (sorted(WRAPPING), 1.0)
    assert console.audited == [("mei", "pair.updated", str(pair.id), "inbox: 3 turns of 3 customers")]
    assert console.groups() == []


def test_named_texts_alone_are_added(console: Console) -> None:
    pair = console.desk.store.add(Pair("Presents?", "Yes.", language="en"))
    console.desk.asks(*WRAPPING)
    sent = {"pair_id": pair.id, "texts": ["gift wrap my [order]"]}
    answer = console.post(f"/inbox/{console.key()}/similar", sent).json()
    assert answer["pair"]["similar"] == ["gift wrap my [order]"]


def test_one_click_marks_the_group_out_of_scope(console: Console) -> None:
    console.desk.asks(*WRAPPING)
    key = console.key()
    assert console.post(f"/inbox/{key}/outside", {}).json() == {"labelled": 3, "answered": 0.0}
    assert {(label.text, label.intent, label.by) for label in console.desk.labels.all()} == {
        (text, "out_of_scope", "mei") for text in WRAPPING
    }
    assert console.audited == [("mei", "inbox.outside", key, "inbox: 3 turns of 3 customers")]
    assert console.groups() == []


def test_what_was_handled_is_not_handled_twice_unless_that_is_meant(console: Console) -> None:
    console.desk.asks(*WRAPPING)
    key = console.key()
    console.post(f"/inbox/{key}/outside", {})
    refused = console.post(f"/inbox/{key}/pair", NEW)
    assert error(refused) == (409, "handled")
    assert refused.json()["error"]["handled"]["how"] == "outside"
    assert console.desk.store.count() == 0
    assert console.post(f"/inbox/{key}/pair", NEW | {"anyway": True}).json()["answered"] == 1.0
    assert console.get(f"/inbox/{key}").json()["group"]["handled"]["how"] == "pair"


def test_what_is_asked_again_in_vain_comes_back_and_can_be_handled_again(console: Console) -> None:
    console.desk.asks(*WRAPPING)
    key = console.key()
    console.post(f"/inbox/{key}/outside", {})
    console.desk.asks(WRAPPING[0], days_ago=-0.01)
    [group] = console.groups()
    assert (group["customers"], group["handled"]["how"], group["handled"]["by"]) == (1, "outside", "mei")
    assert console.post(f"/inbox/{group['key']}/pair", NEW).status_code == 200


def test_refusals_save_nothing_and_leave_the_group_in_the_inbox(console: Console) -> None:
    console.desk.asks(*WRAPPING, "gift wrap [order]")
    taken = console.desk.store.add(Pair("Presents?", "Yes.", language="en"))
    chinese = console.desk.store.add(Pair("可以包装吗", "可以。", language="zh"))
    key = console.key()
    for act, sent, expected in (
        ("pair", NEW | {"question": "presents"}, (409, "duplicate")),
        ("pair", NEW | {"similar": ["PRESENTS?"]}, (409, "duplicate")),
        ("pair", NEW | {"question": "gift wrap [order]"}, (400, "invalid")),
        ("pair", NEW | {"answer": "<script>alert(1)</script>"}, (400, "invalid")),
        ("pair", NEW | {"answer": " "}, (400, "invalid")),
        ("pair", NEW | {"question": "x" * 501}, (400, "invalid")),
        ("pair", NEW | {"question": "x" * 5001}, (400, "invalid")),
        ("pair", NEW | {"similar": [f"x{n}" for n in range(201)]}, (400, "invalid")),
        ("pair", NEW | {"similar": ["x"] * 2001}, (400, "invalid")),
        ("pair", NEW | {"language": "fr"}, (400, "invalid")),
        ("pair", NEW | {"state": "published"}, (400, "invalid")),
        ("pair", {"question": "Presents?"}, (400, "invalid")),
        ("similar", {"pair_id": 99}, (404, "not_found")),
        ("similar", {"pair_id": 2**63}, (400, "invalid")),
        ("similar", {"pair_id": chinese.id}, (400, "invalid")),
        ("similar", {"pair_id": taken.id, "texts": []}, (400, "invalid")),
        ("similar", {}, (400, "invalid")),
        ("outside", {"intent": "greet"}, (400, "invalid")),
    ):
        assert (sent, error(console.post(f"/inbox/{key}/{act}", sent))) == (sent, expected)
    assert console.audited == []
    assert console.desk.store.get(taken.id) == taken
    assert console.desk.store.count() == 2
    assert console.desk.labels.all() == []
    assert console.key() == key
    duplicate = console.post(f"/inbox/{key}/pair", NEW | {"question": "presents"}).json()["error"]
    assert duplicate["pair_id"] == taken.id


def test_what_was_done_is_done_though_it_cannot_be_measured(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    console.desk.asks(*WRAPPING)
    key = console.key()
    monkeypatch.setattr(console.desk.encoder, "encode", lambda _: [])
    made = console.post(f"/inbox/{key}/pair", NEW)
    assert (made.status_code, made.json()["answered"], made.json()["pair"]["revision"]) == (200, None, 1)
    assert [entry[1] for entry in console.audited] == ["pair.added"]
    monkeypatch.undo()
    assert console.groups() == []
    assert console.post(f"/inbox/{key}/again", {}).json() == {"answered": 1.0}
