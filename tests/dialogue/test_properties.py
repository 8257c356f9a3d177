"""Whatever is said, pressed, found and answered by actions: a turn ends, nothing raises, and a replay is the same."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.conversations.codec import state_from, state_json
from chatbot.deciding import MOST_STEPS
from chatbot.dialogue.domain import Domain
from chatbot.messages import Entity, Evidence, Happened, Held, Intent, SlotSet, State
from chatbot.project import Project, load_project
from knowledge_base.pairs import Hit, Pair
from tests.dialogue.talking import Talk, project

DOMAIN = """
intents: [greet, affirm, deny, order, stop, inform, restart, out_of_scope, faq: {is_retrieval_intent: true}]
entities: [word, number: {roles: [from, to]}, thing]
slots:
  text: {type: text, mappings: [{type: from_entity, entity: word}, {type: from_text}]}
  yes: {type: bool, mappings: [{type: from_intent, intent: affirm, value: true}, {type: from_intent,
    not_intent: affirm, value: false}]}
  count: {type: float, initial_value: 1, mappings: [{type: from_entity, entity: number, role: to}]}
  kind: {type: categorical, values: [a, b], mappings: [{type: from_entity, entity: thing,
    conditions: [{active_loop: null}]}]}
  list: {type: list, mappings: [{type: from_entity, entity: thing}]}
  any: {type: any, mappings: [{type: from_trigger_intent, intent: order, value: [1, {x: y}]}, {type: custom}]}
forms:
  first: {required_slots: [text, yes, count], ignored_intents: [stop]}
  second: {required_slots: [any, list, kind, not_there]}
  third: {}
responses:
  utter_a: [{text: "A {text}", custom: {x: "{list}"}, buttons: [{title: B, payload: /affirm}]}]
  utter_b: [{text: B, condition: [{type: slot, name: kind, value: a}]}, {text: C}]
  utter_c: [{text: C, condition: [{type: slot, name: kind, value: b}]}]
  utter_ask_text: [{text: What, condition: [{type: slot, name: language, value: zh}]}]
  utter_ask_yes: [{text: Sure}]
  utter_faq/hours: [{text: From 9}]
actions: [action_a, action_b, validate_first, action_ask_count, validate_third]
"""
RULES = """
rules:
- {rule: R1, steps: [{intent: order}, {action: first}, {active_loop: first}]}
- rule: R2
  condition: [{active_loop: first}]
  steps: [{action: first}, {active_loop: null}, {action: action_a}, {action: second}, {active_loop: second}]
- {rule: R3, condition: [{slot_was_set: [{yes: true}]}], steps: [{intent: affirm}, {action: action_a},
    {action: utter_a}]}
- {rule: R4, condition: [{slot_was_set: [{yes: false}]}], steps: [{intent: affirm}, {action: action_b}],
    wait_for_user_input: false}
- {rule: R5, condition: [{active_loop: first}], steps: [{intent: stop}, {action: action_deactivate_loop},
    {active_loop: null}, {action: utter_c}]}
- {rule: R6, steps: [{intent: faq}, {action: utter_faq}]}
- {rule: R7, steps: [{intent: nlu_fallback}, {action: action_two_stage_fallback},
    {active_loop: action_two_stage_fallback}]}
- {rule: R8, conversation_start: true, steps: [{intent: greet}, {action: utter_a}]}
stories:
- story: S1
  steps: [{intent: greet}, {action: utter_b}, {or: [{intent: affirm}, {intent: deny}]}, {action: third},
    {active_loop: third}, {active_loop: null}, {action: action_b}, {checkpoint: c}]
- story: S2
  steps: [{checkpoint: c}, {intent: inform, entities: [word]}, {action: action_search_knowledge_base}, {checkpoint: c}]
- story: S3
  steps: [{intent: order}, {action: first}, {active_loop: first}, {intent: deny}, {action: utter_b},
    {intent: affirm}, {action: first}, {active_loop: null}, {action: utter_a}]
