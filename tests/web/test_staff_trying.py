"""The panel that asks the assistant, over HTTP, on the demo shop's real rules and responses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatbot.accounts.people import Role
from chatbot.learning.labels import Labels
from chatbot.messages import Intent
from chatbot.trial import Trial
from chatbot.understanding.intents import Why
from chatbot.understanding.neighbours import Neighbour
from chatbot.web.markdown import html_of
from chatbot.web.staff.trying import try_routes, with_wording
from knowledge_base.changing import TRIES
from knowledge_base.errors import PairChanged
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore
from tests.fakes import PAIRS, THRESHOLDS, SmallDesk
from tests.web.with_roles import Console, every_route, expected

WHY = Why("hello", (Intent("greet", 0.97),), (Neighbour("hello there", "greet", 1.2),), (("hello", 0.5), ("he", -0.1)))
INTENTS = ("greet", "order_status", "out_of_scope")


class Panel(Console):
    """The console with the assistant, the store and the labels behind it."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.desk = SmallDesk(home)
        self.store = PairStore(home / "knowledge.db")
        self.labels = Labels(home / "labels.db")
        self.pair, self.other = self.store.add_many([PAIRS[1], Pair("Is there a car park?", "Yes.")])
        self.routes = try_routes(
            Trial(self.desk.assistant, lambda _: WHY),
            self.store,
            self.label,
            INTENTS,
            html_of,
            self.audit,
        )
        self.mount(self.routes)

    def label(self, text: str, intent: str, who: str) -> None:
        self.labels.add(self.desk.classifier.masker.masked(text), intent, "en", who)

    def close(self) -> None:
        self.desk.close()
        self.store.close()
        self.labels.close()


@pytest.fixture
def panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path))
    panel = Panel(tmp_path)
    yield panel
    panel.close()


ROUTES: dict[tuple[str, str], tuple[Role, Any]] = {
    ("POST", "/try"): ("agent", {"text": "hello"}),
    ("GET", "/try/intents"): ("agent", None),
    ("POST", "/try/should"): ("editor", {"text": "deliver on sunday", "pair_id": 1}),
    ("POST", "/try/label"): ("editor", {"text": "hey", "intent": "greet"}),
}


def test_the_table_holds_every_route(panel: Panel) -> None:
    assert every_route([panel.routes]) == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("role", ["", "guest", "agent", "editor", "admin"])
def test_each_role_reaches_what_it_may_and_nothing_else(panel: Panel, role: str, route: tuple[str, str]) -> None:
    (method, path), (least, body) = route, ROUTES[route]
    before = panel.store.changes_since(-1)
    answer = panel.ask(method, path.removeprefix("/"), body, role)
    assert answer.status_code == expected("" if role == "guest" else role, least), answer.text
    if answer.status_code != 200:
        assert (panel.store.changes_since(-1), panel.labels.all(), panel.audited) == (before, [], [])


# -- asking


def test_a_stored_answer_is_shown_with_the_whole_trace(panel: Panel) -> None:
    told = panel.send("POST", "try", {"text": "Do you deliver on Sundays"}, role="agent")
    assert set(told.pop("ms")) >= {"read", "search", "total"}
    assert told == {
        "reply": [
            {
                "html": html_of("Yes, every day."),
                "buttons": [],
                "pair_id": 2,
                "category": "delivery",
                "source": "",
            }
        ],
        "steps": [{"kind": "retrieval", "name": "2", "reason": "equals a stored phrasing", "pair_id": 2, "score": 1.0}],
        "intents": [],
        "nearest": [],
        "words": [],
        "hits": [
            {
                "pair_id": 2,
                "question": "Do you deliver on Sundays?",
                "phrasing": "Do you deliver on Sundays?",
                "score": 1.0,
                "dense": 1.0,
                "lexical": 1.0,
                "exact": True,
            }
        ],
        "entities": [],
        "thresholds": {"intent_answer": 0.6, "intent_clarify": 0.25, "pair_answer": 0.55, "pair_clarify": 0.35},
        "language": "en",
        "model": "keywords-1",
        "index": "listed-1",
        "read": "Do you deliver on Sundays",
    }


def test_what_spoke_for_an_intent_is_shown(panel: Panel) -> None:
    told = panel.send("POST", "try", {"text": "hello", "language": "en"}, role="agent")
    assert told["intents"] == [{"name": "greet", "confidence": 0.97}]
    assert told["nearest"] == [{"text": "hello there", "intent": "greet", "nearness": 1.2}]
    assert told["words"] == [{"word": "hello", "weight": 0.5}, {"word": "he", "weight": -0.1}]
    assert [step["kind"] for step in told["steps"]] == ["template"]
    assert told["reply"][0]["buttons"]
    assert told["thresholds"]["intent_answer"] == THRESHOLDS.intent_answer


