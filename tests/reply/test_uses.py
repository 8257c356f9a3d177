from __future__ import annotations

from chatbot.deciding import REPHRASE
from chatbot.dialogue.domain import Domain, Variant, read_domain
from chatbot.dialogue.slots import SlotRules
from chatbot.project import DEFAULTS, load_project
from chatbot.reply.form import wordings
from chatbot.reply.uses import ALWAYS, Use, uses
from tests.dialogue.small import rules

NAMES = (
    "utter_greet", "utter_more", "utter_ask_a", "utter_ask_form_a", "utter_ask_a_again", "utter_ask_b",
    "utter_did_you_mean_greet", "utter_out_of_scope", "utter_by_an_action", "utter_faq/hours",
    "utter_ask_rephrase", *ALWAYS,
)  # fmt: skip
DOMAIN = Domain(
    intents=("greet", "bye", "out_of_scope", "faq", "fix"),
    slots={"a": SlotRules(), "b": SlotRules()},
    forms={"form": ("a", "b"), "other": ("b",)},
    responses={name: (Variant("Hi"),) for name in NAMES},
    actions=(),
)
RULES = rules(
    {"greet": ("utter_greet", "utter_more"), "bye": ("utter_more",), "faq": ("utter_faq",), "fix": (REPHRASE,)},
    {"form": ("action", "utter_more")},
)


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
        "utter_faq/hours": [Use("intent", "faq")],
        "utter_ask_rephrase": [Use("intent", "fix")],
        "utter_clarify": [Use("always")],
        "utter_fallback": [Use("always")],
        "utter_action_failed": [Use("always")],
    }


def test_out_of_scope_with_a_rule_of_its_own_is_told_by_that_rule() -> None:
    ruled = rules({"out_of_scope": ("utter_more",)})
    assert uses("utter_out_of_scope", DOMAIN, ruled) == []
    assert uses("utter_more", DOMAIN, ruled) == [Use("intent", "out_of_scope")]


def test_a_form_asks_with_its_own_wording_first_and_again_with_another() -> None:
    assert wordings("form", "a", again=False) == ("utter_ask_form_a", "utter_ask_a")
    assert wordings("form", "a", again=True) == (
        "utter_ask_form_a_again", "utter_ask_a_again", "utter_ask_form_a", "utter_ask_a",
    )  # fmt: skip


def test_in_the_demo_shop_every_question_of_a_form_and_every_choice_has_its_way_told() -> None:
    """What is left are responses that an action's code says; no file tells of them."""
    shop = load_project(None)
    own = set(shop.domain.responses) - set(read_domain(DEFAULTS).responses)
    unused = {name for name in own if not uses(name, shop.domain, shop.rules)}
    assert [name for name in unused if name.startswith(("utter_ask_", "utter_did_you_mean_"))] == []
    assert {"utter_ticket_opened", "utter_order_not_found"} <= unused
