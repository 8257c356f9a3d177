"""Whole conversations: forms, what comes between, stories, fallbacks. Read each test as a dialogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.errors import ProjectError
from chatbot.messages import State
from tests.dialogue.talking import Talk, project

DOMAIN = """
version: "3.1"
intents:
- greet
- order_status
- complain
- switch
- help
- stop
- cancel
- affirm
- deny
- thanks
- busy
- restart
- do_two
- out_of_scope
- faq: {is_retrieval_intent: true}
entities: [order_number, email, colour]
slots:
  order_number: {type: text, mappings: [{type: from_entity, entity: order_number}]}
  contact: {type: text, influence_conversation: false, mappings: [{type: from_entity, entity: email}]}
  description:
    type: text
    influence_conversation: false
    mappings: [{type: from_text, conditions: [{active_loop: complaint_form, requested_slot: description}]}]
  agreed:
    type: bool
    mappings:
    - {type: from_intent, intent: affirm, value: true, conditions: [{requested_slot: agreed}]}
    - {type: from_intent, intent: deny, value: false, conditions: [{requested_slot: agreed}]}
  language_level: {type: text, initial_value: plain, mappings: [{type: custom}]}
forms:
  order_form: {required_slots: [order_number, contact], ignored_intents: [busy]}
  complaint_form: {required_slots: [description, agreed]}
responses:
  utter_greet: [{text: Hi}]
  utter_help: [{text: Help}]
  utter_thanks: [{text: Thanks}]
  utter_busy: [{text: Later}]
  utter_stopped: [{text: Stopped}]
  utter_whether_to_go_on: [{text: Go on}]
  utter_looked_up: [{text: "Order {order_number} of {contact}"}]
  utter_complaint: [{text: "{description}: {agreed}"}]
  utter_ask_order_number: [{text: Which}]
  utter_ask_order_number_again: [{text: Six digits}]
  utter_ask_contact: [{text: Whose}]
  utter_ask_description: [{text: What}]
  utter_ask_agreed: [{text: Sure}]
  utter_out_of_scope: [{text: Beyond}]
  utter_faq/hours: [{text: From 9}]
actions: []
"""
RULES = """
rules:
- {rule: Greet, steps: [{intent: greet}, {action: utter_greet}]}
- {rule: Thanks, steps: [{intent: thanks}, {action: utter_thanks}]}
- {rule: Busy, steps: [{intent: busy}, {action: utter_busy}]}
- {rule: Two, steps: [{intent: do_two}, {action: utter_help}, {action: utter_thanks}]}
- {rule: Faq, steps: [{intent: faq}, {action: utter_faq}, {action: utter_thanks}]}
- {rule: Ask, steps: [{intent: order_status}, {action: order_form}, {active_loop: order_form}]}
- {rule: Complain, steps: [{intent: complain}, {action: complaint_form}, {active_loop: complaint_form}]}
- rule: Looked up
  condition: [{active_loop: order_form}]
  steps: [{action: order_form}, {active_loop: null}, {slot_was_set: [{requested_slot: null}]},
    {action: utter_looked_up}]
- rule: Complained
  condition: [{active_loop: complaint_form}]
  steps: [{action: complaint_form}, {active_loop: null}, {action: utter_complaint}]
- rule: Cancel
  condition: [{active_loop: order_form}]
  steps: [{intent: cancel}, {action: action_deactivate_loop}, {active_loop: null}, {action: utter_stopped}]
- rule: Help in the complaint
  condition: [{active_loop: complaint_form}]
  steps: [{intent: help}, {action: utter_help}, {action: complaint_form}, {active_loop: complaint_form}]
"""
STORIES = """
stories:
- story: Whether to go on
  steps:
  - intent: order_status
  - action: order_form
  - active_loop: order_form
  - intent: stop
  - action: utter_whether_to_go_on
  - checkpoint: asked
