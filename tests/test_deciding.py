"""The table of who wins, row by row. Everything here is a value; nothing is read or written."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.deciding import MOST_STEPS, Policy, Thresholds, decide
from chatbot.dialogue.domain import Domain, Entities, Variant
from chatbot.dialogue.paths import Mark, Path
from chatbot.dialogue.rules import Rules
from chatbot.dialogue.slots import Mapped, SlotRules, Where
from chatbot.listening import listening
from chatbot.messages import (
    SEARCH,
    Entity,
    Evidence,
    FollowedUp,
    FormActive,
    Happened,
    Intent,
    State,
    Step,
    StepKind,
    StepTaken,
    TurnStarted,
)
from knowledge_base.pairs import Hit, Pair
from tests.dialogue.small import from_entities, rules

DOMAIN = Domain(
    intents=("greet", "order_status", "refund", "return", "complaint", "change", "faq", "lost", "mute", "out_of_scope"),
    slots={
        "order_number": from_entities("order_number"),
        "contact": SlotRules(
            mappings=(Mapped(entity="email"), Mapped(entity="number", where=(Where("order_form"),))),
        ),
    },
    forms={"order_form": ("order_number", "contact")},
    responses={
        name: (Variant("text"),)
        for name in (
            "utter_greet",
            "utter_refund",
            *(f"utter_did_you_mean_{i}" for i in ("refund", "return", "change")),
        )
    },
    actions=("action_one", "action_two", "action_look_up"),
)
RULES = rules(
    {
        "greet": ("utter_greet",),
        "order_status": ("order_form",),
        "refund": ("utter_refund",),
        "return": ("utter_refund",),
        "complaint": ("action_one", "action_two", "utter_greet"),
        "faq": (SEARCH,),
    },
    {"order_form": ("action_look_up",)},
)
POLICY = Policy(DOMAIN, RULES, Thresholds(intent_answer=0.6, intent_clarify=0.25, pair_answer=0.55, pair_clarify=0.35))
START = State("c", turn=1)
WAITING = replace(START, active_form="order_form", requested_slot="order_number", asked=1)
NUMBER = Entity("order_number", "100234", 0, 6)


def heard(*intents: tuple[str, float], hits: tuple[Hit, ...] = (), **more: object) -> Evidence:
    found = tuple(Intent(*intent) for intent in intents)
    return Evidence("text", "text", "en", found, hits=hits, **more)  # type: ignore[arg-type]


def pair(score: float, id_: int = 7, exact: bool = False) -> Hit:
    return Hit(Pair(f"Question {id_}?", "Answer.", id=id_), f"Question {id_}?", score, score, score, exact)


def taken(state: State, *steps: Step) -> State:
    return state.after(*map(StepTaken, steps))


def decided(evidence: Evidence, state: State, policy: Policy = POLICY) -> Step:
    """The first step for a message, once what it says of slots is known."""
    begun = state.after(TurnStarted("en"), *listening(evidence, state, policy))
    return decide(evidence, begun, policy)


# --- a person ---------------------------------------------------------------------------------------------------------


def test_while_a_person_holds_it_the_bot_is_silent_whatever_is_said() -> None:
    held = replace(WAITING, held_by="Mei")
    for evidence in (
        heard(),
        heard(("greet", 0.99)),
        heard(command="greet"),
        heard(hits=(pair(1.0, exact=True),)),
        heard(entities=(NUMBER,)),
    ):
        step = decide(evidence, held, POLICY)
        assert step == Step("human", "Mei holds the conversation", "Mei")
        assert decide(evidence, taken(held, step), POLICY) == Step("listen", "a person answers")


# --- a button ---------------------------------------------------------------------------------------------------------


def test_a_pressed_button_is_certain_and_beats_exact_question_and_pair_in_a_form_too() -> None:
    evidence = heard(("refund", 0.99), command="greet", hits=(pair(1.0, exact=True),))
    pressed = Step("template", "greet: button pressed", "utter_greet", intent="greet")
    assert [decided(evidence, state) for state in (START, WAITING)] == [pressed, pressed]


def test_a_button_that_carries_what_the_form_asks_for_fills_it() -> None:
    evidence = heard(command="greet", entities=(NUMBER,))
    assert decided(evidence, WAITING) == Step("form", "order_form gets order_number", "order_form")


def test_a_button_that_says_none_of_our_business_is_answered_as_that() -> None:
    expected = Step("fallback", "out_of_scope: button pressed", "utter_out_of_scope", intent="out_of_scope")
    assert decide(heard(command="out_of_scope"), START, POLICY) == expected


def test_a_button_for_an_intent_without_a_rule_does_not_end_the_decision() -> None:
    assert decide(heard(command="lost"), START, POLICY) == Step("fallback", "no rule and no pair is sure enough")


# --- the form ---------------------------------------------------------------------------------------------------------


def test_a_value_for_the_form_beats_a_certain_intent_and_an_exact_question() -> None:
    evidence = heard(("greet", 0.99), entities=(NUMBER,), hits=(pair(1.0, exact=True),))
    assert decided(evidence, WAITING) == Step("form", "order_form gets order_number", "order_form")


def test_a_value_for_a_slot_already_filled_corrects_it() -> None:
    state = replace(WAITING, slots={"order_number": "100999"}, requested_slot="contact")
    evidence = heard(entities=(NUMBER,))
    assert decided(evidence, state) == Step("form", "order_form gets order_number", "order_form")
    assert state.after(*listening(evidence, state, POLICY)).slots == {"order_number": "100234"}


def test_a_slot_bound_to_a_form_is_filled_in_that_form_only() -> None:
    evidence = heard(entities=(Entity("number", "4821", 0, 4), Entity("email", "a@b.com", 5, 12)))
    other = replace(POLICY, domain=replace(DOMAIN, forms={**DOMAIN.forms, "other_form": ("contact",)}))
    elsewhere = replace(WAITING, active_form="other_form", requested_slot="contact")

    def filled(evidence: Evidence, state: State, policy: Policy = POLICY) -> object:
        return state.after(*listening(evidence, state, policy)).fresh

    assert filled(evidence, WAITING) == {"contact": "a@b.com"}
    no_email = replace(evidence, entities=evidence.entities[:1])
    assert filled(no_email, WAITING) == {"contact": "4821"}
    assert filled(no_email, elsewhere, other) == {}
    assert filled(no_email, START) == {}


@pytest.mark.parametrize(
    ("evidence", "digression"),
    [
        (
            heard(("order_status", 0.9), hits=(pair(1.0, exact=True),)),
            Step("retrieval", "equals a stored phrasing", "7", pair(1.0, exact=True)),
        ),
        (
            heard(("refund", 0.8)),
            Step("template", "refund: confidence 0.80 >= 0.60", "utter_refund", intent="refund"),
        ),
        (heard(hits=(pair(0.7),)), Step("retrieval", "nearest pair 0.70 >= 0.55", "7", pair(0.7))),
    ],
)
def test_a_digression_is_answered_and_then_the_form_asks_again(evidence: Evidence, digression: Step) -> None:
    assert decide(evidence, WAITING, POLICY) == digression
    after = taken(WAITING, digression)
    asks = Step("form", "order_form still needs order_number", "order_form")
    assert decide(evidence, after, POLICY) == asks
    assert decide(evidence, taken(after, asks), POLICY) == Step("listen", "answered")


def test_what_answers_nothing_is_asked_again_and_given_up_after_three_times() -> None:
    asks = Step("form", "order_form did not find order_number in the message", "order_form")
    gives_up = Step("fallback", "order_form asked 3 times for order_number in vain")
    by_times = [decide(heard(("refund", 0.4)), replace(WAITING, asked=asked), POLICY) for asked in (1, 2, 3, 4)]
    assert by_times == [asks, asks, gives_up, replace(gives_up, reason=gives_up.reason.replace("3", "4"))]


def test_the_wish_that_the_form_is_about_is_no_digression() -> None:
    """'I don't have my order number' sounds like order_status; it must not be asked for for ever."""
    evidence = heard(("order_status", 0.95))
    assert [decide(evidence, replace(WAITING, asked=asked), POLICY).kind for asked in (1, 2, 3)] == [
        "form",
        "form",
        "fallback",
    ]


