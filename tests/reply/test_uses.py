from __future__ import annotations

from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.rules import Rules
from chatbot.project import load_project
from chatbot.reply.form import wordings
from chatbot.reply.uses import ALWAYS, Use, uses

NAMES = (
    "utter_greet", "utter_more", "utter_ask_a", "utter_ask_form_a", "utter_ask_a_again", "utter_ask_b",
    "utter_did_you_mean_greet", "utter_out_of_scope", "utter_by_an_action", *ALWAYS,
)  # fmt: skip
DOMAIN = Domain(
    intents=("greet", "bye", "out_of_scope"),
    slots={"a": (), "b": ()},
    forms={"form": ("a", "b"), "other": ("b",)},
    responses={name: (Variant("Hi"),) for name in NAMES},
    actions=(),
)
RULES = Rules({"greet": ("utter_greet", "utter_more"), "bye": ("utter_more",)}, {"form": ("action", "utter_more")})


def test_every_way_to_a_response_is_told() -> None:
    assert {name: uses(name, DOMAIN, RULES) for name in NAMES} == {
        "utter_greet": [Use("intent", "greet")],
        "utter_more": [Use("intent", "greet"), Use("intent", "bye"), Use("filled", "form")],
        "utter_ask_a": [],
        "utter_ask_form_a": [Use("asked", "form")],
        "utter_ask_a_again": [Use("asked", "form")],
        "utter_ask_b": [Use("asked", "form"), Use("asked", "other")],
        "utter_did_you_mean_greet": [Use("choice", "greet")],
        "utter_out_of_scope": [Use("intent", "out_of_scope")],
        "utter_by_an_action": [],
        "utter_clarify": [Use("always")],
        "utter_fallback": [Use("always")],
        "utter_action_failed": [Use("always")],
    }


def test_out_of_scope_with_a_rule_of_its_own_is_told_by_that_rule() -> None:
    ruled = Rules({"out_of_scope": ("utter_more",)}, {})
    assert uses("utter_out_of_scope", DOMAIN, ruled) == []
    assert uses("utter_more", DOMAIN, ruled) == [Use("intent", "out_of_scope")]


def test_a_form_asks_with_its_own_wording_first_and_again_with_another() -> None:
    assert wordings("form", "a", again=False) == ("utter_ask_form_a", "utter_ask_a")
    assert wordings("form", "a", again=True) == (
        "utter_ask_form_a_again", "utter_ask_a_again", "utter_ask_form_a", "utter_ask_a",
    )  # fmt: skip


def test_in_the_demo_shop_only_what_an_action_says_has_no_other_way_to_it() -> None:
    shop = load_project(None)
    assert {name for name in shop.domain.responses if not uses(name, shop.domain, shop.rules)} == {
        "utter_ticket_opened", "utter_order_not_found", "utter_order_packing", "utter_order_on_its_way",
        "utter_order_delivered", "utter_order_cancelled",
    }  # fmt: skip