- story: Whether to go on with the complaint
  steps:
  - intent: complain
  - action: complaint_form
  - active_loop: complaint_form
  - intent: stop
  - action: utter_whether_to_go_on
  - intent: deny
  - action: action_deactivate_loop
  - active_loop: null
  - action: utter_stopped
- story: It goes on
  steps: [{checkpoint: asked}, {intent: affirm}, {action: order_form}]
- story: It does not
  steps: [{checkpoint: asked}, {intent: deny}, {action: action_deactivate_loop}, {active_loop: null},
    {action: utter_stopped}]
- story: Happy with the answer
  steps: [{intent: greet}, {action: utter_greet}, {intent: affirm}, {action: utter_thanks}]
"""
TWO_STAGE = """
rules:
- {rule: T, steps: [{intent: nlu_fallback}, {action: action_two_stage_fallback},
    {active_loop: action_two_stage_fallback}]}
"""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(
        project(tmp_path, {"domain.yml": DOMAIN, "data/rules.yml": RULES, "data/stories.yml": STORIES}, "no_actions")
    )


def waits_for(talk: Talk) -> tuple[str, str, int]:
    return talk.state.active_form, talk.state.requested_slot, talk.state.asked


# --- forms ------------------------------------------------------------------------------------------------------------


def test_a_form_asks_for_what_it_needs_and_leads_on(talk: Talk) -> None:
    assert talk.say("where is it", "order_status") == ["order_form"]
    assert waits_for(talk) == ("order_form", "order_number", 1)
    assert talk.say("100234", order_number="100234") == ["order_form"]
    assert talk.say("mine", email="a@b.com") == ["order_form", "utter_looked_up"]
    assert waits_for(talk) == ("", "", 0)


def test_a_form_whose_slots_are_known_is_over_at_once(talk: Talk) -> None:
    said = talk.say("100234 of a@b.com", "order_status", order_number="100234", email="a@b.com")
    assert said == ["order_form", "utter_looked_up"]


def test_a_question_in_the_middle_of_a_form_is_answered_and_the_form_asks_again_without_counting(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("when are you open", hit=0.9) == ["7", "order_form"]
    assert talk.say("when are you open?", hit=1.0, exact=True) == ["7", "order_form"]
    assert talk.say("thank you", "thanks") == ["utter_thanks", "order_form"]
    assert talk.say("when are you open", "faq/hours") == ["utter_faq/hours", "utter_thanks", "order_form"]
    assert waits_for(talk) == ("order_form", "order_number", 1)
    talk.say("100234", order_number="100234")
    assert talk.say("mine", email="a@b.com") == ["order_form", "utter_looked_up"]


def test_a_correction_replaces_what_was_said(talk: Talk) -> None:
    talk.say("100234", "order_status", order_number="100234")
    assert waits_for(talk) == ("order_form", "contact", 1)
    assert talk.say("no, 100235", "deny", order_number="100235") == ["order_form"]
    assert (talk.state.slots["order_number"], waits_for(talk)) == ("100235", ("order_form", "contact", 1))


def test_what_says_nothing_is_asked_again_and_given_up_and_nothing_is_looked_up(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("hm") == ["order_form"]
    assert talk.hears(talk.heard).text == "Six digits"
    assert talk.say("hm") == ["fallback"]
    assert waits_for(talk) == ("", "", 0)


def test_the_wish_of_the_form_itself_is_no_digression(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("I do not know the number", "order_status") == ["order_form"]
    assert waits_for(talk) == ("order_form", "order_number", 2)


def test_a_description_is_taken_though_it_resembles_a_wish(talk: Talk) -> None:
    talk.say("I have a complaint", "complain")
    assert talk.say("my order never came", "order_status", sure=0.95) == ["complaint_form"]
    assert (talk.state.slots["description"], talk.state.requested_slot) == ("my order never came", "agreed")


@pytest.mark.parametrize(
    ("text", "intent", "hit", "steps"),
    [
        ("where is my order?", "order_status", 0.0, ["order_form"]),  # another form takes over
        ("when are you open?", "", 0.9, ["7", "complaint_form"]),
        ("could you thank me", "thanks", 0.0, ["utter_thanks", "complaint_form"]),
        ("what can I do", "help", 0.0, ["utter_help", "complaint_form"]),
        ("help", "help", 0.0, ["utter_help", "complaint_form"]),  # a rule for this very form
        ("/thanks", "", 0.0, ["utter_thanks", "complaint_form"]),
        ("/restart", "", 0.0, ["action_restart"]),
        ("restart", "restart", 0.0, ["action_restart"]),
    ],
)
def test_a_sure_question_is_no_description(talk: Talk, text: str, intent: str, hit: float, steps: list[str]) -> None:
    talk.say("I have a complaint", "complain")
    assert talk.say(text, intent, hit=hit) == steps
    assert "description" not in talk.state.slots


def test_a_question_that_is_not_sure_is_a_description(talk: Talk) -> None:
    talk.say("I have a complaint", "complain")
    talk.say("who would sell such a chair?", "order_status", sure=0.4, hit=0.4)
    assert talk.state.slots["description"] == "who would sell such a chair?"


def test_a_likely_yes_is_enough_where_a_yes_is_asked_for(talk: Talk) -> None:
    talk.say("I have a complaint", "complain")
    talk.say("the leg broke")
    assert talk.say("I guess", "affirm", sure=0.3) == ["complaint_form", "utter_complaint"]
    assert talk.state.slots["agreed"] is True
    talk.say("/complain")
    assert talk.state.active_form == ""


def test_rules_may_look_at_the_slot_that_is_asked_for_where_the_domain_says_so(tmp_path: Path) -> None:
    """`why do you need that?` has an answer of its own for each slot, as Rasa's guide shows."""
    why = "{rule: %s, condition: [{active_loop: order_form}, {slot_was_set: [{requested_slot: %s}]}], "
    steps = "steps: [{intent: help}, {action: %s}]}"
    rules = RULES + "".join(
        f"- {(why + steps) % (slot, slot, action)}\n"
        for slot, action in (("order_number", "utter_help"), ("contact", "utter_busy"))
    )
    asked = "slots:\n  requested_slot: {type: categorical, values: [order_number, contact]}"
    files = {"domain.yml": DOMAIN.replace("slots:", asked, 1), "data/rules.yml": rules}
    talk = Talk(project(tmp_path, files))
    talk.say("where is it", "order_status")
    assert talk.say("why", "help") == ["utter_help", "order_form"]
    talk.say("100234", order_number="100234")
    assert talk.say("why", "help") == ["utter_busy", "order_form"]
    assert talk.say("mine", email="a@b.com") == ["order_form", "utter_looked_up"]
    with pytest.raises(ProjectError, match="contradict each other"):
        project(tmp_path, {"domain.yml": DOMAIN})


