"""The routing table, from Rasa's `rules.yml`: which intent leads to which chain of steps.

Format: https://rasa.com/docs/rasa/rules
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.dialogue.domain import Domain, read_yaml
from chatbot.errors import ProjectError

SEARCH = "action_search_knowledge_base"
"""The built-in step of a rule that sends an intent to the stored answers."""


@dataclass(frozen=True, slots=True)
class Rules:
    """by_intent: what follows an intent. after_form: what follows a form whose slots are filled."""

    by_intent: Mapping[str, tuple[str, ...]]
    after_form: Mapping[str, tuple[str, ...]]


def read_rules(path: Path, domain: Domain) -> Rules:
    """The rules of a file, held against the domain.

    Raises ProjectError for two rules on one intent, for a name that the domain does not have, and for what a rule of
    Rasa may say but this table cannot hold.
    """
    by_intent: dict[str, tuple[str, ...]] = {}
    after_form: dict[str, tuple[str, ...]] = {}
    try:
        for rule in read_yaml(path).get("rules") or []:
            read_rule(rule, domain, by_intent, after_form)
    except (TypeError, AttributeError, KeyError) as error:
        raise ProjectError(f"{path.name}: a rule is not of Rasa's shape ({error}).") from error
    return Rules(by_intent, after_form)


def read_rule(
    rule: Mapping[str, Any],
    domain: Domain,
    by_intent: dict[str, tuple[str, ...]],
    after_form: dict[str, tuple[str, ...]],
) -> None:
    """Puts one rule into the table that it belongs to."""
    title, steps = str(rule.get("rule", "")), rule.get("steps") or []
    names = tuple(str(step["action"]) for step in steps if "action" in step)
    intents = [str(step["intent"]) for step in steps if "intent" in step]
    check_names(title, names, domain)
    form = active_form(rule)
    if len(intents) > 1 or (form and intents):
        raise ProjectError(f"Rule '{title}': a rule has one intent, or one form that is filled; this one has more.")
    if form:
        put(after_form, form, tuple(name for name in names if name != form), title, "form")
        return
    intent = str(steps[0].get("intent", ""))
    if intent not in domain.intents:
        raise ProjectError(f"Rule '{title}': its first step names intent '{intent}', which the domain does not have.")
    put(by_intent, intent, names, title, "intent")


def active_form(rule: Mapping[str, Any]) -> str:
    """The form that a rule waits for to be filled; '' if it begins with an intent.

    Raises ProjectError for a condition on anything else: a rule that ignored it would apply too often.
    """
    conditions = rule.get("condition") or []
    others = [name for condition in conditions for name in condition if name != "active_loop"]
    if others:
        raise ProjectError(
            f"Rule '{rule.get('rule', '')}': condition '{others[0]}' is not supported; allowed: active_loop."
        )
    return next((str(c["active_loop"]) for c in conditions if c["active_loop"]), "")


def check_names(title: str, names: tuple[str, ...], domain: Domain) -> None:
    """Raises ProjectError for a step that is no response, form or action of the domain."""
    if not names:
        raise ProjectError(f"Rule '{title}' has no action. Add one, or remove the rule.")
    for name in names:
        if name != SEARCH and not domain.has_step(name):
            raise ProjectError(f"Rule '{title}': '{name}' is no response, form or action of the domain. Add it there.")


def put(table: dict[str, tuple[str, ...]], key: str, names: tuple[str, ...], title: str, kind: str) -> None:
    """Raises ProjectError if the table has the key already."""
    if key in table:
        raise ProjectError(f"Rule '{title}': {kind} '{key}' has a rule already; they would contradict each other.")
    table[key] = names
