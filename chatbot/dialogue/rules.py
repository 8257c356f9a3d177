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

    Raises ProjectError for two rules on one intent, and for a name that the domain does not have.
    """
    by_intent: dict[str, tuple[str, ...]] = {}
    after_form: dict[str, tuple[str, ...]] = {}
    for rule in read_yaml(path).get("rules", []):
        title, steps = str(rule.get("rule", "")), rule.get("steps", [])
        names = tuple(str(step["action"]) for step in steps if "action" in step)
        check_names(title, names, domain)
        form = active_form(rule)
        if form:
            put(after_form, form, tuple(name for name in names if name != form), title, "form")
            continue
        intent = str(steps[0].get("intent", "")) if steps else ""
        if intent not in domain.intents:
            raise ProjectError(
                f"Rule '{title}': its first step names intent '{intent}', which the domain does not have."
            )
        put(by_intent, intent, names, title, "intent")
    return Rules(by_intent, after_form)


def active_form(rule: Mapping[str, Any]) -> str:
    """The form that a rule waits for to be filled; '' if it begins with an intent."""
    return next((str(c["active_loop"]) for c in rule.get("condition", []) if c.get("active_loop")), "")


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