def test_what_a_form_ignores_fills_nothing_of_it(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("busy, 100234", "busy", order_number="100234") == ["utter_busy", "order_form"]
    assert "order_number" not in talk.state.slots
    assert talk.say("100234", "thanks", order_number="100234") == ["order_form"]


def test_what_is_out_of_scope_is_no_value_and_no_reason_to_leave_the_form(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("who won the match", "out_of_scope") == ["order_form"]
    assert waits_for(talk) == ("order_form", "order_number", 2)


def test_a_search_that_finds_nothing_does_not_end_the_form(tmp_path: Path) -> None:
    rules = RULES + "- {rule: S, steps: [{intent: switch}, {action: action_search_knowledge_base}]}\n"
    talk = Talk(project(tmp_path, {"domain.yml": DOMAIN, "data/rules.yml": rules}))
    talk.say("where is it", "order_status")
    assert talk.say("/switch") == ["action_search_knowledge_base", "order_form"]
    assert waits_for(talk) == ("order_form", "order_number", 1)


def test_one_form_takes_over_from_another(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("I have a complaint", "complain") == ["complaint_form"]
    assert waits_for(talk) == ("complaint_form", "description", 1)
    talk.say("the leg broke")
    assert talk.say("yes", "affirm") == ["complaint_form", "utter_complaint"]
    assert waits_for(talk) == ("", "", 0)


def test_a_rule_ends_a_form(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("leave it", "cancel") == ["action_deactivate_loop", "utter_stopped"]
    assert waits_for(talk) == ("", "", 0)


def test_what_a_rule_of_the_form_waits_for_needs_to_be_likely_only(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("leave it", "cancel", sure=0.5) == ["action_deactivate_loop", "utter_stopped"]
    talk.say("where is it", "order_status")
    assert talk.say("hello", "greet", sure=0.5) == ["order_form"]


def test_a_story_asks_whether_to_go_on_and_does_what_is_said(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    assert talk.say("stop", "stop") == ["utter_whether_to_go_on"]
    assert talk.say("yes", "affirm") == ["order_form"]
    assert waits_for(talk) == ("order_form", "order_number", 1)
    talk.say("100234", order_number="100234")
    assert talk.say("mine", email="a@b.com") == ["order_form", "utter_looked_up"]


def test_an_answer_to_what_a_story_has_asked_is_none_to_what_the_form_had_asked_before(talk: Talk) -> None:
    """'Shall I go on?' 'No': the complaint's own yes or no is not meant."""
    talk.say("I have a complaint", "complain")
    talk.say("the leg broke")
    assert waits_for(talk) == ("complaint_form", "agreed", 1)
    assert talk.say("stop", "stop") == ["utter_whether_to_go_on"]
    assert talk.say("no", "deny") == ["action_deactivate_loop", "utter_stopped"]
    assert "agreed" not in talk.state.slots


def test_whoever_does_not_answer_a_story_but_the_form_has_answered_the_form(talk: Talk) -> None:
    talk.say("I have a complaint", "complain")
    talk.say("the leg broke")
    talk.say("stop", "stop")
    talk.say("stop", "stop")
    assert talk.say("well") == ["complaint_form"]
    assert talk.say("no", "deny") == ["complaint_form", "utter_complaint"]
    assert talk.state.slots["agreed"] is False


def test_a_story_of_a_form_is_followed_though_something_else_was_asked_before(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    talk.say("thank you", "thanks")
    talk.say("when are you open", hit=0.9)
    assert talk.say("stop", "stop") == ["utter_whether_to_go_on"]
    assert talk.say("no", "deny") == ["action_deactivate_loop", "utter_stopped"]
    assert waits_for(talk) == ("", "", 0)


def test_a_story_asks_whether_to_go_on_and_stops(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    talk.say("stop", "stop")
    assert talk.say("no", "deny") == ["action_deactivate_loop", "utter_stopped"]
    assert waits_for(talk) == ("", "", 0)


def test_a_conversation_that_is_older_than_its_domain_goes_on(talk: Talk) -> None:
    talk.state = State("c", turn=3, active_form="form_that_was", requested_slot="x", asked=2)
    assert talk.say("hello", "greet") == ["utter_greet"]
    assert waits_for(talk) == ("", "", 0)


# --- beside forms -----------------------------------------------------------------------------------------------------


def test_a_story_is_followed_where_it_matches_and_nowhere_else(talk: Talk) -> None:
    assert talk.say("yes", "affirm") == ["fallback"]
    talk.say("hello", "greet")
    assert talk.say("yes", "affirm") == ["utter_thanks"]
    assert talk.say("yes", "affirm") == ["fallback"]


def test_a_rule_does_one_thing_after_another(talk: Talk) -> None:
    assert talk.say("both", "do_two") == ["utter_help", "utter_thanks"]


def test_slots_begin_as_the_domain_says_and_again_after_a_restart(talk: Talk) -> None:
    talk.say("100234", "greet", order_number="100234")
    assert talk.state.slots == {"language_level": "plain", "order_number": "100234"}
    assert talk.say("/restart") == ["action_restart"]
    talk.say("hello", "greet")
    assert (talk.state.slots, talk.state.turn) == ({"language_level": "plain"}, 3)


def test_an_intent_of_a_family_says_its_own_response_and_its_rule_goes_on(talk: Talk) -> None:
    assert talk.say("opening hours", "faq/hours") == ["utter_faq/hours", "utter_thanks"]


def test_what_opens_a_widget_is_met_with_silence(talk: Talk) -> None:
    assert talk.say("/session_start") == ["action_session_start"]


def test_replaying_what_happened_gives_the_same_state(talk: Talk) -> None:
    talk.say("where is it", "order_status")
    talk.say("when are you open", hit=0.9)
    talk.say("stop", "stop")
    talk.say("I have a complaint", "complain")
    talk.say("the leg broke")
    talk.say("no", "deny")
    assert State("c").after(*talk.events) == talk.state
    assert talk.state.slots["description"] == "the leg broke"


# --- what is not understood -------------------------------------------------------------------------------------------


def test_a_rule_says_what_is_done_with_what_is_not_understood(tmp_path: Path) -> None:
    rule = "rules: [{rule: N, steps: [{intent: nlu_fallback}, {action: utter_help}, {action: utter_thanks}]}]"
    talk = Talk(project(tmp_path, {"domain.yml": DOMAIN, "data/rules.yml": rule}))
    assert talk.say("xyzzy") == talk.say("xyzzy", "greet", sure=0.2) == ["utter_help", "utter_thanks"]


def test_two_stage_fallback_asks_what_was_meant_then_for_other_words_then_gives_up(tmp_path: Path) -> None:
    talk = Talk(project(tmp_path, {"domain.yml": DOMAIN, "data/rules.yml": RULES + TWO_STAGE.split("rules:")[1]}))
    assert talk.say("xyzzy", "order_status", sure=0.2) == ["clarify"]
    assert [(button.title, button.payload) for button in talk.state.offered] == [("order status", "/order_status")]
    assert talk.say("no, plugh", "order_status", sure=0.2) == ["action_default_ask_rephrase"]
    assert talk.say("plover", "order_status", sure=0.2) == ["fallback"]
    assert talk.say("xyzzy", "order_status", sure=0.2) == ["clarify"]
    assert talk.say("/order_status") == ["order_form"]


def test_two_stage_fallback_begins_anew_once_something_was_understood(tmp_path: Path) -> None:
    talk = Talk(project(tmp_path, {"domain.yml": DOMAIN, "data/rules.yml": RULES + TWO_STAGE.split("rules:")[1]}))
    steps = [talk.say("xyzzy", "help", sure=0.2), talk.say("hello", "greet"), talk.say("xyzzy", "help", sure=0.2)]
    assert steps == [["clarify"], ["utter_greet"], ["clarify"]]
    assert talk.say("nothing is like it") == ["action_default_ask_rephrase"]


# --- sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "idle", "form", "slots"),
    [
        ("{session_expiration_time: 60}", 60.0, "order_form", {"order_number": "100234"}),
        ("{session_expiration_time: 60}", 60.1, "", {"order_number": "100234"}),
        ("{session_expiration_time: 60, carry_over_slots_to_new_session: false}", 61.0, "", {}),
        ("{session_expiration_time: 0}", 1e6, "order_form", {"order_number": "100234"}),
        ("{}", 1e6, "order_form", {"order_number": "100234"}),
    ],
)
def test_a_conversation_begins_anew_after_a_long_time(
    tmp_path: Path, config: str, idle: float, form: str, slots: dict[str, str]
) -> None:
    files = {"domain.yml": f"{DOMAIN}session_config: {config}\n", "data/rules.yml": RULES}
    talk = Talk(project(tmp_path, files))
    talk.say("100234", "order_status", order_number="100234")
    talk.idle = idle
    talk.say("hello", "greet")
    assert talk.state.active_form == form
    assert talk.state.slots == {"language_level": "plain", **slots}
    assert talk.state.turn == 2