# --- exact question, rule, pair ---------------------------------------------------------------------------------------


def test_an_exact_question_beats_the_surest_intent() -> None:
    hit = pair(1.0, exact=True)
    assert decide(heard(("greet", 1.0), hits=(hit,)), START, POLICY) == Step(
        "retrieval", "equals a stored phrasing", "7", hit
    )


@pytest.mark.parametrize(
    ("confidence", "score", "expected"),
    [
        (0.6, 0.54, Step("template", "refund: confidence 0.60 >= 0.60", "utter_refund", intent="refund")),
        (0.59, 0.55, Step("retrieval", "nearest pair 0.55 >= 0.55", "7", pair(0.55))),
        # both above their thresholds: the surer one, however far it is above its own
        (0.9, 0.89, Step("template", "refund: confidence 0.90 >= 0.60", "utter_refund", intent="refund")),
        (0.9, 0.91, Step("retrieval", "nearest pair 0.91 >= 0.55", "7", pair(0.91))),
        (1.0, 1.0, Step("template", "refund: confidence 1.00 >= 0.60", "utter_refund", intent="refund")),
    ],
)
def test_a_stored_answer_wins_over_a_rule_only_when_it_is_surer(
    confidence: float, score: float, expected: Step
) -> None:
    assert decide(heard(("refund", confidence), hits=(pair(score),)), START, POLICY) == expected


