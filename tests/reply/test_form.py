from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from chatbot.actions.in_process import InProcess
from chatbot.deciding import Policy, Thresholds
from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.slots import Mapped, SlotRules, Where
from chatbot.listening import listening
from chatbot.messages import (
    Entity,
    Evidence,
    FollowedUp,
    FormActive,
    Outcome,
    SlotSet,
    State,
    Step,
    StepTaken,
    TurnStarted,
    Utterance,
)
from chatbot.reply.action import Action
from chatbot.reply.form import Form
from chatbot.reply.template import Speaker
from tests.dialogue.small import from_entities, rules

RESPONSES = {
    "utter_ask_order_number": "Which order?",
    "utter_ask_order_number_again": "Six digits, please.",
    "utter_ask_form_contact": "Whose is order {order_number}?",
    "utter_ask_contact": "Your e-mail?",
    "utter_fallback": "I don't know.",
    "utter_action_failed": "Sorry.",
}
FORMS = ("form", "checked", "ended", "declined", "broken")
VALIDATORS = tuple(f"validate_{name}" for name in FORMS[1:])
DOMAIN = Domain(
    intents=("order_status", "complaint"),
    slots={
        "order_number": from_entities("order_number"),
        "contact": SlotRules(
            mappings=(
                Mapped(entity="email"),
                Mapped(entity="number", where=(Where("form"),)),
                Mapped("from_trigger_intent", intents=("complaint",), value="care@shop.example"),
            )
        ),
        "reason": SlotRules(mappings=(Mapped("from_text", where=(Where(requested_slot="reason"),)),)),
        "member": SlotRules("bool"),
        "asked_why": SlotRules("bool"),
        "colour": from_entities("colour"),
    },
    forms={**dict.fromkeys(FORMS, ("order_number", "contact")), "empty": (), "unasked": ("colour",)},
    responses={name: (Variant(text),) for name, text in RESPONSES.items()},
    actions=(*VALIDATORS, "action_ask_reason"),
)
POLICY = Policy(DOMAIN, rules({}, {"form": ("action_look_up", "utter_more")}), Thresholds(0.6, 0.3, 0.6, 0.3))
STEP = Step("form", "reason", "form")
NUMBER, EMAIL = Entity("order_number", "100234", 0, 6), Entity("email", "a@b.com", 7, 14)
SPEAKER = Speaker(DOMAIN)
FORM = Form(SPEAKER, POLICY, Action(InProcess("tests.reply.form_actions"), SPEAKER, DOMAIN).perform)
START = State("c", turn=1)


def said(*entities: Entity, text: str = "text") -> Evidence:
    return Evidence(text, text, "en", entities=entities)


def told(state: State, evidence: Evidence) -> State:
    """The state once a message has come in."""
    return state.after(TurnStarted("en"), *listening(evidence, state, POLICY))


def answer(state: State, *entities: Entity, step: Step = STEP, text: str = "text") -> Outcome:
    evidence = said(*entities, text=text)
    return FORM(step, evidence, told(state, evidence))


def after(state: State, *entities: Entity, step: Step = STEP, text: str = "text") -> tuple[str, State]:
    """What the form says to a message, and the state it leaves."""
    evidence = said(*entities, text=text)
    begun = told(state, evidence)
    outcome = FORM(step, evidence, begun)
    shown = "\n".join(utterance.text for utterance in outcome.utterances)
    return shown, begun.after(StepTaken(step), *outcome.events)


def asking(form: str, slot: str, asked: int = 1, **slots: str | bool | None) -> State:
    return replace(START, active_form=form, requested_slot=slot, asked=asked, slots=slots)


# --- asking -----------------------------------------------------------------------------------------------------------


def test_the_first_empty_slot_is_asked_for() -> None:
    assert answer(START) == Outcome(
        (Utterance("Which order?"),), (FormActive("form"), FormActive("form", "order_number"))
    )


def test_what_was_just_said_is_known_when_the_next_slot_is_asked_for() -> None:
    assert answer(START, NUMBER) == Outcome(
        (Utterance("Whose is order 100234?"),),
        (FormActive("form"), SlotSet("order_number", "100234"), FormActive("form", "contact")),
    )


