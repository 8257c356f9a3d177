from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chatbot.conversations.sealing import Seal
from chatbot.conversations.store import ConversationStore
from chatbot.errors import ConversationError, MessageError
from chatbot.messages import (
    Button,
    Evidence,
    Exchange,
    Intent,
    Message,
    Outcome,
    Reply,
    SlotSet,
    State,
    Step,
    Utterance,
)
from tests.fakes import THRESHOLDS, SmallDesk

SECRETS = ("mei.tan@example.com", "8123 4821", "81234821", "100234", "4821", "13812345678", "mei.tan")


def rows(home: Path, query: str) -> list[Any]:
    with sqlite3.connect(home / "conversations.db") as db:
        found = db.execute(query).fetchall()
    db.close()
    return found


def asks_for_an_order(desk: SmallDesk) -> list[Reply]:
    return [
        desk.say("Where is my order 100234?"),
        desk.say("my mobile is 8123 4821, in China 13812345678"),
        desk.say("where is my order 100234, I am mei.tan@example.com"),
    ]


# --- the same message again -------------------------------------------------------------------------------------------


def test_a_repeated_message_id_returns_the_first_reply(desk: SmallDesk) -> None:
    first = desk.say("a person please", message_id="m1")
    again = desk.say("something else entirely", message_id="m1")
    assert replace(again, milliseconds={}) == replace(
        first, milliseconds={}, steps=tuple(replace(step, hit=None, intent="") for step in first.steps)
    )
    assert [turn[0] for turn in rows(desk.conversations.connections.path.parent, "SELECT id FROM tickets")] == [
        first.text.split("ticket ")[1][:8]
    ]
    assert desk.classifier.read == ["a person please"]
    assert [exchange.text for exchange in desk.conversations.history("c1")] == ["a person please"]
    assert desk.conversations.state("c1").turn == 1


def test_the_same_message_id_in_another_conversation_is_another_message(desk: SmallDesk) -> None:
    assert desk.say("hello", "c1", "m1").conversation_id == "c1"
    assert desk.say("weather?", "c2", "m1").steps[0].kind == "fallback"


@pytest.mark.parametrize("value", ["", "a b", "x" * 129, "é", "a\n", "../a/b", "<b>"])
def test_an_id_that_is_none_is_refused_and_leaves_nothing(desk: SmallDesk, value: str) -> None:
    for name, message in (
        ("conversation_id", Message(value, "hello", "m1")),
        ("message_id", Message("c1", "hello", value)),
    ):
        with pytest.raises(MessageError) as refusal:
            desk.assistant.answer(message)
        assert str(refusal.value) == (f"{name} is '{value[:40]}'; 1 to 128 letters, digits or . _ : @ - are allowed.")
    assert rows(desk.conversations.connections.path.parent, "SELECT * FROM turns") == []


# --- a turn that fails ------------------------------------------------------------------------------------------------


def test_a_failing_turn_is_logged_as_failed_and_may_be_tried_again(desk: SmallDesk, tmp_path: Path) -> None:
    desk.say("hello", message_id="m0")
    desk.broken = True
    with pytest.raises(RuntimeError, match="the model is damaged"):
        desk.say("order 100234", message_id="m1")
    turns = "SELECT number, message_id, text, route FROM turns ORDER BY id"
    assert rows(tmp_path, turns) == [(1, "m0", "hello", "template"), (1, "m1", "order [order]", "failed")]
    assert [exchange.message_id for exchange in desk.conversations.history("c1")] == ["m0"]
    desk.broken = False
    assert [step.kind for step in desk.say("order 100234", message_id="m1").steps] == ["form"]
    assert rows(tmp_path, turns) == [(1, "m0", "hello", "template"), (2, "m1", "order [order]", "form")]
    assert rows(tmp_path, "SELECT count(*) FROM live_turns") == [(2,)]


def test_a_turn_that_fails_halfway_changes_nothing_that_is_remembered(desk: SmallDesk) -> None:
    desk.say("where is my order")
    before = desk.conversations.state("c1")

    def fail_halfway() -> None:
        with desk.conversations.turn(Message("c1", "100234", "m9")) as turn:
            turn.begin(Evidence("100234", "[order]", "zh"))
            turn.take(Step("form", "test"), Outcome(events=(SlotSet("order_number", "100234"),)))
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail_halfway()
    assert desk.conversations.state("c1") == before
    assert before.slots == {}


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_history_is_there_after_reopening(desk: SmallDesk, tmp_path: Path) -> None:
    said = [desk.say("Hello, 你好\nnext line"), desk.say("Where is my order 100234?"), desk.say("mei.tan@example.com")]
    desk.conversations.rate("c1", said[1].message_id, 1)
    desk.close()
    reopened = SmallDesk(tmp_path)
    kept = reopened.conversations.history("c1")
    assert [(one.message_id, one.text, one.rating) for one in kept] == [
        (said[0].message_id, "Hello, 你好\nnext line", 0),
        (said[1].message_id, "Where is my order 100234?", 1),
        (said[2].message_id, "mei.tan@example.com", 0),
    ]
    for one, reply in zip(kept, said, strict=True):
        assert (one.reply.utterances, one.reply.intent, one.reply.language) == (
            reply.utterances,
            reply.intent,
            reply.language,
        )
        assert [(s.kind, s.name, s.reason) for s in one.reply.steps] == [
            (s.kind, s.name, s.reason) for s in reply.steps
        ]
    assert reopened.conversations.state("c1").turn == 3
    assert reopened.conversations.history("c2") == []
    reopened.close()


