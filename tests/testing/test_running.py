"""Test stories played against the real engine: what passes, what differs, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.deciding import Policy, Thresholds
from chatbot.errors import ProjectError
from chatbot.messages import Entity, Evidence, Intent, Message, State
from chatbot.project import load_project
from chatbot.testing.reading import Done, read_test_stories
from chatbot.testing.running import Check, play
from tests.testing.bikes import SURE, played, policy, read

HELPDESK = Path(__file__).resolve().parents[3] / "shared" / "data" / "rasa_helpdesk"
REPAIR = """\
  - intent: book_repair
  - action: repair_form
  - active_loop: repair_form
"""
THANKS = """\
  - intent: thank
  - action: utter_thank
"""


def differences(folder: Path, steps: str) -> list[tuple[int, str, str, str]]:
    """Line, what was expected, what was predicted, and why, of each step that differs."""
    found = played(folder, steps).differences
    return [(check.line, check.expected, check.predicted, check.reason) for check in found]


@pytest.mark.skipif(not HELPDESK.is_dir(), reason="the published project is not beside this checkout")
def test_the_twelve_stories_of_a_published_project_pass() -> None:
    assistant = load_project(HELPDESK)
    rules = Policy(assistant.domain, assistant.rules, SURE)
    verdicts = [play(story, rules) for story in read_test_stories([HELPDESK / "tests"])]
    assert [verdict.story.title for verdict in verdicts if verdict.differences] == []
    assert len(verdicts) == 12


# --- what is held against a story -------------------------------------------------------------------------------------


def test_every_action_is_predicted_and_then_that_the_customer_speaks(workshop: Path) -> None:
    why, done = "greet: confidence 1.00 >= 1.00", "answered"
    assert played(workshop, "  - intent: greet\n  - action: utter_greet\n").checks == (
        Check("action", 5, "utter_greet", "utter_greet", True, why),
        Check("action", 5, "action_listen", "action_listen", True, done),
    )


def test_a_wrong_expectation_is_told_and_the_story_goes_on_from_what_it_says(workshop: Path) -> None:
    steps = """\
  - intent: greet
  - action: utter_thank
  - intent: thank
  - action: utter_thank
  - action: utter_greet
"""
    assert differences(workshop, steps) == [
        (5, "utter_thank", "utter_greet", "greet: confidence 1.00 >= 1.00"),
        (8, "utter_greet", "action_listen", "answered"),
    ]


def test_what_the_assistant_would_still_do_is_a_difference(workshop: Path) -> None:
    steps = REPAIR + "  - active_loop: null\n  - intent: thank\n  - action: utter_thank\n"
    assert differences(workshop, steps) == [(7, "action_listen", "action_book", "rule 'Book' goes on with action_book")]
    assert differences(workshop, "  - intent: greet\n  - intent: thank\n  - action: utter_thank\n") == [
        (4, "action_listen", "utter_greet", "greet: confidence 1.00 >= 1.00")
    ]


def test_listening_may_be_written_down_and_is_checked_once(workshop: Path) -> None:
    steps = """\
  - intent: greet
  - action: utter_greet
  - action: action_listen
  - intent: thank
  - action: utter_thank