def test_a_form_that_is_filled_ends() -> None:
    assert answer(asking("form", "contact", order_number="100234"), EMAIL) == Outcome(
        events=(SlotSet("contact", "a@b.com"), FormActive("", filled=True))
    )
    assert answer(START, EMAIL, NUMBER) == Outcome(
        events=(
            FormActive("form"),
            SlotSet("order_number", "100234"),
            SlotSet("contact", "a@b.com"),
            FormActive("", filled=True),
        )
    )
    empty = answer(START, step=Step("form", "reason", "empty"))
    assert empty == Outcome(events=(FormActive("empty"), FormActive("", filled=True)))


def test_a_form_that_is_filled_leads_on() -> None:
    state = after(asking("form", "contact", order_number="100234"), EMAIL)[1]
    found = POLICY.rules.next(state.happened, state.slots)
    assert found is not None
    assert found.name == "action_look_up"


def test_slots_filled_before_are_not_asked_for() -> None:
    before = replace(START, slots={"order_number": "100234", "contact": None})
    assert after(before)[0] == "Whose is order 100234?"


def test_the_message_that_begins_a_form_fills_what_is_bound_to_the_form() -> None:
    """'Where is my order 100234, phone ends in 4821' needs no further question."""
    digits = Entity("number", "4821", 20, 24)
    state = after(START, NUMBER, digits)[1]
    assert (state.slots, state.active_form) == ({"order_number": "100234", "contact": "4821"}, "")


def test_the_intent_that_begins_a_form_says_something_of_its_slots() -> None:
    began = answer(START, NUMBER, step=replace(STEP, intent="complaint"))
    assert SlotSet("contact", "care@shop.example") in began.events
    behind_an_action = START.after(StepTaken(Step("action", "", "action_x", intent="complaint")))
    outcome = FORM(STEP, said(), behind_an_action)
    assert SlotSet("contact", "care@shop.example") in outcome.events
    assert (
        SlotSet("contact", "care@shop.example") not in answer(START, step=replace(STEP, intent="order_status")).events
    )


def test_asked_again_it_words_it_otherwise_where_there_is_another_wording() -> None:
    waiting = asking("form", "order_number")
    assert answer(waiting) == Outcome((Utterance("Six digits, please."),), (FormActive("form", "order_number"),))
    assert after(waiting)[1].asked == 2
    assert after(asking("form", "contact", order_number="1"))[0] == "Whose is order 1?"


def test_after_a_digression_it_asks_as_for_the_first_time_and_does_not_count_it() -> None:
    """The customer has asked something, not failed to answer: 'I didn't see a number in that' would be wrong."""
    waiting = asking("form", "order_number")
    digressed = replace(waiting, taken=(Step("retrieval", "nearest pair", "7"),))
    again = FORM(STEP, said(), digressed)
    assert again == Outcome((Utterance("Which order?"),))
    assert digressed.after(*again.events).asked == 1
    goes_on = FORM(replace(STEP, intent="affirm"), said(), waiting)
    assert goes_on == Outcome((Utterance("Which order?"),))


def test_a_correction_replaces_the_slot_and_does_not_count_either() -> None:
    """'No, 100235', while the contact is asked for."""
    waiting = asking("form", "contact", order_number="100999")
    shown, state = after(waiting, NUMBER)
    assert (shown, state.slots["order_number"]) == ("Whose is order 100234?", "100234")
    assert (state.requested_slot, state.asked) == ("contact", 1)


def test_the_count_begins_anew_with_the_next_slot_and_ends_with_the_form() -> None:
    next_slot = after(asking("form", "order_number", asked=3), NUMBER)[1]
    assert (next_slot.requested_slot, next_slot.asked) == ("contact", 1)
    ended = after(next_slot, EMAIL)[1]
    assert (ended.active_form, ended.requested_slot, ended.asked) == ("", "", 0)
    assert ended.slots == {"order_number": "100234", "contact": "a@b.com"}


def test_a_slot_that_two_forms_ask_for_is_counted_for_each() -> None:
    switched = after(asking("form", "order_number", asked=3), step=Step("form", "reason", "checked"))[1]
    assert (switched.active_form, switched.requested_slot, switched.asked) == ("checked", "order_number", 1)


