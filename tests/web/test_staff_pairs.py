"""The pairs' routes over HTTP, on a real store, index and advisor; the rules of pairs are the store's own tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from chatbot.accounts.people import Role
from chatbot.advising import Advisor
from chatbot.conversations.asked import Asked
from chatbot.deciding import Policy
from chatbot.project import load_project
from chatbot.understanding.pairs import SureSearch
from chatbot.web.markdown import html_of
from chatbot.web.staff.pairs import pair_routes
from knowledge_base.pairs import Pair
from knowledge_base.search import KnowledgeBase
from tests.fakes import CALIBRATION, INTENTS, PATTERNS, THRESHOLDS, KeywordClassifier, knowledge_base
from tests.web.with_roles import Console, every_route, expected

DELIVERY = Pair("How long does delivery take?", "Delivery takes **3 days**.", ("When does it come?",), "delivery", "en")
PARKING = Pair("Is there a car park?", "Yes, behind the shop.")
DRAFT = Pair("Do you gift-wrap?", "Not yet decided.", state="draft", owner="mei")
NEW = {"question": "Do you sell moss?", "answer": "Yes, in *three* sizes."}
WHOLE = NEW | {
    "similar": ["Moss?", "Is moss sold here?"],
    "category": "plants",
    "language": "en",
    "valid_from": "2020-01-01",
    "valid_until": "2999-12-31",
    "source_url": "https://example.com/moss",
    "state": "draft",
    "review_by": "2030-05-01",
    "owner": "mei",
}


def forbidden(markdown: str) -> list[str]:
    """A stand-in for the rules of Markdown: they have their own tests."""
    return ["The answer holds HTML; write Markdown."] if "<script" in markdown else []


class Pairs(Console):
    """The console with its store. log: what customers asked."""

    def __init__(self, base: KnowledgeBase) -> None:
        super().__init__()
        self.store, self.log = base.store, list[Asked]()
        project, classifier = load_project(None), KeywordClassifier(INTENTS, PATTERNS)
        policy = Policy(project.domain, project.rules, THRESHOLDS)
        advise = Advisor(SureSearch(base, CALIBRATION), classifier.classify, policy, lambda: self.log, str)
        self.routes = pair_routes(self.store, advise, html_of, forbidden, self.audit)
        self.mount(self.routes)

    def id_of(self, pair: Pair) -> int:
        return next(stored.id for stored in self.store.list() if stored.question == pair.question)

    def stored(self, pair: Pair) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"pairs/{self.id_of(pair)}")["pair"]
        return found

    def edited(self, pair: Pair, **changes: Any) -> dict[str, Any]:
        """The body of a save: the pair as it is now, changed."""
        now = self.stored(pair)
        return {name: now[name] for name in (*WHOLE, "revision")} | changes


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Pairs]:
    with knowledge_base(tmp_path, (DELIVERY, PARKING, DRAFT)) as base:
        yield Pairs(base)


# -- who may what

ROUTES: dict[tuple[str, str], tuple[Role, Any]] = {
    ("GET", "/pairs"): ("agent", None),
    ("GET", "/pairs/categories"): ("agent", None),
    ("GET", "/pairs/{pair_id}"): ("agent", None),
    ("GET", "/pairs/{pair_id}/history"): ("agent", None),
    ("POST", "/pairs"): ("editor", NEW),
    ("PUT", "/pairs/{pair_id}"): ("editor", NEW | {"revision": 1}),
    ("POST", "/pairs/{pair_id}/withdraw"): ("editor", {"revision": 1}),
    ("POST", "/pairs/{pair_id}/restore"): ("editor", {"revision": 1}),
    ("POST", "/pairs/{pair_id}/back"): ("editor", {"to": 1, "revision": 1}),
    ("POST", "/pairs/advice"): ("editor", NEW),
    ("POST", "/pairs/render"): ("editor", {"answer": "*x*"}),
}
"""Each route: the role it needs, and a body that is good."""


def test_the_table_holds_every_route(console: Pairs) -> None:
    assert every_route([console.routes]) == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("role", ["", "guest", "agent", "editor", "admin"])
def test_each_role_reaches_what_it_may_and_nothing_else(console: Pairs, role: str, route: tuple[str, str]) -> None:
    (method, path), (least, body) = route, ROUTES[route]
    before = console.store.changes_since(-1)
    answer = console.ask(method, path.format(pair_id=console.id_of(PARKING)).removeprefix("/"), body, role)
    assert answer.status_code == expected("" if role == "guest" else role, least), answer.text
    if answer.status_code != 200:
        assert console.store.changes_since(-1) == before
        assert console.audited == []


# -- list


def listed(console: Pairs, query: str) -> list[str]:
    return [pair["question"] for pair in console.get(f"pairs?{query}")["pairs"]]


def test_the_list_has_all_of_a_pair_but_its_similar_questions(console: Pairs) -> None:
    found = console.get("pairs?search=delivery+takes")
    assert (found["total"], found["page"], found["size"]) == (1, 1, 50)
    whole = console.stored(DELIVERY)
    del whole["similar"]
    assert found["pairs"] == [whole | {"similar_count": 1}]


@pytest.mark.parametrize(
    ("query", "questions"),
    [
        ("search=&category=&language=&state=&owner=", [DELIVERY, PARKING, DRAFT]),
        ("search=come", [DELIVERY]),
        ("category=delivery", [DELIVERY]),
        ("category=-", [PARKING, DRAFT]),
        ("language=en", [DELIVERY]),
        ("language=-", [PARKING, DRAFT]),
        ("state=draft", [DRAFT]),
        ("owner=mei", [DRAFT]),
        ("owner=-", [DELIVERY, PARKING]),
        ("due=1", []),
        ("sort=question&descending=1", [PARKING, DELIVERY, DRAFT]),
        ("page=2&size=2", [DRAFT]),
        ("page=1000000000&size=200", []),
    ],
)
def test_the_list_is_filtered_sorted_and_paged(console: Pairs, query: str, questions: list[Pair]) -> None:
    assert listed(console, query) == [pair.question for pair in questions]


def test_a_number_finds_the_pair_that_has_it(console: Pairs) -> None:
    pair_id = console.id_of(DELIVERY)
    (row,) = console.get("pairs?search=delivery+takes")["pairs"]
    found = console.get(f"pairs?search=%23{pair_id}&state=draft")
    assert found == {"total": 1, "page": 1, "size": 50, "pairs": [row]}
    assert console.get(f"pairs?search=%23{pair_id}&page=2")["pairs"] == []
    for search in ("%23999", "%23x", f"%23{'9' * 30}"):
        assert console.get(f"pairs?search={search}")["total"] == 0


def test_a_pair_that_is_due_for_review_is_found(console: Pairs) -> None:
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    console.send("PUT", f"pairs/{console.id_of(PARKING)}", console.edited(PARKING, review_by=yesterday))
    assert listed(console, "due=1") == [PARKING.question]


@pytest.mark.parametrize(
    "query",
    [
        "sort=price",
        "page=0",
        "page=99999999999999999999",
        "size=201",
        "size=0",
        "language=fr",
        "state=gone",
        "due=perhaps",
        f"search={'x' * 501}",
    ],
)
def test_a_list_that_cannot_be_is_refused_in_a_sentence(console: Pairs, query: str) -> None:
    status, error = console.refused("GET", f"pairs?{query}")
    assert (status, error["code"]) == (400, "invalid")
    assert error["message"].startswith(query.partition("=")[0])


def test_categories_and_owners_are_those_in_use(console: Pairs) -> None:
    assert console.get("pairs/categories") == {"categories": ["delivery"], "owners": ["mei"]}


# -- write


def test_a_new_pair_is_kept_with_all_that_was_typed_and_who_did_it(console: Pairs) -> None:
    pair = console.send("POST", "pairs", WHOLE)["pair"]
    assert {name: pair[name] for name in WHOLE} == WHOLE
    assert (pair["revision"], pair["updated_by"]) == (1, "ed")
    assert datetime.now(UTC) - datetime.fromisoformat(pair["updated_at"]) < timedelta(minutes=1)
    assert console.get(f"pairs/{pair['id']}") == {"pair": pair}
    assert console.audited == [("ed", "pair.added", str(pair["id"]), "draft")]


def test_a_new_pair_of_a_question_and_an_answer_is_published(console: Pairs) -> None:
    pair = console.send("POST", "pairs", NEW, role="admin")["pair"]
    assert (pair["state"], pair["similar"], pair["valid_from"], pair["language"]) == ("published", [], None, "")


def test_a_saved_pair_is_answered_as_it_was_saved(console: Pairs) -> None:
    console.send("PUT", f"pairs/{console.id_of(PARKING)}", console.edited(PARKING, answer="No.", similar=["Parking?"]))
    found = console.store.exact("parking")
    assert found
    assert found.answer == "No."
    assert console.audited == [("ed", "pair.updated", str(found.id), "answer, similar")]


def test_what_is_saved_unchanged_is_no_revision_and_not_audited(console: Pairs) -> None:
    saved = console.send("PUT", f"pairs/{console.id_of(PARKING)}", console.edited(PARKING))["pair"]
    assert saved == console.stored(PARKING)
    assert (saved["revision"], console.audited) == (1, [])


def test_the_second_of_two_editors_is_told_and_nothing_is_overwritten(console: Pairs) -> None:
    path = f"pairs/{console.id_of(PARKING)}"
    mine = console.edited(
        PARKING, answer="Mine.", review_by="2031-01-31", valid_from="2020-01-01"
    )  # days, told as text
    yours = console.edited(PARKING, answer="Yours.")
    console.send("PUT", path, mine)
    status, error = console.refused("PUT", path, yours, role="admin")
    assert (status, error["code"]) == (409, "changed")
    assert error["now"] == console.stored(PARKING)
    assert (error["now"]["answer"], error["now"]["revision"], error["now"]["updated_by"]) == ("Mine.", 2, "ed")
    assert console.send("PUT", path, yours | {"revision": 2}, role="admin")["pair"]["answer"] == "Yours."
    assert [who for who, *_ in console.audited] == ["ed", "ada"]


@pytest.mark.parametrize("what", ["withdraw", "restore", "back"])
def test_an_old_revision_is_refused_by_every_change(console: Pairs, what: str) -> None:
    path = f"pairs/{console.id_of(PARKING)}"
    console.send("PUT", path, console.edited(PARKING, answer="No."))
    status, error = console.refused("POST", f"{path}/{what}", {"revision": 1} | ({"to": 1} if what == "back" else {}))
    assert (status, error["code"], error["now"]) == (409, "changed", console.stored(PARKING))


def test_a_question_that_is_taken_is_refused_with_the_pair_that_has_it(console: Pairs) -> None:
    taken = NEW | {"similar": ["is there a CAR PARK"]}
    told = (409, {"code": "duplicate", "pair_id": console.id_of(PARKING), "question": "is there a CAR PARK"})
    for method, path, body in (
        ("POST", "pairs", taken),
        ("PUT", f"pairs/{console.id_of(DELIVERY)}", console.edited(DELIVERY, similar=["is there a CAR PARK"])),
    ):
        status, error = console.refused(method, path, body)
        assert "already answered by pair" in error.pop("message")
        assert (status, error) == told
    assert console.audited == []


def test_withdrawing_takes_a_pair_out_of_service_and_restoring_puts_it_back(console: Pairs) -> None:
    path = f"pairs/{console.id_of(PARKING)}"
    withdrawn = console.send("POST", f"{path}/withdraw", {"revision": 1})["pair"]
    assert (withdrawn["state"], withdrawn["revision"]) == ("withdrawn", 2)
    assert console.store.exact(PARKING.question) is None
    restored = console.send("POST", f"{path}/restore", {"revision": 2})["pair"]
    assert (restored["state"], restored["revision"]) == ("published", 3)
    assert console.store.exact(PARKING.question) is not None
    assert [(what, detail) for _, what, _, detail in console.audited] == [
        ("pair.withdrawn", "state"),
        ("pair.restored", "state"),
    ]


def test_a_pair_whose_question_was_taken_meanwhile_cannot_be_restored(console: Pairs) -> None:
    path = f"pairs/{console.id_of(PARKING)}"
    console.send("POST", f"{path}/withdraw", {"revision": 1})
    other = console.send("POST", "pairs", NEW | {"question": PARKING.question})["pair"]
    status, error = console.refused("POST", f"{path}/restore", {"revision": 2})
    assert (status, error["code"], error["pair_id"]) == (409, "duplicate", other["id"])


# -- history


def test_the_history_has_every_revision_newest_first_and_one_can_go_back(console: Pairs) -> None:
    path = f"pairs/{console.id_of(PARKING)}"
    first = console.stored(PARKING)
    console.send("PUT", path, console.edited(PARKING, answer="No.", valid_until="2030-01-01"))
    back = console.send("POST", f"{path}/back", {"to": 1, "revision": 2})["pair"]
    assert back | {"revision": 1, "updated_at": 0, "updated_by": ""} == first | {"updated_at": 0, "updated_by": ""}
    revisions = console.get(f"{path}/history")["revisions"]
    assert [(each["revision"], each["by"], each["kind"]) for each in revisions] == [
        (3, "ed", "back"),
        (2, "ed", "updated"),
        (1, "", "added"),
    ]
    assert [(each["pair"]["answer"], each["pair"]["valid_until"]) for each in revisions] == [
        (PARKING.answer, None),
        ("No.", "2030-01-01"),
        (PARKING.answer, None),
    ]
    assert console.audited[-1] == ("ed", "pair.back", str(back["id"]), "to revision 1: answer, valid_until")


def test_what_is_not_there_is_not_found(console: Pairs) -> None:
    pair_id = console.id_of(PARKING)
    for method, path, body in (
        ("GET", "pairs/999", None),
        ("GET", "pairs/999/history", None),
        ("PUT", "pairs/999", NEW | {"revision": 1}),
        ("POST", "pairs/999/withdraw", {"revision": 1}),
        ("POST", f"pairs/{pair_id}/back", {"to": 7, "revision": 1}),
    ):
        status, error = console.refused(method, path, body)
        assert (status, error["code"]) == (404, "not_found"), path


# -- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": ""}, "question is empty."),
        ({"answer": " "}, "answer is empty."),
        ({"question": "x" * 501}, "question has 501 characters; at most 500 are allowed."),
        ({"source_url": "javascript:alert(1)"}, "source_url is 'javascript:alert(1)'; it must begin with http"),
        ({"valid_from": "2024-02-01", "valid_until": "2024-01-01"}, "valid_from 2024-02-01 is after valid_until"),
        ({"answer": "<script>"}, "The answer holds HTML; write Markdown."),
        ({"language": "fr"}, "language: "),
        ({"state": "hidden"}, "state: "),
        ({"valid_from": "soon"}, "valid_from: "),
        ({"similar": ["x"] * 2001}, "similar: "),
        ({"answer": "x" * 100_001}, "answer: "),
        ({"price": 3}, "price: "),
        ({"id": 3}, "id: "),
        ({"question": None}, "question: "),
    ],
)
def test_what_a_pair_may_not_hold_is_refused_in_a_sentence(
    console: Pairs, changes: dict[str, Any], message: str
) -> None:
    before = console.store.changes_since(-1)
    for method, path, body in (
        ("POST", "pairs", NEW | changes),
        ("PUT", f"pairs/{console.id_of(PARKING)}", NEW | {"revision": 1} | changes),
    ):
        status, error = console.refused(method, path, body)
        assert (status, error["code"]) == (400, "invalid")
        assert error["message"].startswith(message)
    assert (console.store.changes_since(-1), console.audited) == (before, [])


def test_half_a_surrogate_pair_is_no_text(console: Pairs) -> None:
    headers = {"X-Frontdesk": "1", "role": "editor", "content-type": "application/json"}
    body = b'{"question": "\\ud800?", "answer": "x"}'
    with TestClient(console.app, raise_server_exceptions=False) as client:
        for path in ("pairs", "pairs/advice"):
            answer = client.post(f"/staff/api/{path}", content=body, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize("pair_id", ["0", "-1", "x", str(2**63), "1.5"])
def test_an_id_that_is_none_is_refused(console: Pairs, pair_id: str) -> None:
    status, error = console.refused("GET", f"pairs/{pair_id}")
    assert (status, error["code"]) == (400, "invalid")


# -- told before saving


def test_advice_tells_what_is_near_what_contradicts_it_and_whose_questions_it_takes(console: Pairs) -> None:
    console.log.append(Asked("how long does the delivery take", "en", ()))
    draft = {"question": "How long does the delivery take?", "answer": "Delivery takes **5 days**."}
    told = console.send("POST", "pairs/advice", draft)
    pair_id = console.id_of(DELIVERY)
    (near,), (contradiction,) = told["near"], told["contradicts"]
    assert near.pop("score") == contradiction.pop("score") > THRESHOLDS.pair_answer
    assert near == {
        "pair_id": pair_id,
        "question": DELIVERY.question,
        "phrasing": DELIVERY.question,
        "same_answer": False,
    }
    assert contradiction == {"pair_id": pair_id, "question": DELIVERY.question, "answer": DELIVERY.answer}
    assert told["taken"] == {
        "asked": 1,
        "from": [
            {
                "pair_id": pair_id,
                "question": DELIVERY.question,
                "count": 1,
                "examples": ["how long does the delivery take"],
            }
        ],
        "from_rules": [],
        "new": 0,
        "new_examples": [],
        "lost": 0,
    }
    assert told["hidden_by"] is None
    assert told["rendered"] == html_of(draft["answer"])


def test_advice_on_a_stored_pair_does_not_name_the_pair_itself(console: Pairs) -> None:
    draft = console.edited(DELIVERY)
    del draft["revision"]
    assert console.send("POST", "pairs/advice", draft | {"id": console.id_of(DELIVERY)})["near"] == []
    assert console.send("POST", "pairs/advice", draft)["near"] != []


def test_advice_names_the_template_that_would_hide_a_pair(console: Pairs) -> None:
    draft = NEW | {"question": "Is there a person who knows moss?"}
    assert console.send("POST", "pairs/advice", draft)["hidden_by"] == {
        "intent": "talk_to_person",
        "confidence": 0.95,
        "answer_from": THRESHOLDS.intent_answer,
    }


def test_advice_on_an_unfinished_or_forbidden_draft_is_given_and_nothing_is_stored(console: Pairs) -> None:
    before = console.store.changes_since(-1)
    unfinished = console.send("POST", "pairs/advice", {"question": "", "answer": ""})
    assert (unfinished["rendered"], unfinished["near"], unfinished["problems"]) == ("", [], [])
    told = console.send("POST", "pairs/advice", NEW | {"answer": "<script>alert(1)</script>"})
    assert "<script" not in told["rendered"]
    assert told["problems"] == ["The answer holds HTML; write Markdown."]
    assert (console.store.changes_since(-1), console.audited) == (before, [])


def test_an_answer_is_rendered_as_customers_will_see_it(console: Pairs) -> None:
    told = console.send("POST", "pairs/render", {"answer": "**Yes** <img src=x onerror=alert(1)>"})
    assert told == {"html": html_of("**Yes** <img src=x onerror=alert(1)>"), "problems": []}
    assert "<strong>Yes</strong>" in told["html"]
    assert "<img" not in told["html"]