def test_no_raw_text_lies_in_the_files_in_clear(desk: SmallDesk, tmp_path: Path) -> None:
    replies = asks_for_an_order(desk)
    assert "Order 100234 (oak dining table) is on its way" in replies[2].text
    desk.broken = True
    with pytest.raises(RuntimeError):
        desk.say("and this fails: mei.tan@example.com 100234")
    files = [path for path in tmp_path.iterdir() if path.name.startswith("conversations.db")]
    assert {path.name for path in files} >= {"conversations.db", "conversations.db-wal"}
    content = b"".join(path.read_bytes() for path in files)
    assert [secret for secret in SECRETS if secret.encode() in content] == []
    assert b"[order]" in content
    assert b"[email]" in content


def test_what_a_reply_repeats_in_a_button_is_masked_in_the_log_too(desk: SmallDesk, tmp_path: Path) -> None:
    said = Utterance("For 100234", (Button("Order 100234", '/order_status{"order_number": "100234"}'),))
    with desk.conversations.turn(Message("c1", "hello", "m1")) as turn:
        turn.begin(Evidence("hello", "hello", "en"))
        turn.take(Step("template", "test"), Outcome((said,)))
    assert "100234" not in rows(tmp_path, "SELECT reply || trace FROM turns")[0][0]
    assert desk.conversations.history("c1")[0].reply.utterances == (said,)


def test_a_stored_answer_is_logged_as_staff_wrote_it(desk: SmallDesk) -> None:
    answer = "S$8; free from S$80.\nCall +65 6123 4567."
    assert desk.say("How much does delivery cost?").text == answer
    desk.conversations.forget(timedelta(seconds=-1))
    assert desk.conversations.history("c1")[0].reply.text == answer


def test_the_log_tells_why(desk: SmallDesk, tmp_path: Path) -> None:
    desk.say("Where is my order 100234?")
    [(intent, confidence, route, model, index, reply, trace)] = rows(
        tmp_path, "SELECT intent, confidence, route, model, index_version, reply, trace FROM turns"
    )
    assert (intent, confidence, route, model, index) == ("order_status", 0.9, "form", "keywords-1", "listed-1")
    assert '"reason": "order_status: confidence 0.90 >= 0.60"' in trace
    assert '"entities": ["order_number"]' in trace
    assert '"thresholds": {"intent_answer": 0.6, "intent_clarify": 0.25' in trace
    for stage in ("read", "classify", "search", "total"):
        assert f'"{stage}": ' in trace
    assert "100234" not in reply + trace


def test_text_that_is_half_a_character_is_kept(desk: SmallDesk) -> None:
    """JSON may hold one half of a surrogate pair; SQLite and UTF-8 may not."""
    assert desk.say("hello \ud83d there", message_id="m1").text.startswith("Hello, and welcome")
    assert desk.conversations.history("c1")[0].text == "hello \ud83d there"


# --- forgetting -------------------------------------------------------------------------------------------------------


def test_forgetting_deletes_live_rows_only_and_the_masked_log_stays(desk: SmallDesk, tmp_path: Path) -> None:
    asks_for_an_order(desk)
    log = rows(tmp_path, "SELECT * FROM turns")
    assert desk.conversations.forget(timedelta(hours=1)) == 0
    assert desk.conversations.forget(timedelta(seconds=-1)) == 4  # three turns and a state
    assert rows(tmp_path, "SELECT * FROM turns") == log
    assert rows(tmp_path, "SELECT count(*) FROM live_turns") == [(0,)]
    assert rows(tmp_path, "SELECT count(*) FROM live_states") == [(0,)]
    kept = desk.conversations.history("c1")
    assert [one.text for one in kept] == [
        "Where is my order [order]?",
        "my mobile is [number], in China [number]",
        "where is my order [order], I am [email]",
    ]
    assert "Order [order] (oak dining table) is on its way" in kept[2].reply.text
    assert desk.conversations.forget(timedelta(seconds=-1)) == 0


