"""A conversation begins anew after the time that the domain says; and what fills a form is not in the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatbot.conversations.sealing import Seal
from chatbot.conversations.store import ConversationStore
from chatbot.deciding import Policy
from chatbot.dialogue.domain import Session
from chatbot.errors import ConversationError
from chatbot.messages import Evidence, Intent, Message, State
from chatbot.reply.template import Speaker
from chatbot.turn import Assistant
from chatbot.wiring import responders
from tests.dialogue.talking import LIMITS, project

DOMAIN = """
intents: [complain, greet]
slots:
  address: {type: text, mappings: [{type: from_text, conditions: [{requested_slot: address}]}]}
  reason: {type: text, mappings: [{type: from_text, conditions: [{requested_slot: reason}]}]}
forms:
  complaint_form: {required_slots: [address, reason]}
responses:
  utter_greet: [{text: Hi}]
  utter_ask_address: [{text: Where}]
  utter_ask_reason: [{text: "Why, at {address}?", custom: {map: {of: "{address}"}},
    buttons: [{title: "At {address}", payload: x}]}]
  utter_taken: [{text: "{address}: {reason}"}]
"""
RULES = """
rules:
- {rule: A, steps: [{intent: complain}, {action: complaint_form}, {active_loop: complaint_form}]}
- {rule: B, condition: [{active_loop: complaint_form}], steps: [{action: complaint_form}, {active_loop: null},
    {action: utter_taken}]}
- {rule: C, steps: [{intent: greet}, {action: utter_greet}]}
"""
NEVER = Session()
ADDRESS = "12 Jalan *Besar*, #04-11"


class Desk:
    """A small project on a real store, with a clock that is set by hand. broken: while it is, nothing is understood."""

    def __init__(self, home: Path, session: Session = NEVER) -> None:
        known = project(home / "project", {"domain.yml": DOMAIN, "data/rules.yml": RULES})
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        self.home, self.broken = home, False
        self.store = ConversationStore(home / "conversations.db", Seal("secret"), str, LIMITS, lambda: self.now)
        policy = Policy(replace(known.domain, session=session), known.rules, LIMITS)
        kinds = responders(policy, known, Speaker(known.domain))
        self.assistant = Assistant(self.store, self.understand, policy, kinds)
        self.sent = 0

    def understand(self, message: Message, state: State) -> Evidence:
        if self.broken:
            raise ConversationError("broken")
        intents = {"complaint": (Intent("complain", 0.9),), "hi": (Intent("greet", 0.9),)}
        return Evidence(message.text, message.text, "en", intents.get(message.text, ()), question=state.question)

    def say(self, text: str, minutes: float = 0.0) -> str:
        self.now += timedelta(minutes=minutes)
        self.sent += 1
        return self.assistant.answer(Message("c", text, f"m{self.sent}")).text

    def log(self) -> list[tuple[str, str]]:
        with sqlite3.connect(self.home / "conversations.db") as db:
            found = db.execute("SELECT text, reply || trace FROM turns ORDER BY id").fetchall()
        db.close()
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


@pytest.mark.parametrize(
    ("session", "minutes", "form", "slots"),
    [
        (Session(60), 60, "complaint_form", {"address": ADDRESS}),
        (Session(60), 61, "", {"address": ADDRESS}),
        (Session(60, carry_over_slots=False), 61, "", {}),
        (Session(), 1_000_000, "complaint_form", {"address": ADDRESS}),
    ],
)
def test_a_conversation_that_was_idle_for_longer_than_a_session_begins_anew(
    tmp_path: Path, session: Session, minutes: float, form: str, slots: dict[str, str]
) -> None:
    desk = Desk(tmp_path, session)
    desk.say("complaint")
    desk.say(ADDRESS, 59)
    desk.say("", minutes)
    state = desk.store.state("c")
    assert (state.active_form, state.slots, state.turn, state.language) == (form, slots, 3, "en")
    desk.store.close()


def test_a_message_that_failed_begins_no_session(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Session(60))
    desk.say("complaint")
    desk.broken = True
    with pytest.raises(ConversationError):
        desk.say("hi", 61)
    desk.broken = False
    assert desk.store.state("c").active_form == "complaint_form"
    desk.say("hi")
    assert desk.store.state("c").active_form == ""
    desk.store.close()


def test_a_new_conversation_is_not_idle(desk: Desk) -> None:
    assert desk.store.idle("c") == 0.0
    desk.say("hi")
    desk.now += timedelta(seconds=90)
    assert desk.store.idle("c") == 1.5


def test_a_session_that_begins_forgets_what_the_message_before_asked(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Session(60))
    desk.say("hi")
    seen: list[str] = []
    understand = desk.understand
    desk.assistant.understand = lambda message, state: seen.append(state.question) or understand(message, state)
    desk.store.hold("c", "Mei")
    desk.say("hi", 61)
    assert seen == [""]
    assert desk.store.state("c").held_by == "Mei"
    desk.store.close()


# --- what customers write into forms ----------------------------------------------------------------------------------


def test_what_fills_a_slot_as_it_stands_is_in_the_log_by_the_slots_name_only(desk: Desk) -> None:
    said = [desk.say("complaint"), desk.say(ADDRESS), desk.say("ok"), desk.say("hi")]
    assert said[1].startswith("Why, at 12 Jalan")
    log = desk.log()
    assert [text for text, _ in log] == ["complaint", "[address]", "[reason]", "hi"]
    assert not any("Jalan" in reply for _, reply in log)
    assert "Why, at [address]?" in log[1][1]
    assert '"map": {"of": "[address]"}' in log[1][1]
    assert "[address]: [reason]" in log[2][1]
    assert [one.text for one in desk.store.history("c")] == ["complaint", ADDRESS, "ok", "hi"]
    assert [one.reply.text for one in desk.store.history("c")] == said


def test_what_answers_a_form_is_not_in_the_log_even_if_it_was_not_understood(desk: Desk) -> None:
    desk.say("complaint")
    desk.broken = True
    with pytest.raises(ConversationError):
        desk.say(ADDRESS)
    assert [text for text, _ in desk.log()] == ["complaint", "[address]"]


def test_a_message_that_repeats_what_filled_a_slot_is_masked_there(desk: Desk) -> None:
    desk.say("complaint")
    desk.say("Tan")
    desk.say("it is late")
    desk.say("Tan again, not a Tandem: it is late")
    assert desk.log()[3][0] == "[address] again, not a Tandem: [reason]"


def test_it_stays_masked_when_its_time_has_passed(desk: Desk) -> None:
    desk.say("complaint")
    desk.say(ADDRESS)
    desk.now += timedelta(hours=1)
    desk.store.forget(timedelta(minutes=1))
    files = [path for path in desk.home.iterdir() if path.name.startswith("conversations.db")]
    assert b"Jalan" not in b"".join(path.read_bytes() for path in files)
    assert [one.text for one in desk.store.history("c")] == ["complaint", "[address]"]
