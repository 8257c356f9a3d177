from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.rules import Rules, read_rules
from chatbot.errors import ProjectError

DOMAIN = Domain(
    intents=("greet", "order_status", "faq", "stop"),
    slots={},
    forms={"order_form": ("order_number",)},
    responses={"utter_greet": (Variant("Hi"),), "utter_more": (Variant("More?"),)},
    actions=("action_look_up",),
)


def read(folder: Path, text: str) -> Rules:
    (folder / "rules.yml").write_text(text, "utf-8")
    return read_rules(folder / "rules.yml", DOMAIN)


def test_rules_become_two_tables(tmp_path: Path) -> None:
    text = """
    version: "3.1"
    rules:
      - rule: Greet
        steps: [{intent: greet}, {action: utter_greet}, {action: utter_more}]
      - rule: Ask
        steps: [{intent: order_status}, {action: order_form}, {active_loop: order_form}]
      - rule: Look up
        condition: [{active_loop: order_form}]
        steps:
          - action: order_form
          - active_loop: null
          - slot_was_set: [{requested_slot: null}]
          - action: action_look_up
          - action: utter_more
      - rule: Search
        condition: [{active_loop: null}]
        steps: [{intent: faq}, {action: action_search_knowledge_base}]
    """
    assert read(tmp_path, text) == Rules(
        by_intent={
            "greet": ("utter_greet", "utter_more"),
            "order_status": ("order_form",),
            "faq": ("action_search_knowledge_base",),
        },
        after_form={"order_form": ("action_look_up", "utter_more")},
    )


def test_no_rules_are_no_rules(tmp_path: Path) -> None:
    assert read(tmp_path, "rules:") == read(tmp_path, 'version: "3.1"') == Rules({}, {})


STEPS = "steps: [{intent: greet}, {action: utter_greet}]"


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        (
            f"[{{rule: A, {STEPS}}}, {{rule: B, {STEPS}}}]",
            "Rule 'B': intent 'greet' has a rule already; they would contradict each other.",
        ),
        (
            "[{rule: A, steps: [{intent: hello}, {action: utter_greet}]}]",
            "Rule 'A': its first step names intent 'hello', which the domain does not have.",
        ),
        (
            "[{rule: A, steps: [{action: utter_greet}, {intent: greet}]}]",
            "Rule 'A': its first step names intent '', which the domain does not have.",
        ),
        (
            "[{rule: A, steps: [{intent: greet}, {action: utter_gret}]}]",
            "Rule 'A': 'utter_gret' is no response, form or action of the domain. Add it there.",
        ),
        ("[{rule: A, steps: [{intent: greet}]}]", "Rule 'A' has no action. Add one, or remove the rule."),
        ("[{rule: A}]", "Rule 'A' has no action. Add one, or remove the rule."),
        (
            f"[{{rule: A, condition: [{{slot_was_set: [{{member: true}}]}}], {STEPS}}}]",
            "Rule 'A': condition 'slot_was_set' is not supported; allowed: active_loop.",
        ),
        (
            "[{rule: A, condition: [{active_loop: order_form}], steps: [{intent: stop}, {action: utter_more}]}]",
            "Rule 'A': a rule has one intent, or one form that is filled; this one has more.",
        ),
        (
            "[{rule: A, steps: [{intent: greet}, {action: utter_greet}, {intent: faq}, {action: utter_more}]}]",
            "Rule 'A': a rule has one intent, or one form that is filled; this one has more.",
        ),
        ("[Greet]", "rules.yml: a rule is not of Rasa's shape ('str' object has no attribute 'get')."),
    ],
)
def test_rules_that_contradict_or_cannot_be_kept_are_refused_by_name(tmp_path: Path, rules: str, sentence: str) -> None:
    with pytest.raises(ProjectError) as refusal:
        read(tmp_path, f"rules: {rules}")
    assert str(refusal.value) == sentence


def test_two_rules_after_one_form_are_refused(tmp_path: Path) -> None:
    rule = "{{rule: {}, condition: [{{active_loop: order_form}}], steps: [{{action: action_look_up}}]}}"
    with pytest.raises(ProjectError) as refusal:
        read(tmp_path, f"rules: [{rule.format('A')}, {rule.format('B')}]")
    assert str(refusal.value) == "Rule 'B': form 'order_form' has a rule already; they would contradict each other."
