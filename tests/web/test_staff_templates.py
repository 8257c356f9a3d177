"""The routes of responses, as the console calls them: who may, what they tell, and that what is saved is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from httpx import Response

from chatbot.dialogue.templates import Templates
from chatbot.messages import State
from chatbot.project import load_project
from chatbot.reply.template import Speaker
from chatbot.web.markdown import problems_of
from chatbot.web.staff.answers import ROLES, Role, Signed, staff_app
from chatbot.web.staff.templates import template_routes

SHOP = load_project(None)
NAME = "utter_goodbye"
EDITED: list[dict[str, Any]] = [
    {
        "text": "See **you**.",
        "buttons": [{"title": "Talk to a person", "payload": "/talk_to_person"}],
        "image": "/shop.png",
        "conditions": {"language": "en"},
    },
    {"text": "再见。", "buttons": [], "image": "", "conditions": {"language": "zh"}},
]


class Console:
    """The routes on a real store, as somebody with a role sees them."""

    def __init__(self, path: Path) -> None:
        self.templates = Templates(path, SHOP.domain)
        self.signed: Signed | None = Signed("mei", "editor")
        self.audited: list[tuple[str, str, str, str]] = []
        routes = template_routes(self.templates, problems_of, lambda *entry: self.audited.append(entry), SHOP.rules)
        self.client = TestClient(staff_app(self.who, [routes]), headers={"X-Frontdesk": "1"})

    def who(self, _: Request) -> Signed | None:
        return self.signed

    def get(self, path: str = "") -> Any:
        answer = self.client.get(f"/templates{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, variants: Any, revision: Any = 0, name: str = NAME, **more: Any) -> Response:
        return self.client.put(f"/templates/{name}", json={"variants": variants, "revision": revision, **more})

    def back(self, to: Any, revision: Any, name: str = NAME) -> Response:
        return self.client.post(f"/templates/{name}/back", json={"to": to, "revision": revision})

    def says(self) -> str:
        """What another process would say now."""
        with closing(Templates(self.templates.connections.path, SHOP.domain)) as other:
            return Speaker(SHOP.domain, other.responses).say(NAME, State("c", "en")).text


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    made = Console(tmp_path / "templates.db")
    with closing(made.templates):
        yield made


def error(answer: Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


@pytest.mark.parametrize("role", [None, *ROLES])
@pytest.mark.parametrize(
    ("method", "path", "body", "least"),
    [
        ("GET", "/templates", None, "agent"),
        ("GET", f"/templates/{NAME}", None, "agent"),
        ("GET", f"/templates/{NAME}/history", None, "agent"),
        ("PUT", f"/templates/{NAME}", {"variants": EDITED, "revision": 0}, "editor"),
        ("POST", f"/templates/{NAME}/back", {"to": 0, "revision": 0}, "editor"),
    ],
)
def test_every_route_is_open_to_its_roles_and_to_nobody_else(
    console: Console, role: Role | None, method: str, path: str, body: Any, least: Role
) -> None:
    console.signed = role and Signed("mei", role)
    allowed = role is not None and ROLES.index(role) >= ROLES.index(least)
    answer = console.client.request(method, path, json=body)
    assert answer.status_code == (200 if allowed else 401 if role is None else 403)
    if not allowed:
        assert error(answer, answer.status_code)["code"] == ("not_signed_in" if role is None else "not_allowed")
        console.signed = Signed("ann", "admin")
        assert [one["revision"] for one in console.get(f"/{NAME}/history")["revisions"]] == [0]
        assert console.audited == []


def test_all_routes_of_the_router_are_among_those_tested() -> None:
    routes = template_routes(None, problems_of, lambda *_: None, SHOP.rules).routes  # type: ignore[arg-type]
    assert sorted((*route.methods, route.path) for route in routes) == [  # type: ignore[attr-defined]
        ("GET", "/templates"),
        ("GET", "/templates/{name}"),
        ("GET", "/templates/{name}/history"),
        ("POST", "/templates/{name}/back"),
        ("PUT", "/templates/{name}"),
    ]


def test_a_change_without_the_consoles_header_is_refused(console: Console) -> None:
    console.client.headers.pop("X-Frontdesk")
    assert error(console.put(EDITED), 403)["code"] == "no_header"


def test_the_list_holds_every_response_in_the_files_order(console: Console) -> None:
    listed = console.get()["templates"]
    assert [one["name"] for one in listed] == list(SHOP.domain.responses)
    assert next(one for one in listed if one["name"] == NAME) == {
        "name": NAME,
        "variants": [
            {
                "text": variant.text,
                "buttons": [],
                "image": "",
                "conditions": {"language": language},
            }
            for variant, language in zip(SHOP.domain.responses[NAME], ("en", "zh"), strict=True)
        ],
        "revision": 0,
        "edited": False,
        "updated_at": None,
        "updated_by": "",
        "unfit": [],
    }


def test_one_response_tells_what_leads_to_it_and_what_may_be_filled_in(console: Console) -> None:
    used = {name: console.get(f"/{name}")["used_by"] for name in (NAME, "utter_ask_contact", "utter_ticket_opened")}
    assert used == {
        NAME: [{"kind": "intent", "name": "goodbye"}],
        "utter_ask_contact": [
            {"kind": "asked", "name": f"{what}_form"}
            for what in ("order_status", "refund", "cancel_order", "return", "exchange", "address", "appointment")
        ],
        "utter_ticket_opened": [],
    }
    assert console.get("/utter_order_delivered")["places"] == [
        "address", "confirm", "contact", "date", "delivery_day", "delivery_slot", "description", "item", "language",
        "number", "order_number", "reason", "ticket", "wish",
    ]  # fmt: skip


def test_what_is_saved_is_said_listed_and_audited(console: Console) -> None:
    answer = console.put(EDITED)
    assert answer.status_code == 200
    saved = answer.json()["template"]
    at = saved.pop("updated_at")
    assert saved == {
        "name": NAME,
        "variants": EDITED,
        "revision": 1,
        "edited": True,
        "updated_by": "mei",
        "unfit": [],
    }
    assert at.endswith("+00:00")
    assert answer.json()["warnings"] == []
    assert console.get(f"/{NAME}")["template"] == {**saved, "updated_at": at}
    assert console.says() == "See **you**."
    assert console.audited == [("mei", "template.updated", NAME, "revision 1")]


def test_a_save_that_changes_nothing_is_accepted_and_not_audited(console: Console) -> None:
    for template in console.get()["templates"]:
        answer = console.put(template["variants"], 0, template["name"])
        assert (answer.status_code, answer.json()) == (200, {"template": template, "warnings": []})
    assert console.audited == []


def test_the_second_of_two_is_told_what_is_there_now(console: Console) -> None:
    console.put(EDITED)
    before = console.get(f"/{NAME}")["template"]
    for answer in (console.put([{**EDITED[0], "text": "Bye"}, EDITED[1]]), console.back(0, 0)):
        told = error(answer, 409)
        assert (told["code"], told["now"]) == ("changed", before)
        assert told["message"].startswith(f"Response '{NAME}' was changed by mei meanwhile (revision 1).")
    assert console.says() == "See **you**."
    assert len(console.audited) == 1


def test_the_history_goes_back_to_the_file_and_forward_again(console: Console) -> None:
    own = console.get(f"/{NAME}")["template"]["variants"]
    console.put(EDITED)
    assert console.back(0, 1).json()["template"]["edited"] is False
    assert console.back(1, 2).json()["template"]["variants"] == EDITED
    revisions = console.get(f"/{NAME}/history")["revisions"]
    assert [(one["revision"], one["edited"], one["by"], one["variants"]) for one in revisions] == [
        (3, True, "mei", EDITED),
        (2, False, "mei", own),
        (1, True, "mei", EDITED),
        (0, False, "", own),
    ]
    assert [entry[1:] for entry in console.audited] == [
        ("template.updated", NAME, "revision 1"),
        ("template.restored", NAME, "revision 2, as revision 0"),
        ("template.restored", NAME, "revision 3, as revision 1"),
    ]


def test_what_is_not_there_is_not_found(console: Console) -> None:
    for answer in (
        console.client.get("/templates/utter_new"),
        console.client.get("/templates/utter_new/history"),
        console.put(EDITED, 0, "utter_new"),
        console.back(0, 0, "utter_new"),
        console.back(7, 0),
    ):
        assert error(answer, 404)["code"] == "not_found"


def with_text(text: Any) -> list[dict[str, Any]]:
    return [{**EDITED[0], "text": text}, EDITED[1]]


@pytest.mark.parametrize(
    ("variants", "problems"),
    [
        (EDITED[:1], [f"Response '{NAME}' has no variant for language 'zh'. Add one."]),
        (with_text(" "), [f"Response '{NAME}': a variant has no text."]),
        (
            with_text("[pay](javascript:alert(1))"),
            [f"Response '{NAME}': {problems_of('[pay](javascript:alert(1))')[0]}"],
        ),
        (with_text("<script>alert(1)</script>"), [f"Response '{NAME}': {problems_of('<script>alert(1)</script>')[0]}"]),
        ([], [f"Response '{NAME}' has no variant for language '{language}'. Add one." for language in ("en", "zh")]),
    ],
)
def test_what_breaks_a_rule_is_refused_with_a_sentence_for_each(
    console: Console, variants: Any, problems: list[str]
) -> None:
    told = error(console.put(variants), 400)
    assert told == {"code": "invalid", "message": " ".join(problems), "problems": problems}
    assert console.says() == SHOP.domain.responses[NAME][0].text
    assert console.audited == []


def test_a_warning_comes_with_the_saved_response(console: Console) -> None:
    assert console.put(with_text("Bye { ticket }")).json()["warnings"] == [
        "'Bye { ticket }' has braces that are shown as they are; a slot is written {slot}."
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"variants": EDITED},
        {"variants": EDITED, "revision": -1},
        {"variants": EDITED, "revision": 0, "name": "utter_greet"},
        {"variants": [{"text": "Hi", "html": "<b>"}], "revision": 0},
        {"variants": [{"text": "x" * 20_001}], "revision": 0},
        {"variants": EDITED * 26, "revision": 0},
        {"variants": [{"text": "Hi", "buttons": [{"title": "x" * 201, "payload": "x"}]}], "revision": 0},
        {"variants": [{"text": "Hi", "conditions": {"language": ["en"]}}], "revision": 0},
    ],
)
def test_a_request_of_another_shape_is_refused(console: Console, body: Any) -> None:
    assert error(console.client.put(f"/templates/{NAME}", json=body), 400)["code"] == "invalid"
    assert len(console.get(f"/{NAME}/history")["revisions"]) == 1


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (r'{"text": "Hi", "conditions": {"ticket": "a"}}', 200),
        (r'{"text": "half \ud800"}', 400),
        (r'{"text": "Hi", "image": "/\ud800"}', 400),
        (r'{"text": "Hi", "buttons": [{"title": "\ud800", "payload": "a"}]}', 400),
        (r'{"text": "Hi", "conditions": {"\ud800": "a"}}', 400),
        (r'{"text": "Hi", "conditions": {"ticket": "\ud800"}}', 400),
        ('{"text": "Hi", "conditions": {"ticket": NaN}}', 400),
        ('{"text": "Hi", "conditions": {"ticket": 1e999}}', 400),
        (r'{"text": "Hi\u0000"}', 400),
        ('{"text": "Hi"', 400),
    ],
)
def test_what_is_no_text_and_no_number_is_refused(console: Console, raw: str, status: int) -> None:
    body = f'{{"variants": [{raw}, {{"text": "Hi"}}], "revision": 0}}'
    answer = console.client.put(f"/templates/{NAME}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert console.client.get("/templates").status_code == 200


def test_values_of_conditions_keep_their_type(console: Console) -> None:
    conditions = {"language": "en", "ticket": True}
    more = [
        *EDITED,
        {"text": "Yes", "conditions": conditions},
        {"text": "1", "conditions": {**conditions, "ticket": 1}},
    ]
    assert console.put(more).status_code == 200
    stored = console.templates.get(NAME).variants
    assert [repr((one.conditions or {}).get("ticket")) for one in stored] == ["None", "None", "True", "1"]
