"""Lists that must agree: each fault that can be between two files is told in a sentence, with its place."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.checking import KINDS, Fault, faults, gather
from chatbot.project import Project, load_project
from tests.checking.conftest import Files

DOMAIN, NLU = "domain.yml", "data/nlu.yml"
GERMAN = "[{text: Hi, condition: [{type: slot, name: language, value: en}]}]"
GUIDE = Path(__file__).parents[2] / "training_data" / "README.md"
PLACES_TO_GO = """
    - {text: Hi, image: /a picture.png, buttons: [{title: A, payload: "/order{} x"}, {title: B, payload: "/order{1}"}]}
    - {text: Hi, image: "https://a.example/x.png", condition: [{type: slot, name: order_number, value: "1"}]}
    - {text: Hi, image: "http://a.example/x.png", condition: [{type: slot, name: member, value: true}]}
    - {text: Hi, image: "//a.example/x.png", condition: [{type: slot, name: language, value: de}]}"""
BUTTONS = '[{text: Hi, buttons: [{title: A, payload: /refund}, {title: B, payload: "/order{}"}]}]'


def found(project: Project) -> list[str]:
    return [str(fault) for fault in faults(project, gather(project))]


def test_the_guide_explains_every_kind_of_fault() -> None:
    table = GUIDE.read_text("utf-8").split("## What the check says")[1]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(KINDS)


def test_a_fault_is_one_line() -> None:
    assert str(Fault("leak", "a.csv:1", "Seen.")) == "a.csv:1: Seen. [leak]"
    assert str(Fault("lists", "", "Missing.")) == "Missing. [lists]"


def test_the_demo_shop_and_a_small_project_have_no_fault(files: Files) -> None:
    assert found(load_project(None)) == []
    assert files.faults() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            DOMAIN,
            "[greet, order, faq]",
            "[greet, order, faq, refund]",
            [
                "domain.yml:1: Intent 'refund' has no training example. Add some to the NLU data, or remove it from "
                "domain.yml. [lists]",
                "domain.yml:1: Intent 'refund' has no rule. Add one to rules.yml, or remove it from domain.yml. "
                "[lists]",
            ],
        ),
        (
            DOMAIN,
            "[greet, order, faq]",
            "[greet, order, faq, out_of_scope]",
            [
                "domain.yml:1: Intent 'out_of_scope' has no training example. Add some to the NLU data, or remove it "
                "from domain.yml. [lists]"
            ],
        ),
        (
            NLU,
            "- intent: faq",
            "- intent: price",
            [
                "domain.yml:1: Intent 'faq' has no training example. Add some to the NLU data, or remove it from "
                "domain.yml. [lists]",
                "nlu.yml:16: The examples have an intent 'price' that domain.yml does not. Add it there, or relabel "
                "them. [lists]",
            ],
        ),
        (
            DOMAIN,
            "entities: [order_number]\n",
            "",
            [
                "nlu.yml:13: Entity 'order_number' is marked here and not in domain.yml. Add it there, or unmark it. "
                "[lists]"
            ],
        ),
        (
            DOMAIN,
            "[{text: Hi}]",
            GERMAN,
            [
                "domain.yml:9: Response 'utter_greet' has no variant for language 'zh'. Add one. [language]",
            ],
        ),
        (
            DOMAIN,
            "[{text: Hi}]",
            BUTTONS,
            [
                "domain.yml:9: Response 'utter_greet': button '/refund' names an intent that domain.yml does not have. "
                "[lists]"
            ],
        ),
        (
            DOMAIN,
            "[{text: Hi}]",
            PLACES_TO_GO,
            [
                "domain.yml:9: Response 'utter_greet': button '/order{1}' carries no JSON; "
                'write /order{"slot": 1}. [broken]',
                "domain.yml:9: Response 'utter_greet': button '/order{} x' carries no JSON; "
                'write /order{"slot": 1}. [broken]',
                "domain.yml:9: Response 'utter_greet': a condition is on slot 'member', which domain.yml does not "
                "have. [lists]",
                "domain.yml:9: Response 'utter_greet': condition language 'de' never holds; allowed: en, zh. "
                "[language]",
                "domain.yml:9: Response 'utter_greet': image 'http://a.example/x.png' is neither a path (/...) nor an "
                "https address, and would not be shown. [broken]",
                "domain.yml:9: Response 'utter_greet': image '//a.example/x.png' is neither a path (/...) nor an "
                "https address, and would not be shown. [broken]",
            ],
        ),
        (
            DOMAIN,
            "utter_did_you_mean_order",
            "utter_did_you_mean_refund",
            [
                "domain.yml:14: Response 'utter_did_you_mean_refund' names an intent that domain.yml does not have. "
                "[lists]"
            ],
        ),
        (
            DOMAIN,
            "required_slots: [order_number]",
            "required_slots: [order_number, colour]",
            [
                "domain.yml:6: Form 'order_form': slot 'colour' has no mapping in domain.yml, so it can never be "
                "filled. [lists]",
                "domain.yml:6: Form 'order_form': response 'utter_ask_colour' is missing in domain.yml. [lists]",
            ],
        ),
        (
            DOMAIN,
            "forms:\n",
            "forms:\n  other_form: {required_slots: []}\n",
            [
                "domain.yml:6: Form 'other_form' has no rule for when it is filled. Add one with condition active_loop "
                "to rules.yml. [lists]"
            ],
        ),
        (
            "heldout/intents.csv",
            "up,order",
            "up,parcel",
            ["intents.csv:3: Label 'parcel' is no intent of domain.yml. Correct it, or add the intent. [lists]"],
        ),
        (
            "heldout/retrieval.csv",
            "How long does a refund take?",
            "How long?",
            ["retrieval.csv:2: 'How long?' is no stored question in 'en'. Copy one, or leave it empty. [lists]"],
        ),
    ],
)
def test_a_fault_between_two_files_is_told_in_a_sentence(
    files: Files, file: str, old: str, new: str, told: list[str]
) -> None:
    files.replace(file, old, new)
    assert files.faults() == told


def test_what_every_assistant_says_by_itself_need_not_be_in_the_domain(files: Files) -> None:
    files.replace(DOMAIN, "  utter_fallback: [{text: Sorry}]\n", "")
    assert files.faults() == []


def test_a_domain_that_tells_no_languages_apart_lacks_none(files: Files) -> None:
    member = "[{text: Hi, condition: [{type: slot, name: order_number, value: x}]}]"
    files.replace(DOMAIN, "[{text: Hi}]", member)
    assert files.faults() == []
    files.replace(DOMAIN, "utter_clarify: [{text: Which one}]", f"utter_clarify: {GERMAN}")
    assert sorted(files.faults()) == sorted(
        f"domain.yml:{line}: Response '{name}' has no variant for language '{language}'. Add one. [language]"
        for line, name, languages in ((9, "utter_greet", ("en", "zh")), (10, "utter_clarify", ("zh",)))
        for language in languages
    )


def test_an_intent_that_a_story_answers_or_that_fills_a_slot_needs_no_rule(files: Files) -> None:
    files.replace(DOMAIN, "[greet, order, faq]", "[greet, order, faq, thanks, inform, affirm, restart]")
    files.replace(
        DOMAIN,
        "slots:\n",
        "slots:\n  sure: {type: bool, mappings: [{type: from_intent, intent: affirm, value: true}]}\n",
    )
    for intent, example in (("thanks", "many thanks"), ("inform", "[100235](order_number) it is"), ("affirm", "sure")):
        files.add(NLU, f"  - intent: {intent}\n    examples: |\n      - {example}\n")
    files.add("data/stories.yml", "stories: [{story: A, steps: [{intent: thanks}, {action: utter_greet}]}]\n")
    assert files.faults() == []


def test_a_form_may_be_ended_by_a_story_and_asked_for_by_an_action(files: Files) -> None:
    files.replace(
        "data/rules.yml",
        """  - rule: Filled
    condition: [{active_loop: order_form}]
    steps: [{action: order_form}, {active_loop: null}, {action: utter_greet}]