def test_an_intent_without_a_rule_leaves_the_pair() -> None:
    assert decide(heard(("lost", 0.99), hits=(pair(0.56),)), START, POLICY) == Step(
        "retrieval", "nearest pair 0.56 >= 0.55", "7", pair(0.56)
    )


def test_a_general_question_goes_to_the_stored_answers() -> None:
    assert decide(heard(("faq", 0.99), hits=(pair(0.56),)), START, POLICY) == Step(
        "retrieval", "nearest pair 0.56 >= 0.55", "7", pair(0.56), intent="faq"
    )


def test_what_a_rule_names_after_the_search_follows_the_stored_answer() -> None:
    policy = replace(POLICY, rules=rules({"faq": (SEARCH, "utter_greet")}))
    evidence = heard(("faq", 0.99), hits=(pair(0.56),))
    step = decide(evidence, START, policy)
    assert step == Step("retrieval", "nearest pair 0.56 >= 0.55", "7", pair(0.56), intent="faq")
    assert decide(evidence, taken(START, step), policy) == Step(
        "template", "rule 'faq' goes on with utter_greet", "utter_greet"
    )


def test_a_general_question_without_a_near_pair_is_clarified_or_falls_back() -> None:
    near, far = heard(("faq", 0.9), hits=(pair(0.4),)), heard(("faq", 0.9), hits=(pair(0.04),))
    scores = "faq 0.90 (answers from 0.60), nearest pair {} (answers from 0.55)"
    assert decide(near, START, POLICY) == Step(
        "clarify", f"between the bands: {scores.format('0.40')}", choices=(pair(0.4),)
    )
    assert decide(far, START, POLICY) == Step(
        "fallback", f"no rule and no pair is sure enough: {scores.format('0.04')}"
    )


def test_a_search_that_a_button_asks_for_says_why_it_found_nothing() -> None:
    assert decide(heard(command="faq"), START, POLICY) == Step(
        "fallback", "faq: button pressed, but no stored answer is near enough", SEARCH, intent="faq"
    )


def test_two_pairs_that_are_nearly_as_sure_are_no_question_back() -> None:
    """How far a pair is ahead of the next is part of its confidence already."""
    together = (pair(0.75, 7), pair(0.74, 8))
    assert decide(heard(("faq", 0.9), hits=together), START, POLICY) == Step(
        "retrieval", "nearest pair 0.75 >= 0.55", "7", together[0], intent="faq"
    )


# --- clarify, out of scope, fallback ----------------------------------------------------------------------------------


def test_between_the_bands_at_most_three_are_offered_the_likeliest_first() -> None:
    evidence = heard(("return", 0.4), ("refund", 0.3), ("change", 0.29), hits=(pair(0.5, 8), pair(0.35, 7)))
    assert decide(evidence, START, POLICY) == Step(
        "clarify",
        "between the bands: return 0.40 (answers from 0.60), nearest pair 0.50 (answers from 0.55)",
        choices=(pair(0.5, 8), "return", pair(0.35, 7)),
    )


@pytest.mark.parametrize(
    ("intent", "score", "choices"),
    [
        (0.25, 0.05, ("refund", pair(0.05))),
        (0.25, 0.049, ("refund",)),
        (0.05, 0.35, (pair(0.35), "refund")),
        (0.049, 0.35, (pair(0.35),)),
        (0.249, 0.349, ()),
    ],
)
def test_what_reaches_its_lower_threshold_opens_a_question_back_and_what_is_likely_at_all_is_offered_beside_it(
    intent: float, score: float, choices: tuple[str | Hit, ...]
) -> None:
    step = decide(heard(("refund", intent), hits=(pair(score),)), START, POLICY)
    assert (step.kind, step.choices) == ("clarify" if choices else "fallback", choices)


def test_only_what_has_a_name_for_customers_is_offered() -> None:
    assert decide(heard(("complaint", 0.5), ("refund", 0.25)), START, POLICY).choices == ("refund",)
    assert decide(heard(("complaint", 0.5), ("greet", 0.4)), START, POLICY).kind == "fallback"