"""
BUILT_IN = ("action_listen", "action_restart", "action_default_fallback", "action_unknown", "utter_unknown", "")
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 5), st.floats(-5, 5), st.sampled_from(["", "a", "订单", "100234"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2)
    ),
    max_leaves=3,
)
SCORE = st.one_of(st.floats(0, 1), st.sampled_from([0.2, 0.6, 0.95]))


@dataclass
class Answers:
    """Actions that answer with what was drawn, one after another."""

    results: Sequence[Mapping[str, Any]]

    def __post_init__(self) -> None:
        self.next: Iterator[Mapping[str, Any]] = itertools.cycle(self.results)

    def run(self, call: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        return next(self.next)


def names(domain: Domain) -> st.SearchStrategy[str]:
    return st.sampled_from([*domain.forms, *domain.responses, *domain.actions, *BUILT_IN])


def slot_names(domain: Domain) -> st.SearchStrategy[str]:
    return st.sampled_from([*domain.slots, "requested_slot", "slot_of_nobody"])


def action_results(domain: Domain) -> st.SearchStrategy[Mapping[str, Any]]:
    event = st.one_of(
        st.builds(lambda name, value: {"event": "slot", "name": name, "value": value}, slot_names(domain), JSON),
        st.builds(
            lambda name: {"event": "active_loop", "name": name},
            st.sampled_from([*domain.forms, "form_of_nobody", None]),
        ),
        st.builds(lambda name: {"event": "followup", "name": name}, names(domain)),
        st.sampled_from([{"event": "restart"}, {"event": "pause"}, {"event": "resume"}, {"event": "reset_slots"}]),
    )
    said = st.sampled_from([[], [{"text": "Said."}], [{"response": "utter_of_nobody"}]])
    return st.fixed_dictionaries({"events": st.lists(event, max_size=3), "responses": said})


def pair(score: float, exact: bool) -> Hit:
    return Hit(Pair("Question?", "Answer.", id=7), "Question?", score, score, score, exact)


def evidence(domain: Domain) -> st.SearchStrategy[Evidence]:
    intents = [*domain.intents, *(f"{name}/hours" for name in domain.intents[-1:]), "intent_of_nobody"]
    entity = st.builds(
        lambda name, value, role: Entity(name, value, 0, 1, role),
        st.sampled_from([*domain.entities, "entity_of_nobody"]),
        st.sampled_from(["", "a", "2", "yes", "订单"]),
        st.sampled_from(["", "from", "to"]),
    )
    return st.builds(
        lambda text, language, found, entities, hits, command: Evidence(
            text, "masked", language, tuple(sorted(found, key=lambda one: -one.confidence)), tuple(entities),
            tuple(sorted(hits, key=lambda hit: -hit.score)), command, text,
        ),
        st.sampled_from(["", "text", "is it?", "要多久？"]),
        st.sampled_from(["en", "zh"]),
        st.lists(st.builds(Intent, st.sampled_from(intents), SCORE), max_size=3),
        st.lists(entity, max_size=2),
        st.lists(st.builds(pair, SCORE, st.booleans()), max_size=2),
        st.sampled_from([""] * 5 + intents),
    )  # fmt: skip


def states(domain: Domain) -> st.SearchStrategy[State]:
    """Any state, also one that no conversation leads to, as after a change of the project."""
    happened = st.builds(
        Happened,
        st.sampled_from(["intent", "action", "begun", "done", "left"]),
        st.one_of(st.sampled_from([*domain.intents, *domain.forms, "nlu_fallback"]), names(domain)),
        st.sampled_from(["", *domain.forms]),
    )
    return st.builds(
        lambda turn, form, slot, asked, slots, past, by: State(
            "c",
            turn=turn,
            active_form=form,
            requested_slot=slot,
            asked=asked,
            slots=slots,
            happened=tuple(past),
            held_by=by,
        ),
        st.integers(0, 3),
        st.sampled_from(["", *domain.forms, "form_of_nobody"]),
        st.sampled_from(["", *domain.slots, "slot_of_nobody"]),
        st.integers(0, 4),
        st.dictionaries(slot_names(domain), JSON, max_size=4),
        st.lists(happened, max_size=8),
        st.sampled_from(["", "", "", "Mei"]),
    )


def turns(domain: Domain) -> st.SearchStrategy[list[tuple[Evidence, float]]]:
    return st.lists(st.tuples(evidence(domain), st.sampled_from([0.0, 0.0, 1e6])), min_size=1, max_size=6)


def check(
    known: Project, before: State, said: Sequence[tuple[Evidence, float]], results: Sequence[Mapping[str, Any]]
) -> None:
    talk = Talk(known, Answers(results))
    talk.state = before
    for heard, idle in said:
        talk.idle = idle
        reply = talk.hears(heard)
        assert len(reply.steps) <= MOST_STEPS
        assert all(step.reason for step in reply.steps)
        assert reply.steps, "the bot takes a step, if only to be silent while a person answers"
        assert talk.state == before.after(*talk.events)
        kept = state_from(json.loads(json.dumps(state_json(talk.state))), "c")
        assert kept == replace(talk.state, taken=(), fresh={}, followup="")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Forms, slots of all types, rules and stories that lead into each other, and sessions."""
    files = {"domain.yml": f"{DOMAIN}session_config: {{session_expiration_time: 5}}\n", "data/rules.yml": RULES}
    return project(tmp_path_factory.mktemp("synthetic"), files)


@pytest.fixture(scope="module")
def shop() -> Project:
    return load_project(None)


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """What actions do wrong here is logged thousands of times."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(data=st.data())
def test_a_turn_of_a_project_of_all_sorts_ends_whatever_is_said(synthetic: Project, data: st.DataObject) -> None:
    domain = synthetic.domain
    results = data.draw(st.lists(action_results(domain), min_size=1, max_size=4))
    check(synthetic, data.draw(states(domain)), data.draw(turns(domain)), results)


@EXAMPLES
@given(data=st.data())
def test_a_turn_of_the_shop_ends_whatever_is_said(shop: Project, data: st.DataObject) -> None:
    domain = shop.domain
    results = data.draw(st.lists(action_results(domain), min_size=1, max_size=4))
    check(shop, data.draw(states(domain)), data.draw(turns(domain)), results)


def test_a_state_that_was_kept_before_states_had_a_history_is_still_one() -> None:
    old = {
        "language": "zh", "turn": 3, "question": "what?", "active_form": "order_form", "requested_slot": "contact",
        "asked": 1, "held_by": "", "slots": {"order_number": "100234"},
    }  # fmt: skip
    assert state_from(old, "c") == State(
        "c", "zh", 3, "what?", {"order_number": "100234"}, active_form="order_form", requested_slot="contact", asked=1
    )


def test_what_staff_do_between_two_turns_is_replayed_too(synthetic: Project) -> None:
    talk = Talk(synthetic, Answers([{"events": [], "responses": []}]))
    talk.say("order", "order")
    talk.state, between = talk.state.after(Held("Mei"), SlotSet("text", "x")), len(talk.events)
    talk.say("are you there")
    replayed = State("c").after(*talk.events[:between], Held("Mei"), SlotSet("text", "x"), *talk.events[between:])
    assert replayed == talk.state