def test_only_conversations_that_are_idle_for_so_long_are_forgotten(desk: SmallDesk, tmp_path: Path) -> None:
    for name in ("c1", "c2"):
        desk.say("hello", name)
    with sqlite3.connect(tmp_path / "conversations.db") as db:
        db.execute("UPDATE conversations SET last_at = '2020-01-01T00:00:00.000+00:00' WHERE id = 'c1'")
    db.close()
    assert desk.conversations.forget(timedelta(hours=72)) == 2
    assert rows(tmp_path, "SELECT conversation_id FROM live_turns") == [("c2",)]
    assert rows(tmp_path, "SELECT conversation_id FROM live_states") == [("c2",)]


def test_a_forgotten_conversation_goes_on_with_its_language_and_its_next_number(desk: SmallDesk) -> None:
    desk.say("订单 100234")
    desk.conversations.forget(timedelta(seconds=-1))
    assert desk.conversations.state("c1") == State("c1", "zh", 1)
    assert desk.say("/greet").language == "zh"
    assert desk.conversations.state("c1").turn == 2


def test_a_repeated_message_of_a_forgotten_conversation_gets_the_masked_reply(desk: SmallDesk) -> None:
    desk.say("order 100234 mei.tan@example.com", message_id="m1")
    desk.conversations.forget(timedelta(seconds=-1))
    assert desk.say("order 100234 mei.tan@example.com", message_id="m1").text == (
        "Order [order] (oak dining table) is on its way and should be with you on [number]."
    )


def test_another_secret_key_is_told_in_a_sentence(desk: SmallDesk, tmp_path: Path) -> None:
    desk.say("hello", message_id="m1")
    other = ConversationStore(tmp_path / "conversations.db", Seal("another secret"), str, THRESHOLDS)
    for read in (other.state, other.history):
        with pytest.raises(ConversationError, match=r"sealed with another key\. Restore secret\.key"):
            read("c1")
    with pytest.raises(ConversationError, match="sealed with another key"), other.turn(Message("c1", "hello", "m2")):
        pytest.fail("the turn must not begin")
    assert rows(tmp_path, "SELECT * FROM leases") == []
    assert other.state("new") == State("new")
    other.close()


# --- ratings, holding -------------------------------------------------------------------------------------------------


def test_a_rating_is_kept_and_may_be_changed_and_taken_back(desk: SmallDesk) -> None:
    desk.say("hello", message_id="m1")
    for rating in (1, -1, 0):
        desk.conversations.rate("c1", "m1", rating)
        assert [one.rating for one in desk.conversations.history("c1")] == [rating]


def test_a_rating_of_no_turn_or_of_no_allowed_number_is_refused(desk: SmallDesk) -> None:
    desk.say("hello", message_id="m1")
    for conversation_id, message_id in (("c1", "m2"), ("c2", "m1")):
        with pytest.raises(ConversationError) as missing:
            desk.conversations.rate(conversation_id, message_id, 1)
        assert str(missing.value) == f"There is no turn '{message_id}' in this conversation."
    with pytest.raises(MessageError) as refusal:
        desk.conversations.rate("c1", "m1", 5)
    assert str(refusal.value) == "rating is 5; allowed are -1, 0 and 1."


def test_while_a_person_holds_a_conversation_the_customers_words_are_kept_and_the_bot_is_silent(
    desk: SmallDesk,
) -> None:
    desk.say("hello")
    desk.conversations.hold("c1", "Mei")
    reply = desk.say("are you there, order 100234?")
    assert (reply.text, [(s.kind, s.reason) for s in reply.steps]) == ("", [("human", "Mei holds the conversation")])
    assert desk.conversations.history("c1")[1].text == "are you there, order 100234?"
    assert desk.classifier.read == ["hello"]
    desk.conversations.hold("c1", "")
    assert desk.say("hello again").steps[0].kind == "template"


def test_history_holds_whole_exchanges(desk: SmallDesk) -> None:
    said = Utterance("Hi", (Button("A", "/a"),), "/a.png", 3, "cat", "https://a.example")
    with desk.conversations.turn(Message("c1", "hello", "m1")) as turn:
        turn.begin(
            Evidence("hello", "hello", "zh", (Intent("greet", 0.5),), model="m", index="i", milliseconds={"a": 1})
        )
        turn.take(Step("retrieval", "why", "3"), Outcome((said,)))
    [kept] = desk.conversations.history("c1")
    reply = Reply("c1", "m1", "zh", (said,), (Step("retrieval", "why", "3"),), Intent("greet", 0.5), "m", "i")
    assert set(kept.reply.milliseconds) == {"a", "total"}
    assert replace(kept, reply=replace(kept.reply, milliseconds={})) == Exchange("m1", "hello", reply)