"""
    checks = played(workshop, steps).checks
    assert [(check.line, check.expected, check.right) for check in checks] == [
        (5, "utter_greet", True),
        (6, "action_listen", True),
        (8, "utter_thank", True),
        (8, "action_listen", True),
    ]


def test_what_is_not_understood_is_heard_as_that(workshop: Path) -> None:
    assert differences(workshop, "  - intent: nlu_fallback\n  - action: utter_default\n") == []
    text = "  - user: blargh\n    intent: nlu_fallback\n  - action: utter_default\n"
    assert differences(workshop, text) == []


def test_an_intent_that_nothing_answers_is_told_as_the_fallback(workshop: Path) -> None:
    assert differences(workshop, "  - intent: inform\n  - action: utter_thank\n") == [
        (
            5,
            "utter_thank",
            "utter_default",
            "nlu_fallback: no rule and no pair is sure enough: inform 1.00 (answers from 1.00)",
        )
    ]


def test_whichever_step_is_expected_wrongly_is_told_by_its_line(workshop: Path) -> None:
    (story,) = read(
        workshop, f"- story: One\n  steps:\n{REPAIR}  - active_loop: null\n  - action: action_book\n{THANKS}{THANKS}"
    )
    rules = policy(workshop)
    assert play(story, rules).differences == ()
    for at, step in enumerate(story.steps):
        if isinstance(step, Done):
            planted = (*story.steps[:at], replace(step, action="utter_price"), *story.steps[at + 1 :])
            first = play(replace(story, steps=planted), rules).differences[0]
            assert (first.line, first.expected, first.predicted) == (step.line, "utter_price", step.action)


# --- slots and forms --------------------------------------------------------------------------------------------------


def test_slots_are_as_the_story_says_and_at_first_as_the_domain_does(workshop: Path) -> None:
    assert (
        differences(workshop, "  - slot_was_set: [{member: true}]\n  - intent: greet\n  - action: utter_greet_member\n")
        == []
    )
    assert (
        differences(workshop, "  - intent: greet\n  - slot_was_set: [member: true]\n  - action: utter_greet_member\n")
        == []
    )
    assert (
        differences(workshop, "  - slot_was_set: [member]\n  - intent: greet\n  - action: utter_greet_member\n") == []
    )
    assert differences(workshop, "  - intent: greet\n  - action: utter_greet_member\n") == [
        (5, "utter_greet_member", "utter_greet", "greet: confidence 1.00 >= 1.00")
    ]


def test_a_form_is_filled_turn_by_turn_and_its_rule_follows(workshop: Path) -> None:
    steps = (
        REPAIR
        + """\
  - slot_was_set: [{requested_slot: bike}]
  - user: the [race](bike) one
    intent: inform
  - slot_was_set: [{bike: race}]
  - action: repair_form
  - slot_was_set: [{requested_slot: fault}]
  - user: it squeaks
    intent: inform
  - action: repair_form
  - active_loop: null
  - slot_was_set: [{requested_slot: null}]
  - action: action_book
"""
    )
    verdict = played(workshop, steps)
    assert [check.reason for check in verdict.checks] == [
        "book_repair: confidence 1.00 >= 1.00",
        "answered",
        "repair_form gets bike",
        "answered",
        "repair_form gets fault",
        "rule 'Book' goes on with action_book",
        "answered",
    ]
    assert verdict.differences == ()


def test_a_form_asks_for_its_first_empty_slot_where_the_story_does_not_say_which(workshop: Path) -> None:
    steps = (
        REPAIR
        + """\
  - user: a [city](bike) bike
    intent: inform
  - action: repair_form
  - user: it squeaks
    intent: inform
  - action: repair_form
  - active_loop: null
  - action: action_book
"""
    )
    reasons = [check.reason for check in played(workshop, steps).checks]
    assert ("repair_form gets bike" in reasons, "repair_form gets fault" in reasons) == (True, True)


def test_a_digression_returns_to_the_form_and_a_form_that_is_left_does_not_go_on(workshop: Path) -> None:
    digression = REPAIR + "  - intent: ask_price\n  - action: utter_price\n"
    assert differences(workshop, digression + "  - action: repair_form\n") == []
    assert differences(workshop, digression) == [(8, "action_listen", "repair_form", "repair_form still needs bike")]
    left = digression + "  - action: action_deactivate_loop\n  - active_loop: null\n"
    assert [why for *_, why in differences(workshop, left)] == ["repair_form still needs bike"]


def test_a_form_that_the_domain_lacks_is_refused(workshop: Path) -> None:
    with pytest.raises(ProjectError) as refusal:
        played(workshop, "  - intent: greet\n  - action: utter_greet\n  - active_loop: order_form\n")
    assert str(refusal.value) == (
        "test_stories.yml line 6: story 'One': active_loop 'order_form' is no form of the domain. Add it there, or "
        "name one that is."
    )


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["utter_faq", "utter_faq/hours"])
def test_a_retrieval_intents_answer_may_be_named_by_either_name(workshop: Path, action: str) -> None:
    assert differences(workshop, f"  - intent: faq/hours\n  - action: {action}\n") == []
    assert differences(workshop, "  - intent: faq/hours\n  - action: utter_faq/place\n") == [
        (5, "utter_faq/place", "utter_faq/hours", "faq/hours: confidence 1.00 >= 1.00")
    ]


def test_the_stored_answers_are_taken_to_have_one(workshop: Path) -> None:
    steps = "  - user: do you hire bikes out?\n    intent: ask_stored\n  - action: action_search_knowledge_base\n"
    assert differences(workshop, steps) == []


def test_a_pressed_button_is_certain(workshop: Path) -> None:
    steps = (
        REPAIR
        + """\
  - user: '/inform{"bike": "city"}'
    intent: inform
  - action: repair_form
