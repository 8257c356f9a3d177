"""Several questions in one message: each is answered, or the message is taken as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chatbot.deciding import Policy, Thresholds, decide
from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.paths import Mark, Path
from chatbot.dialogue.rules import Rules
from chatbot.messages import Evidence, Intent, State, Step, StepTaken
from knowledge_base.pairs import Hit, Pair


def ruled(intent: str, action: str) -> Path:
    return Path(intent, (Mark("intent", intent), Mark("action", action)))


POLICY = Policy(
    Domain(("greet", "hours", "ticket"), {}, {}, {"utter_hours": (Variant("From 9."),)}, ("action_ticket",)),
    Rules((ruled("hours", "utter_hours"), ruled("ticket", "action_ticket"))),
    Thresholds(0.6, 0.3, 0.6, 0.3),
)
START = State("c", turn=1)


def pair(score: float, id_: int, exact: bool = False) -> Hit:
    return Hit(Pair(f"Question {id_}?", "Answer.", id=id_), f"Question {id_}?", score, score, score, exact)


def asks(*hits: Hit, intents: tuple[Intent, ...] = ()) -> Evidence:
    return Evidence("text", "text", "en", intents, hits=hits)


DELIVERY, RETURNS = asks(pair(0.9, 1)), asks(pair(0.8, 2))
HOURS = asks(intents=(Intent("hours", 0.9),))
UNSURE = asks(pair(0.4, 3), intents=(Intent("hours", 0.4),))
WHOLE = asks(pair(0.7, 1))


def all_steps(evidence: Evidence, state: State = START) -> list[Step]:
    steps: list[Step] = []
    while (step := decide(evidence, state, POLICY)).kind != "listen":
        steps.append(step)
        state = state.after(StepTaken(step))
    return steps


def test_each_question_gets_its_stored_answer_in_their_order() -> None:
    steps = all_steps(replace(WHOLE, parts=(RETURNS, DELIVERY)))
    assert [(step.kind, step.name) for step in steps] == [("retrieval", "2"), ("retrieval", "1")]


def test_a_stored_answer_and_a_response_go_together() -> None:
    steps = all_steps(replace(WHOLE, parts=(DELIVERY, HOURS)))
    assert [(step.kind, step.name) for step in steps] == [("retrieval", "1"), ("template", "utter_hours")]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(UNSURE, id="not sure"),
        pytest.param(asks(intents=(Intent("ticket", 0.99),)), id="does something"),
        pytest.param(asks(pair(0.95, 1)), id="the same answer"),
    ],
)
def test_else_the_message_is_taken_as_a_whole(other: Evidence) -> None:
    assert all_steps(replace(WHOLE, parts=(DELIVERY, other))) == all_steps(WHOLE)


def test_a_stored_question_that_asks_two_things_is_one() -> None:
    whole = asks(pair(1.0, 7, exact=True))
    assert [step.name for step in all_steps(replace(whole, parts=(DELIVERY, RETURNS)))] == ["7"]