""",
        "",
    )
    assert [fault.rpartition("Form ")[2][:32] for fault in files.faults()] == ["'order_form' has no rule for whe"]
    steps = (
        "{intent: order}, {action: order_form}, {active_loop: order_form}, {active_loop: null}, {action: utter_greet}"
    )
    files.add("data/stories.yml", f"stories: [{{story: A, steps: [{steps}]}}]\n")
    assert files.faults() == []
    files.replace(DOMAIN, "utter_ask_order_number", "utter_about_order_number")
    assert len(files.faults()) == 1
    files.replace(DOMAIN, "actions: [", "actions: [action_ask_order_number, ")
    project = replace(files.load(), actions="no_such_actions")
    assert [fault for fault in found(project) if "Form" in fault] == []


def test_retrieval_intents_are_taught_by_their_parts(files: Files) -> None:
    files.replace(DOMAIN, "[greet, order, faq]", "[greet, order, faq: {is_retrieval_intent: true}]")
    files.replace(NLU, "- intent: faq", "- intent: faq/shipping")
    files.replace(DOMAIN, "responses:\n", "responses:\n  utter_faq/shipping: [{text: S$8}]\n")
    files.replace("data/rules.yml", "action_search_knowledge_base", "utter_faq")
    assert files.faults() == []


def test_a_domain_in_a_folder_has_places_too(files: Files) -> None:
    (files.folder / "domain").mkdir()
    files.replace(DOMAIN, "[greet, order, faq]", "[greet, order, faq, refund]")
    (files.folder / DOMAIN).rename(files.folder / "domain" / "a.yml")
    assert [fault.partition(" Intent")[0] for fault in files.faults()] == ["a.yml:1:", "a.yml:1:"]


def test_a_question_for_one_form_only_is_enough(files: Files) -> None:
    files.replace(DOMAIN, "utter_ask_order_number", "utter_ask_order_form_order_number")
    assert files.faults() == []


def test_an_action_that_nobody_wrote_is_told(files: Files) -> None:
    files.replace(DOMAIN, "[action_search_knowledge_base]", "[action_search_knowledge_base, action_dream]")
    project = files.load()
    assert found(replace(project, actions="chatbot.shop.actions")) == [
        "domain.yml:7: Action 'action_dream' of domain.yml is in no module of 'chatbot.shop.actions'. "
        "Write it, or remove it. [lists]"
    ]
    assert found(replace(project, actions="no_such_actions")) == [
        "The actions package 'no_such_actions' cannot be imported: No module named 'no_such_actions'. [lists]"
    ]


def test_which_actions_an_action_server_has_only_the_server_knows(files: Files) -> None:
    files.replace(DOMAIN, "[action_search_knowledge_base]", "[action_search_knowledge_base, action_dream]")
    files.add("endpoints.yml", "action_endpoint: {url: http://actions:5055/webhook}")
    assert files.faults() == []
    files.replace("endpoints.yml", "http://actions:5055/webhook", "nowhere")
    assert files.faults() == [
        "endpoints.yml line 1: action_endpoint.url: no address is not supported; allowed is http://HOST:PORT/webhook, "
        "or https. [lists]"
    ]


def test_a_regex_that_is_none_is_told(files: Files) -> None:
    files.add("data/regex.yml", "nlu: [{regex: size, examples: ['(XL']}]")
    assert files.faults() == [
        "Regex 'size' in the NLU data: '(XL' is no regular expression: "
        "missing ), unterminated subpattern at position 0. [broken]"
    ]


def test_intents_with_settings_have_a_place_too(files: Files) -> None:
    files.replace(DOMAIN, "intents: [greet, order, faq]", "intents:\n- greet\n- order: {use_entities: []}\n- faq\n- x")
    assert [fault.partition(" Intent")[0] for fault in files.faults()] == ["domain.yml:5:", "domain.yml:5:"]


def test_checking_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path / "home"))
    found(load_project(None))
    assert not (tmp_path / "home").exists()