def test_an_action_is_told_and_nothing_is_done(panel: Panel) -> None:
    told = panel.send("POST", "try", {"text": "a person please"}, role="agent")
    assert [(step["kind"], step["name"]) for step in told["steps"]] == [("action", "action_open_ticket")]
    assert told["reply"] == []
    with panel.desk.conversations.connections.reading() as db:
        counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("turns", "tickets")]
    assert (counts, panel.audited) == ([0, 0], [])


def test_a_reply_in_the_other_language_is_shown(panel: Panel) -> None:
    told = panel.send("POST", "try", {"text": "运费是多少"}, role="agent")
    assert (told["language"], told["hits"][0]["pair_id"]) == ("zh", 3)


@pytest.mark.parametrize(
    "body",
    [{"text": ""}, {"text": "x" * 2001}, {}, {"text": 3}, {"text": "x", "language": "fr"}, {"text": "x", "more": 1}],
)
def test_what_is_no_text_is_refused(panel: Panel, body: Any) -> None:
    status, error = panel.refused("POST", "try", body)
    assert (status, error["code"]) == (400, "invalid")


# -- this should have been ...


def test_a_text_becomes_a_similar_question_of_the_pair_that_should_have_answered_it(panel: Panel) -> None:
    pair = panel.send("POST", "try/should", {"text": " deliver  sundays? ", "pair_id": panel.pair.id})["pair"]
    assert (pair["id"], pair["similar"], pair["revision"]) == (panel.pair.id, ["deliver sundays?"], 2)
    found = panel.store.exact("Deliver Sundays")
    assert found
    assert found.id == panel.pair.id
    assert panel.audited == [("ed", "pair.updated", str(panel.pair.id), "similar")]


def test_a_text_that_the_pair_has_already_changes_nothing(panel: Panel) -> None:
    pair = panel.send("POST", "try/should", {"text": "do you deliver on SUNDAYS", "pair_id": panel.pair.id})["pair"]
    assert (pair["similar"], pair["revision"], panel.audited) == ([], 1, [])


def test_a_text_that_another_pair_answers_is_refused(panel: Panel) -> None:
    status, error = panel.refused("POST", "try/should", {"text": "is there a car park", "pair_id": panel.pair.id})
    assert (status, error["code"], error["pair_id"]) == (409, "duplicate", panel.other.id)
    assert panel.audited == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "x y", "pair_id": 999}, 404),
        ({"text": "x y", "pair_id": 2**63}, 400),
        ({"text": "?!", "pair_id": 1}, 400),
        ({"text": " ", "pair_id": 1}, 400),
        ({"text": "x" * 501, "pair_id": 1}, 400),
    ],
)
def test_a_wording_that_cannot_be_added_is_refused(panel: Panel, body: Any, status: int) -> None:
    assert panel.refused("POST", "try/should", body)[0] == status
    assert panel.audited == []


def test_what_others_save_at_the_same_time_is_not_lost(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else adds a wording between reading and writing, four times."""
    others = iter(f"wording {n}" for n in range(TRIES - 1))
    stored = panel.store.stored

    def overtaken(pair_id: int) -> Any:
        before = stored(pair_id)
        if wording := next(others, ""):
            pair = before.pair
            panel.store.update(replace(pair, similar=(*pair.similar, wording)))
        return before

    monkeypatch.setattr(panel.store, "stored", overtaken)
    _, after = with_wording(panel.store, panel.pair.id, "my wording", "ed")
    assert after.pair.similar == (*(f"wording {n}" for n in range(TRIES - 1)), "my wording")


def test_who_is_overtaken_again_and_again_is_told(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, number = panel.store.stored, iter(range(99))

    def overtaken(pair_id: int) -> Any:
        before = stored(pair_id)
        panel.store.update(replace(before.pair, answer=f"answer {next(number)}"))
        return before

    monkeypatch.setattr(panel.store, "stored", overtaken)
    with pytest.raises(PairChanged):
        with_wording(panel.store, panel.pair.id, "my wording", "ed")
    assert next(number) == TRIES


def test_a_relabelled_text_is_kept_for_the_night_masked(panel: Panel) -> None:
    assert panel.send("POST", "try/label", {"text": "where is 100234", "intent": "order_status"}) == {}
    (label,) = panel.labels.all()
    assert (label.text, label.intent, label.by) == ("where is [order]", "order_status", "ed")
    assert panel.audited == [("ed", "turn.labelled", "order_status", "")]


def test_an_intent_that_nobody_knows_is_refused(panel: Panel) -> None:
    status, error = panel.refused("POST", "try/label", {"text": "hey", "intent": "gret"})
    assert (status, error["message"]) == (400, "The intent 'gret' is unknown; choose one of those in the list.")
    assert panel.labels.all() == []


def test_the_intents_to_choose_from_are_told(panel: Panel) -> None:
    assert panel.get("try/intents") == {"intents": sorted(INTENTS)}
