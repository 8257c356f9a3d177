"""Rasa's custom slot mappings, and its ValidationAction: both run at every message, before anything is decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialogue.talking import Talk, project

DOMAIN = """
intents: [greet, order]
entities: [size]
slots:
  letters: {type: any, mappings: [{type: custom, action: action_count_letters}]}
  size: {type: text, mappings: [{type: from_entity, entity: size}]}
  shouted: {type: any, mappings: [{type: custom, action: action_shout, conditions: [{active_loop: order_form}]}]}
forms: {order_form: {required_slots: [size]}}
responses:
  utter_greet: [{text: Hello}]
  utter_ask_size: [{text: Which size}]
  utter_ordered: [{text: "One {size} one"}]
actions: [action_count_letters, action_validate_slot_mappings]
"""
RULES = """
rules:
- {rule: Greet, steps: [{intent: greet}, {action: utter_greet}]}
- {rule: Order, steps: [{intent: order}, {action: order_form}, {active_loop: order_form}]}
- rule: Ordered
  condition: [{active_loop: order_form}]
  steps: [{action: order_form}, {active_loop: null}, {action: utter_ordered}]
"""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(project(tmp_path, {"domain.yml": DOMAIN, "data/rules.yml": RULES}, "tests.actions.slot_actions"))


def test_a_slot_is_worked_out_before_anything_is_decided_and_is_no_step_of_the_reply(talk: Talk) -> None:
    assert talk.say("good day", "greet") == ["utter_greet"]
    assert talk.state.slots["letters"] == 7
    assert [one.name for one in talk.state.happened] == ["greet", "utter_greet"]


def test_what_fails_there_is_no_reason_to_fail_the_turn(talk: Talk) -> None:
    assert talk.say("do not fail", "greet") == ["utter_greet"]
    assert "letters" not in talk.state.slots


def test_what_a_message_says_is_checked_before_the_form_takes_it(talk: Talk) -> None:
    assert talk.say("one please", "order") == ["order_form"]
    assert talk.say("a huge one", size="huge") == ["order_form"]
    assert (talk.state.slots["size"], talk.state.requested_slot, talk.state.asked) == (None, "size", 2)
    assert talk.say("a SMALL one", size="SMALL") == ["order_form", "utter_ordered"]
    assert talk.state.slots["size"] == "small"


def test_a_condition_of_the_mapping_holds_for_its_action(talk: Talk) -> None:
    talk.say("good day", "greet")  # action_shout is not there: it would be in the log
    assert talk.state.prepared == ("action_count_letters", "action_validate_slot_mappings")
    talk.say("one please", "order")
    talk.say("hm")
    assert talk.state.prepared == ("action_count_letters", "action_shout", "action_validate_slot_mappings")
