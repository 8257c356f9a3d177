from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.checking import faults
from chatbot.dialogue.domain import read_domain
from chatbot.project import Project, load_project

DOMAIN = """
intents: [greet, order]
slots:
  order_number: {type: text, mappings: [{type: from_entity, entity: order_number}]}
forms:
  order_form: {required_slots: [order_number]}
responses:
  utter_greet: [{text: Hi}]
  utter_clarify: [{text: Which one}]
  utter_fallback: [{text: Sorry}]
  utter_action_failed: [{text: Sorry}]
  utter_ask_order_number: [{text: Which order}]
  utter_did_you_mean_order: [{text: Your order}]
"""
RULES = """
rules:
  - {rule: Greet, steps: [{intent: greet}, {action: utter_greet}]}
  - {rule: Order, steps: [{intent: order}, {action: order_form}]}
  - {rule: Filled, condition: [{active_loop: order_form}], steps: [{action: order_form}, {action: utter_greet}]}
"""
NLU = """
nlu:
  - {intent: greet, examples: [hi, hello]}
  - {intent: order, examples: [where is my order]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A small project without a fault."""
    for name, text in {"domain.yml": DOMAIN, "data/rules.yml": RULES, "data/nlu.yml": NLU}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return load_project(tmp_path)


def changed(project: Project, changes: Mapping[str, str]) -> Project:
    """The project with words of its domain replaced, its rules as they were."""
    folder = project.examples[0].parent
    text = DOMAIN
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "domain.yml").write_text(text, "utf-8")
    return replace(project, domain=read_domain(folder / "domain.yml"))


def test_the_demo_shop_and_a_small_project_have_no_fault(project: Project) -> None:
    assert list(faults(load_project(None))) == []
    assert list(faults(project)) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (
            {"intents: [greet, order]": "intents: [greet, order, refund]"},
            [
                "Intent 'refund' has no training example. Add some to the NLU data, or remove it from domain.yml.",
                "Intent 'refund' has no rule. Add one to rules.yml, or remove it from domain.yml.",
            ],
        ),
        (
            {"intents: [greet, order]": "intents: [greet, order, out_of_scope]"},
            ["Intent 'out_of_scope' has no training example. Add some to the NLU data, or remove it from domain.yml."],
        ),
        (
            {"intents: [greet, order]": "intents: [order]"},
            ["The examples have an intent 'greet' that domain.yml does not. Add it there, or relabel them."],
        ),
        (
            {"  utter_fallback: [{text: Sorry}]\n": ""},
            ["Response 'utter_fallback' is missing in domain.yml; the assistant needs it when it does not know."],
        ),
        (
            {"[{text: Hi}]": "[{text: Hi, condition: [{type: slot, name: language, value: en}]}]"},
            ["Response 'utter_greet' has no variant for language 'zh'. Add one to domain.yml."],
        ),
        (
            {"[{text: Hi}]": '[{text: Hi, buttons: [{title: A, payload: /refund}, {title: B, payload: "/order{}"}]}]'},
            ["Response 'utter_greet': button '/refund' names an intent that domain.yml does not have."],
        ),
        (
            {"utter_did_you_mean_order": "utter_did_you_mean_refund"},
            ["Response 'utter_did_you_mean_refund' names an intent that domain.yml does not have."],
        ),
        (
            {"required_slots: [order_number]": "required_slots: [order_number, colour]"},
            [
                "Form 'order_form': slot 'colour' has no mapping in domain.yml, so it can never be filled.",
                "Form 'order_form': response 'utter_ask_colour' is missing in domain.yml.",
            ],
        ),
        (
            {"forms:\n": "forms:\n  other_form: {required_slots: []}\n"},
            [
                "Form 'other_form' has no rule for when it is filled. Add one with condition active_loop to rules.yml.",
            ],
        ),
    ],
)
def test_a_fault_between_two_files_is_told_in_a_sentence(
    project: Project, changes: Mapping[str, str], found: list[str]
) -> None:
    assert list(faults(changed(project, changes))) == found


def test_a_question_for_one_form_only_is_enough(project: Project) -> None:
    assert list(faults(changed(project, {"utter_ask_order_number": "utter_ask_order_form_order_number"}))) == []


def test_an_action_that_nobody_wrote_is_told(project: Project) -> None:
    domain = replace(project.domain, actions=("action_dream",))
    shop_actions = replace(project, domain=domain, actions="chatbot.shop.actions")
    assert list(faults(shop_actions)) == [
        "Action 'action_dream' of domain.yml is in no module of 'chatbot.shop.actions'. Write it, or remove it."
    ]
    assert list(faults(replace(project, domain=domain, actions="no_such_actions"))) == [
        "The actions package 'no_such_actions' cannot be imported: No module named 'no_such_actions'."
    ]


def test_the_built_in_search_needs_no_code(project: Project) -> None:
    domain = replace(project.domain, actions=("action_search_knowledge_base",))
    assert list(faults(replace(project, domain=domain, actions="chatbot.shop.actions"))) == []


def test_examples_and_pairs_that_cannot_be_read_are_told(project: Project, tmp_path: Path) -> None:
    (tmp_path / "data" / "more.csv").write_text("text,label\nhi,\n")
    (tmp_path / "pairs.csv").write_text("question,answer\nWhy?,\n")
    assert list(faults(replace(project, pairs=(tmp_path / "pairs.csv",)))) == [
        "more.csv line 2: label is empty. 0 read, nothing used.",
        "pairs.csv line 2: answer is empty. 0 pairs read, nothing imported.",
    ]


def test_a_regex_that_is_none_is_told(project: Project, tmp_path: Path) -> None:
    (tmp_path / "data" / "regex.yml").write_text("nlu: [{regex: size, examples: ['(XL']}]")
    assert list(faults(project)) == [
        "Regex 'size' in the NLU data: '(XL' is no regular expression: "
        "missing ), unterminated subpattern at position 0."
    ]


def test_checking_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path / "home"))
    assert list(faults(load_project(None))) == []
    assert not (tmp_path / "home").exists()