"""
    )
    assert [check.reason for check in played(workshop, steps).checks][2:] == ["repair_form gets bike", "answered"]


# --- with a model -----------------------------------------------------------------------------------------------------

BANDS = Thresholds(intent_answer=0.6, intent_clarify=0.3, pair_answer=0.6, pair_clarify=0.3)
READ = {
    "hiya": Evidence("hiya", "hiya", "en", (Intent("greet", 0.8), Intent("thank", 0.1))),
    "cheers": Evidence("cheers", "cheers", "en", (Intent("greet", 0.7), Intent("thank", 0.2))),
    "hm": Evidence("hm", "hm", "en", (Intent("greet", 0.2),)),
    "race": Evidence("race", "race", "en", (Intent("thank", 0.5),), (Entity("bike", "race", 0, 4),)),
}


def reads(message: Message, state: State) -> Evidence:
    """A model that knows four texts."""
    return READ[message.text]


def differs(folder: Path, steps: str) -> list[tuple[str, int, str, str]]:
    """Kind, line, what was expected, what was predicted, of each step that differs with the model."""
    (story,) = read(folder, f"- story: One\n  steps:\n{steps}")
    found = play(story, replace(policy(folder), thresholds=BANDS), reads).differences
    return [(check.kind, check.line, check.expected, check.predicted) for check in found]


def test_what_the_model_understands_is_held_against_the_marked_intent(workshop: Path) -> None:
    right = "  - user: hiya\n    intent: greet\n  - action: utter_greet\n"
    wrong = "  - user: cheers\n    intent: thank\n  - action: utter_thank\n"
    unsure = "  - user: hm\n    intent: greet\n  - action: utter_greet\n"
    assert differs(workshop, right + wrong + unsure) == [
        ("intent", 7, "thank", "greet"),
        ("intent", 10, "greet", "nlu_fallback"),
    ]


def test_a_step_that_is_wrong_though_the_intent_is_right_is_told_as_the_step(workshop: Path) -> None:
    steps = "  - user: hiya\n    intent: greet\n  - action: utter_greet_member\n"
    assert differs(workshop, steps) == [("action", 6, "utter_greet_member", "utter_greet")]


def test_what_fills_the_form_is_right_whatever_intent_it_resembles(workshop: Path) -> None:
    steps = REPAIR + "  - user: '[race](bike)'\n    intent: inform\n  - action: repair_form\n"
    assert differs(workshop, steps) == []


def test_a_marked_entity_that_is_not_found_is_told_and_the_story_goes_on_with_it(workshop: Path) -> None:
    steps = "  - user: '[hiya](bike)'\n    intent: greet\n  - action: utter_greet\n"
    (story,) = read(workshop, f"- story: One\n  steps:\n{steps}")
    verdict = play(story, replace(policy(workshop), thresholds=BANDS), reads)
    assert verdict.checks[:2] == (
        Check("intent", 4, "greet", "greet", True, "greet: confidence 0.80 >= 0.60: greet 0.80 (answers from 0.60)"),
        Check("entities", 4, "bike 'hiya'", "none", False, "found in the text"),
    )
    assert [check.right for check in verdict.checks[2:]] == [True, True]


def test_an_intent_without_a_text_is_heard_as_marked_though_there_is_a_model(workshop: Path) -> None:
    assert differs(workshop, "  - intent: thank\n  - action: utter_thank\n") == []


def test_the_model_sees_which_buttons_the_customer_sees(workshop: Path) -> None:
    seen: list[list[str]] = []

    def noting(message: Message, state: State) -> Evidence:
        seen.append([button.title for button in state.offered])
        return READ["hiya"]

    turn = "  - user: hiya\n    intent: greet\n  - action: utter_greet\n"
    asked = "  - intent: ask_price\n  - action: utter_price\n"
    for steps in (turn + turn, asked + turn, REPAIR + turn, REPAIR + asked + "  - action: repair_form\n" + turn):
        (story,) = read(workshop, f"- story: One\n  steps:\n{steps}")
        play(story, replace(policy(workshop), thresholds=BANDS), noting)
    assert seen == [[], [], ["Have it looked at"], ["The city one"], ["Have it looked at", "The city one"]]