def test_a_form_that_an_action_has_begun_asks_for_its_first_slot() -> None:
    state = START.after(StepTaken(Step("action", "", "action_x")), FormActive("form"))
    outcome = FORM(STEP, said(), state)
    assert outcome == Outcome((Utterance("Which order?"),), (FormActive("form", "order_number"),))


def test_a_slot_without_a_question_is_asked_for_in_silence() -> None:
    """As in Rasa: the action that validates the form may have asked already."""
    outcome = answer(START, step=Step("form", "reason", "unasked"))
    assert outcome == Outcome((), (FormActive("unasked"), FormActive("unasked", "colour")))


# --- what a project's actions check -----------------------------------------------------------------------------------

CHECKED = Step("form", "reason", "checked")


def test_a_value_that_is_rejected_is_asked_for_again_with_the_reason() -> None:
    state = asking("checked", "order_number")
    shown, state = after(state, Entity("order_number", "12", 0, 2), step=CHECKED)
    assert shown == "12 has not six digits.\nWhich order?"
    assert (state.slots["order_number"], state.requested_slot, state.asked) == (None, "order_number", 2)
    assert (shown, state.slots) != after(state, NUMBER, step=CHECKED)


def test_a_value_that_was_changed_is_held_as_the_action_changed_it() -> None:
    state = after(asking("checked", "contact", order_number="100234"), Entity("email", "A@B.com", 0, 7), step=CHECKED)[
        1
    ]
    assert (state.slots, state.active_form) == ({"order_number": "100234", "contact": "a@b.com", "member": False}, "")


@pytest.mark.filterwarnings("ignore:No method 'extract_reason'")  # rasa-sdk's, of what a mapping fills here
def test_the_slot_that_the_action_wants_next_is_asked_for_by_the_action_that_asks_for_it() -> None:
    before = asking("checked", "contact", order_number="100234")
    shown, state = after(before, Entity("email", "x@shop.example", 0, 14), step=CHECKED)
    assert shown == "Why, dear member?"
    assert (state.requested_slot, state.asked, state.slots["asked_why"]) == ("reason", 1, True)
    filled = after(state, step=CHECKED, text="It does not fit.")[1]
    assert (filled.slots["reason"], filled.active_form) == ("It does not fit.", "")


def test_what_was_said_before_the_form_began_is_checked_too() -> None:
    shown, state = after(replace(START, slots={"order_number": "12"}), step=CHECKED)
    assert shown == "12 has not six digits.\nWhich order?"
    assert (state.active_form, state.requested_slot, state.asked) == ("checked", "order_number", 1)


def test_a_form_that_the_action_ends_is_over_as_if_it_were_filled() -> None:
    outcome = answer(START, NUMBER, step=Step("form", "reason", "ended"))
    assert outcome.events[-1] == FormActive("", filled=True)
    assert outcome.utterances == ()


def test_a_value_whose_check_was_declined_is_not_taken() -> None:
    shown, state = after(asking("declined", "order_number"), NUMBER, step=Step("form", "reason", "declined"))
    assert (shown, state.slots) == ("Six digits, please.", {"order_number": None})


def test_a_value_that_could_not_be_checked_is_not_taken_and_the_form_waits(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        shown, state = after(asking("broken", "order_number"), NUMBER, step=Step("form", "reason", "broken"))
        assert shown == "Sorry."
        assert state.slots == {"order_number": None}
        assert (state.active_form, state.requested_slot, state.asked) == ("broken", "order_number", 1)
        assert state.followup == "action_listen"
        began = answer(START, step=Step("form", "reason", "broken"))
    assert began == Outcome((Utterance("Sorry."),), (FormActive("broken"), FollowedUp("action_listen")))


# --- giving up --------------------------------------------------------------------------------------------------------


def test_a_form_gives_up_when_it_has_asked_three_times_in_vain_and_leads_nowhere() -> None:
    state, heard = asking("checked", "order_number"), []
    for _ in range(3):
        shown, state = after(state, Entity("order_number", "12", 0, 2), step=CHECKED)
        heard.append(shown.partition("\n")[2])
    assert heard == ["Which order?", "Which order?", "I don't know."]
    assert state.active_form == ""
    assert state.happened[-1].kind == "left"