def test_surely_none_of_our_business_is_said_and_not_clarified() -> None:
    evidence = heard(("out_of_scope", 0.6), ("refund", 0.3), hits=(pair(0.5),))
    assert decide(evidence, START, POLICY) == Step(
        "fallback", "out_of_scope: confidence 0.60 >= 0.60", "utter_out_of_scope", intent="out_of_scope"
    )


def test_a_rule_for_out_of_scope_is_followed() -> None:
    policy = replace(POLICY, rules=rules({"out_of_scope": ("utter_greet",)}))
    assert decide(heard(("out_of_scope", 0.9)), START, policy) == Step(
        "template", "out_of_scope: confidence 0.90 >= 0.60", "utter_greet", intent="out_of_scope"
    )


def test_what_is_likeliest_none_of_our_business_is_not_clarified_unless_a_stored_answer_may_fit() -> None:
    """The second intent is far less likely than the thresholds, which were fitted to first ones, would have it."""
    intents = (("out_of_scope", 0.5), ("refund", 0.3))
    assert decide(heard(*intents, hits=(pair(0.34),)), START, POLICY) == Step(
        "fallback",
        "no rule and no pair is sure enough: out_of_scope 0.50 (answers from 0.60), "
        "nearest pair 0.34 (answers from 0.55)",
    )
    step = decide(heard(*intents, hits=(pair(0.35),)), START, POLICY)
    assert (step.kind, step.choices) == ("clarify", (pair(0.35), "refund"))


def test_a_pair_answers_only_as_far_as_the_message_is_in_scope() -> None:
    assert decide(heard(("out_of_scope", 0.3), hits=(pair(0.91),)), START, POLICY) == Step(
        "retrieval", "nearest pair 0.91 >= 0.55", "7", pair(0.91)
    )
    asked = decide(heard(("out_of_scope", 0.9), hits=(pair(0.91),)), START, POLICY)
    assert (asked.kind, asked.choices) == ("clarify", (pair(0.91),))
    assert decide(heard(("out_of_scope", 0.9), hits=(pair(0.5),)), START, POLICY) == Step(
        "fallback", "out_of_scope: confidence 0.90 >= 0.60", "utter_out_of_scope", intent="out_of_scope"
    )
    unsure = decide(heard(("out_of_scope", 0.58), hits=(pair(0.56),)), START, POLICY)
    assert (unsure.kind, unsure.choices) == ("clarify", (pair(0.56),))


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (heard(), "no rule and no pair is sure enough"),
        (heard(("refund", 0.2)), "no rule and no pair is sure enough: refund 0.20 (answers from 0.60)"),
        (heard(hits=(pair(0.3),)), "no rule and no pair is sure enough: nearest pair 0.30 (answers from 0.55)"),
    ],
)
def test_below_every_band_it_falls_back_and_says_how_far_off_it_was(evidence: Evidence, reason: str) -> None:
    assert decide(evidence, START, POLICY) == Step("fallback", reason)


# --- chains -----------------------------------------------------------------------------------------------------------


def test_rules_look_only_at_the_entities_that_the_intent_says() -> None:
    ways = (
        Path("bare", (Mark("intent", "refund"), Mark("action", "utter_refund"))),
        Path("with a number", (Mark("intent", "refund", ("order_number",)), Mark("action", "action_one"))),
    )
    known = replace(POLICY, rules=Rules(ways))
    blind = replace(known, domain=replace(DOMAIN, looked_at={"refund": Entities(())}))
    evidence = heard(("refund", 0.9), entities=(NUMBER,))
    assert [decided(evidence, START, policy).name for policy in (known, blind)] == ["action_one", "utter_refund"]
    assert [policy.looked_at("refund", evidence) for policy in (known, blind)] == [("order_number",), ()]


def test_a_rule_runs_action_after_action_and_then_listens() -> None:
    evidence, state, steps = heard(("complaint", 0.9)), START, []
    while (step := decide(evidence, state, POLICY)).kind != "listen":
        steps.append(step)
        state = taken(state, step)
    assert steps == [
        Step("action", "complaint: confidence 0.90 >= 0.60", "action_one", intent="complaint"),
        Step("action", "rule 'complaint' goes on with action_two", "action_two"),
        Step("template", "rule 'complaint' goes on with utter_greet", "utter_greet"),
    ]
    assert step == Step("listen", "answered")


