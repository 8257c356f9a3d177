"""Where a response is said: which rules, forms and choices lead to it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chatbot.deciding import BEYOND, REPHRASE, title
from chatbot.dialogue.domain import Domain
from chatbot.dialogue.paths import RESTART
from chatbot.dialogue.rules import Rules
from chatbot.reply.form import wordings
from training_data.examples import OUT_OF_SCOPE

ALWAYS = ("utter_clarify", "utter_fallback", "utter_action_failed")
"""Responses that every assistant needs, whatever its rules say."""
SAYS = {REPHRASE: "utter_ask_rephrase", RESTART: "utter_restart"}
"""Responses of actions that need no code."""


@dataclass(frozen=True, slots=True)
class Use:
    """One way to a response.

    kind: 'intent' (its rule says it), 'filled' (said when the form is filled), 'asked' (the form asks with it),
    'choice' (what a "did you mean" calls the intent), 'always' (the assistant itself, when it does not know).
    name: of the intent or form; '' for 'always'.
    """

    kind: Literal["intent", "filled", "asked", "choice", "always"]
    name: str = ""


def uses(response: str, domain: Domain, rules: Rules) -> list[Use]:
    """The ways to a response; none if only an action's code can say it, which no file tells."""
    return list(ways(response, domain, rules))


def ways(response: str, domain: Domain, rules: Rules) -> Iterator[Use]:
    """As uses, one by one. A rule's `utter_faq` says every `utter_faq/...`."""
    names = {response, response.partition("/")[0], *(name for name, said in SAYS.items() if said == response)}
    yield from (Use("intent", intent) for intent, chain in rules.by_intent.items() if names & {*chain})
    if response == BEYOND:
        yield from (Use("intent", name) for name in domain.intents if name in OUT_OF_SCOPE - rules.by_intent.keys())
    yield from (Use("filled", form) for form, chain in rules.after_form.items() if names & {*chain})
    for form, slots in domain.forms.items():
        if any(response in asked(form, slot, domain) for slot in slots):
            yield Use("asked", form)
    yield from (Use("choice", intent) for intent in domain.intents if response == title(intent))
    if response in ALWAYS:
        yield Use("always")


def asked(form: str, slot: str, domain: Domain) -> set[str]:
    """The responses that the form asks for the slot with: the first time, and again."""
    found = (
        next((name for name in wordings(form, slot, again) if name in domain.responses), "") for again in (False, True)
    )
    return set(found)
