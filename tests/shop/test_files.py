"""Lists of the demo shop that must agree."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import pytest

from chatbot.actions.in_process import InProcess
from chatbot.checking.facts import facts
from chatbot.dialogue.responses import PLACE
from chatbot.messages import SEARCH, State
from chatbot.project import SHOP, Project, load_project
from chatbot.reply.template import Speaker
from chatbot.shop.allowed import OVER, REFUSED
from knowledge_base.importing import read_pairs
from knowledge_base.text import normalise_question
from training_data.examples import OUT_OF_SCOPE, language_of
from training_data.reading import read_data


@pytest.fixture(scope="module")
def shop() -> Project:
    return load_project(None)


def test_intents_of_the_domain_the_rules_and_the_examples_are_the_same(shop: Project) -> None:
    intents = set(shop.domain.intents)
    assert len(shop.domain.intents) == len(intents)
    assert set(shop.rules.by_intent) == intents - OUT_OF_SCOPE
    assert {example.intent for example in read_data(shop.examples).examples} == intents


def test_actions_of_the_domain_the_rules_and_the_code_are_the_same(shop: Project) -> None:
    chains = (*shop.rules.by_intent.values(), *shop.rules.after_form.values())
    named = {name for chain in chains for name in chain if name.startswith("action_")} - {SEARCH}
    beside = {name for name in shop.domain.actions if name.startswith(("validate_", "action_ask_"))}
    run = InProcess(shop.actions).executor().actions  # rasa-sdk registers every class that this process has
    written = {name for name, method in run.items() if method.__self__.__module__.startswith(shop.actions)}
    assert named | beside == set(shop.domain.actions) == written


def test_actions_beside_the_rules_belong_to_forms_and_their_slots(shop: Project) -> None:
    for name in shop.domain.actions:
        if name.startswith("validate_"):
            assert name.removeprefix("validate_") in shop.domain.forms
        elif name.startswith("action_ask_"):
            assert name.removeprefix("action_ask_") in {
                f"{form}_{slot}" for form, slots in shop.domain.forms.items() for slot in slots
            }


def test_every_form_begins_ends_and_can_be_left(shop: Project) -> None:
    begun = {name for chain in shop.rules.by_intent.values() for name in chain}
    for form in shop.domain.forms:
        assert form in begun
        assert len(shop.rules.after_form[form]) == 1
        left = [path for path in shop.rules.paths if path.loop == form and path.steps[0].name == "deny"]
        assert [step.name for path in left for step in path.steps if step.kind == "action"] == ["action_leave_form"]


def test_slots_of_the_forms_can_be_filled_while_they_are_asked_for(shop: Project) -> None:
    found = {"email", "identity", "number", *read_data(shop.examples).regexes}
    for form, slots in shop.domain.forms.items():
        for slot in slots:
            asked = [
                mapped
                for mapped in shop.domain.slots[slot].mappings
                if not mapped.where
                or any(where.active_loop == form and where.requested_slot in ("", slot) for where in mapped.where)
            ]
            assert asked, f"{form}: {slot}"
            assert {mapped.entity for mapped in asked if mapped.kind == "from_entity"} <= found


def test_every_response_is_there_in_the_language_it_is_for(shop: Project) -> None:
    speaker = Speaker(shop.domain)
    for name, variants in shop.domain.responses.items():
        assert {variant.conditions["language"] for variant in variants if variant.conditions} == {"en", "zh"}, name
        for language in ("en", "zh"):
            said = speaker.say(name, State("c", language))
            assert language_of(PLACE.sub("", said.text)) == language, name
            assert [language_of(button.title) for button in said.buttons] == [language] * len(said.buttons), name


def test_both_languages_of_a_response_have_the_same_places_and_the_same_ways_on(shop: Project) -> None:
    for name, variants in shop.domain.responses.items():
        places = {frozenset(PLACE.findall(variant.text)) for variant in variants}
        commands = {tuple(b.payload for b in variant.buttons if b.payload.startswith("/")) for variant in variants}
        assert (len(places), len(commands)) == (1, 1), name


def test_buttons_lead_to_intents_or_to_stored_questions(shop: Project) -> None:
    questions = {
        (pair.language, normalise_question(text))
        for path in shop.pairs
        for pair in read_pairs(path)
        for text in (pair.question, *pair.similar)
    }
    for name, variants in shop.domain.responses.items():
        for variant in variants:
            for button in variant.buttons:
                if button.payload.startswith("/"):
                    assert button.payload[1:] in shop.domain.intents, name
                else:
                    language = (variant.conditions or {})["language"]
                    assert (language, normalise_question(button.payload)) in questions, f"{name}: {button.payload}"


def test_did_you_mean_names_intents_that_have_a_rule(shop: Project) -> None:
    named = {name.removeprefix("utter_did_you_mean_") for name in shop.domain.responses if "did_you_mean" in name}
    assert named <= set(shop.rules.by_intent)
    assert named


def test_no_order_of_the_shop_looks_like_another_entity(shop: Project) -> None:
    [pattern] = set(read_data(shop.examples).regexes["order_number"])
    assert [bool(re.fullmatch(pattern, text)) for text in ("100234", "10023", "1002345", "10023a")] == [
        True,
        False,
        False,
        False,
    ]


def test_intents_that_a_customer_can_mean_have_a_title(shop: Project) -> None:
    """Small talk is never offered on a button, nor are a general question and a person, who has a button of its own."""
    untitled = {
        intent for intent in shop.rules.by_intent if f"utter_did_you_mean_{intent}" not in shop.domain.responses
    }
    assert untitled == {
        "greet", "goodbye", "thank_you", "affirm", "deny", "bot_challenge", "ask_capabilities", "praise",
        "wrong_answer", "talk_to_person", "faq",
    }  # fmt: skip


def test_every_number_of_a_response_is_one_of_the_stored_answers(shop: Project) -> None:
    """One policy, one number: a price or a deadline that a response names is one that a stored answer names."""
    stored: dict[tuple[str, str], set[float]] = defaultdict(set)
    for path in shop.pairs:
        for pair in read_pairs(path):
            for unit, numbers in facts(pair.answer).items():
                stored[pair.language, unit] |= numbers
    for name, variants in shop.domain.responses.items():
        for variant in variants:
            language = str((variant.conditions or {})["language"])
            for unit, numbers in facts(PLACE.sub("", variant.text)).items():
                assert numbers <= stored[language, unit], f"{name}: {unit} {sorted(numbers - stored[language, unit])}"


def test_products_that_are_found_in_messages_are_those_in_stock(shop: Project) -> None:
    seed = json.loads((SHOP / "orders.json").read_text("utf-8"))
    names = {name for product in seed["products"] for names in product["names"].values() for name in names}
    assert set(read_data(shop.examples).lookups["product"]) == names


def test_every_response_that_an_order_can_be_answered_with_is_there(shop: Project) -> None:
    said = {*OVER.values(), *(name for refused in REFUSED.values() for name in refused.values())}
    for module in ("allowed", "changing", "orders"):
        said |= set(re.findall(r'"(utter_\w+)"', (SHOP / f"{module}.py").read_text("utf-8")))
    for module in (SHOP / "actions").glob("*.py"):
        said |= set(re.findall(r'"(utter_\w+)"', module.read_text("utf-8")))
    states = {order["state"] for order in json.loads((SHOP / "orders.json").read_text("utf-8"))["orders"]}
    said |= {f"utter_order_{state}" for state in states}
    said |= {f"utter_return_registered_{kind}" for kind in ("parcel", "furniture")}
    assert said - set(shop.domain.responses) == set()


def test_no_response_repeats_an_address_or_what_somebody_complains_of(shop: Project) -> None:
    places = {
        place
        for variants in shop.domain.responses.values()
        for variant in variants
        for place in PLACE.findall(variant.text)
    }
    assert places & {"address", "description", "contact", "reason", "wish"} == set()