def test_what_a_rule_goes_on_with_comes_before_anything_else_is_decided() -> None:
    state = taken(WAITING, Step("form", "r", "order_form")).after(FormActive("", filled=True))
    evidence = heard(("greet", 0.99), command="greet", hits=(pair(1.0, exact=True),))
    goes_on = Step("action", "rule 'order_form is filled' goes on with action_look_up", "action_look_up")
    assert decide(evidence, state, POLICY) == goes_on


def test_a_form_that_was_left_leads_nowhere() -> None:
    """What a rule does for a filled form would look up an order that nobody has named."""
    state = taken(WAITING, Step("fallback", "r")).after(FormActive(""))
    assert decide(heard(), state, POLICY) == Step("listen", "answered")


def test_what_an_action_asks_for_comes_before_what_a_rule_says() -> None:
    state = taken(START, Step("action", "r", "action_one", intent="complaint"))
    asked = decide(heard(), state.after(FollowedUp("action_look_up")), POLICY)
    assert asked == Step("action", "an action asks for action_look_up", "action_look_up")
    assert decide(heard(), state.after(FollowedUp("utter_greet")), POLICY).kind == "template"
    assert decide(heard(), state.after(FollowedUp("order_form")), POLICY).kind == "form"
    assert decide(heard(), state.after(FollowedUp("action_listen")), POLICY).kind == "listen"
    after = taken(state.after(FollowedUp("action_look_up")), asked)
    assert decide(heard(), after, POLICY) == Step("listen", "answered")


def test_the_tenth_step_is_the_last_even_if_the_rule_goes_on() -> None:
    endless = replace(POLICY, rules=Rules((Path("again", (Mark("action", "action_one"),) * 2, waits=False),)))
    state = taken(START, *[Step("action", "r", "action_one")] * (MOST_STEPS - 1))
    assert decide(heard(), state, endless).kind == "action"
    full = taken(state, Step("action", "r", "action_one"))
    assert decide(heard(), full, endless) == Step("listen", "10 steps are the most a turn may take")


def test_a_table_of_ones_own_is_read_from_the_top() -> None:
    first, second = Step("listen", "first"), Step("listen", "second")
    policy = replace(POLICY, table=(lambda *_: None, lambda *_: first, lambda *_: second))
    assert decide(heard(command="greet"), START, policy) == first


# --- whatever is said -------------------------------------------------------------------------------------------------

SCORE = st.floats(0, 1)
EVIDENCE = st.builds(
    Evidence,
    text=st.just("text"),
    masked=st.just("text"),
    language=st.sampled_from(["en", "zh"]),
    intents=st.lists(st.builds(Intent, st.sampled_from(DOMAIN.intents), SCORE), max_size=6)
    .map(lambda found: sorted(found, key=lambda intent: -intent.confidence))
    .map(tuple),
    entities=st.sampled_from([(), (NUMBER,), (Entity("number", "4821", 0, 4),)]),
    hits=st.lists(st.builds(pair, SCORE, st.integers(1, 9)), max_size=5)
    .map(lambda found: sorted(found, key=lambda hit: -hit.score))
    .map(tuple),
    command=st.sampled_from(["", *DOMAIN.intents]),
)
HAPPENED = st.lists(
    st.builds(
        Happened,
        st.sampled_from(["intent", "action", "begun", "done", "left"]),
        st.sampled_from(["complaint", "action_one", "utter_greet", SEARCH, "order_form", "nlu_fallback"]),
        st.sampled_from(["", "order_form"]),
    ),
    max_size=14,
).map(tuple)
STATE = st.builds(
    lambda active, asked, by, happened, followup: replace(
        WAITING if active else START, asked=asked, held_by=by, happened=happened, followup=followup
    ),
    st.booleans(),
    st.integers(0, 5),
    st.sampled_from(["", "Mei"]),
    HAPPENED,
    st.sampled_from(["", "action_one", "utter_greet", SEARCH, "order_form", "action_unknown"]),
)


@given(EVIDENCE, STATE)
def test_every_turn_ends_within_ten_steps_and_every_step_says_why(evidence: Evidence, state: State) -> None:
    begun = state.after(*listening(evidence, state, POLICY))
    while (step := decide(evidence, begun, POLICY)).kind != "listen":
        assert step.reason
        assert len(step.choices) <= 3
        assert step.kind in get_args(StepKind)
        assert (step.hit is not None) == (step.kind == "retrieval")
        assert step.name or step.kind in ("fallback", "clarify")
        begun = taken(begun, step)
    assert step.reason
    assert len(begun.taken) <= MOST_STEPS
    if begun.held_by:
        assert [taken_step.kind for taken_step in begun.taken] == ["human"]
    else:
        assert begun.taken, "the bot never falls silent by itself"
