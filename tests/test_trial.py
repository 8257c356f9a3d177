from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.handoff.tickets import Tickets
from chatbot.messages import Intent, Reply, Step
from chatbot.trial import DOING, Trial
from chatbot.turn import Assistant
from chatbot.understanding.intents import Why
from chatbot.understanding.neighbours import Neighbour
from tests.dialogue.small import rules
from tests.fakes import THRESHOLDS, SmallDesk


def why(text: str) -> Why:
    return Why(text, (Intent("greet", 0.97),), (Neighbour("hello there", "greet", 1.2),), (("hello", 0.5),))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDesk]:
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path))
    desk = SmallDesk(tmp_path)
    yield desk
    desk.close()


def timeless(reply: Reply) -> Reply:
    return replace(reply, conversation_id="", message_id="", milliseconds={})


def logged(desk: SmallDesk) -> int:
    with desk.conversations.connections.reading() as db:
        tables = ("turns", "conversations", "live_turns", "live_states", "leases")
        return sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


@pytest.mark.parametrize(
    "text", ["Do you deliver on Sundays?", "deliver sundays", "hello", "hmm", "weather", "xyzzy", ""]
)
def test_a_trial_says_what_a_customer_would_be_told_and_why(desk: SmallDesk, text: str) -> None:
    tried = Trial(desk.assistant, why)(text)
    assert timeless(tried.reply) == timeless(desk.say(text))
    assert tried.thresholds == THRESHOLDS


def test_a_trial_tells_all_that_was_known(desk: SmallDesk) -> None:
    tried = Trial(desk.assistant, why)("hello, my order is 100234")
    assert [intent.name for intent in tried.evidence.intents] == ["greet"]
    assert [entity.value for entity in tried.evidence.entities] == ["100234"]
    assert tried.why == why("hello, my order is 100234")
    assert Trial(desk.assistant, why)("xyzzy").why is None


def test_many_texts_are_asked_without_what_stands_behind_the_intents(desk: SmallDesk) -> None:
    def never(text: str) -> Why:
        raise AssertionError(text)

    reply, evidence = Trial(desk.assistant, never).asked("hello")
    assert timeless(reply) == timeless(desk.say("hello"))
    assert [intent.name for intent in evidence.intents] == ["greet"]


def test_a_trial_keeps_nothing_and_remembers_nothing(desk: SmallDesk) -> None:
    trial = Trial(desk.assistant, why)
    first, second = trial("Do you deliver on Sundays?"), trial("and on Mondays?")
    assert logged(desk) == 0
    assert second.evidence.question == "and on Mondays?"
    assert timeless(trial("Do you deliver on Sundays?").reply) == timeless(first.reply)


def test_an_action_is_told_and_not_performed(desk: SmallDesk, tmp_path: Path) -> None:
    tried = Trial(desk.assistant, why)("a person please")
    assert tried.reply.steps == (
        Step("action", "talk_to_person: confidence 0.95 >= 0.60", "action_open_ticket", intent="talk_to_person"),
    )
    assert tried.reply.utterances == ()
    tickets = Tickets(tmp_path / "conversations.db")
    assert tickets.of("trial") == []
    tickets.close()


def test_a_form_is_told_and_not_begun(desk: SmallDesk) -> None:
    trial = Trial(desk.assistant, why)
    for _ in range(2):
        reply = trial("where is my order 100234").reply
        assert [(step.kind, step.name) for step in reply.steps] == [("form", "order_status_form")]
        assert reply.utterances == ()


def test_what_a_rule_names_behind_an_action_is_told_and_not_said(desk: SmallDesk) -> None:
    chain = ("utter_thank_you", "action_open_ticket", "utter_goodbye")
    desk.policy = replace(desk.policy, rules=rules({"greet": chain}))
    asked = Assistant(desk.conversations, desk.understand, desk.policy, desk.assistant.responders)
    reply = Trial(asked, why)("hello").reply
    assert [step.name for step in reply.steps] == list(chain)
    assert len(reply.utterances) == 1


def test_a_button_can_be_tried(desk: SmallDesk) -> None:
    tried = Trial(desk.assistant, why)("/greet")
    assert [step.name for step in tried.reply.steps] == ["utter_greet"]
    assert tried.why is None


def test_the_page_s_language_is_that_of_a_text_in_none(desk: SmallDesk) -> None:
    assert Trial(desk.assistant, why)("100234", "zh").reply.language == "zh"
    assert Trial(desk.assistant, why)("100234").reply.language == "en"


def test_a_conversation_that_a_customer_has_is_not_touched(desk: SmallDesk) -> None:
    desk.say("where is my order", "c1")
    before, rows = desk.conversations.state("c1"), logged(desk)
    Trial(desk.assistant, why)("100234")
    assert (desk.conversations.state("c1"), logged(desk)) == (before, rows)
    assert before.active_form == "order_status_form"


def test_what_fails_to_be_understood_fails(desk: SmallDesk) -> None:
    desk.broken = True
    with pytest.raises(RuntimeError, match="the model is damaged"):
        Trial(desk.assistant, why)("hello")
    assert logged(desk) == 0


def test_a_trial_is_of_what_runs_now(desk: SmallDesk) -> None:
    trial = Trial(desk.assistant, why)
    desk.assistant.policy = replace(desk.policy, thresholds=replace(THRESHOLDS, intent_answer=0.99))
    assert trial("hello").reply.steps[0].kind == "fallback"
    assert trial("hello").thresholds.intent_answer == 0.99


def test_every_kind_of_step_but_actions_and_forms_only_says_something(desk: SmallDesk) -> None:
    assert set(desk.assistant.responders) - set(DOING) == {"template", "retrieval", "clarify", "fallback", "human"}
