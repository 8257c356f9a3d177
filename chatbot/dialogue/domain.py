"""The assistant's domain, from Rasa's `domain.yml`: intents, slots, forms, responses, actions.

Format: https://rasa.com/docs/rasa/domain
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chatbot.errors import ProjectError
from chatbot.messages import Button, Slot
from knowledge_base.text import visible

MOST_CHARACTERS = 4000
"""Of one text: a page. Messengers take 4,096 at once."""
NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""NUL, and half a surrogate pair: neither can be stored as UTF-8 and read again everywhere."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One wording of a response. conditions: slot values under which it may be used."""

    text: str
    buttons: tuple[Button, ...] = ()
    image: str = ""
    conditions: Mapping[str, Slot] | None = None

    def fits(self, slots: Mapping[str, Slot]) -> bool:
        """Whether every condition holds."""
        return all(slots.get(name) == value for name, value in (self.conditions or {}).items())


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where a slot gets its value: an entity; '' for active_loop means in any situation."""

    entity: str
    active_loop: str = ""


@dataclass(frozen=True, slots=True)
class Domain:
    """Everything the assistant can hear, remember, ask and say."""

    intents: tuple[str, ...]
    slots: Mapping[str, tuple[Mapped, ...]]
    forms: Mapping[str, tuple[str, ...]]
    responses: Mapping[str, tuple[Variant, ...]]
    actions: tuple[str, ...]
    entities: tuple[str, ...] = ()

    def has_step(self, name: str) -> bool:
        """Whether a rule may name it."""
        return name in self.responses or name in self.forms or name in self.actions


SECTIONS = {"version", "intents", "entities", "slots", "forms", "responses", "actions", "session_config"}


def read_yaml(path: Path) -> Mapping[str, Any]:
    """A YAML mapping. Raises ProjectError naming file and line."""
    try:
        value = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path}: cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ProjectError(f"{path.name}{line}: is no YAML: {getattr(error, 'problem', error)}.") from error
    if not isinstance(value, dict):
        raise ProjectError(f"{path.name}: a mapping is expected, got {type(value).__name__}.")
    return value


def read_domain(path: Path) -> Domain:
    """The domain of a file. Raises ProjectError for a section or a key that is not supported, by name."""
    raw = read_yaml(path)
    unknown = sorted(set(raw) - SECTIONS)
    if unknown:
        raise ProjectError(
            f"{path.name}: section {', '.join(unknown)} is not supported; known are {', '.join(sorted(SECTIONS))}."
        )
    try:
        return Domain(
            intents=read_names(raw, "intents"),
            slots={name: read_mappings(name, body or {}) for name, body in raw.get("slots", {}).items()},
            forms={name: tuple((body or {}).get("required_slots", [])) for name, body in raw.get("forms", {}).items()},
            responses={name: read_variants(name, body) for name, body in raw.get("responses", {}).items()},
            actions=tuple(str(name) for name in raw.get("actions", [])),
            entities=read_names(raw, "entities"),
        )
    except (TypeError, AttributeError, KeyError) as error:
        raise ProjectError(f"{path.name}: a section is not of Rasa's shape ({error}).") from error


def read_names(raw: Mapping[str, Any], section: str) -> tuple[str, ...]:
    """The names of a list whose items are names, or mappings with a name as their first key."""
    return tuple(next(iter(item)) if isinstance(item, dict) else str(item) for item in raw.get(section) or [])


def read_mappings(slot: str, body: Mapping[str, Any]) -> tuple[Mapped, ...]:
    """The slot's mappings. Raises ProjectError for a type that is not supported."""
    found = []
    for mapping in body.get("mappings", []):
        if mapping["type"] == "custom":
            continue
        if mapping["type"] != "from_entity":
            raise ProjectError(
                f"Slot '{slot}': mapping '{mapping['type']}' is not supported; allowed: from_entity, custom."
            )
        loops = [condition.get("active_loop", "") for condition in mapping.get("conditions", [])] or [""]
        found += [Mapped(str(mapping["entity"]), str(loop)) for loop in loops]
    return tuple(found)


def read_variants(name: str, body: Sequence[Mapping[str, Any]]) -> tuple[Variant, ...]:
    """The wordings of a response, from the file or from staff.

    Raises ProjectError if one has no text or too much of it, a button without title or payload, a condition on anything
    but a slot, or characters that are no text.
    """
    found = []
    for raw in body:
        text = read_text(name, "a variant", raw.get("text"))
        others = [str(c.get("type")) for c in raw.get("condition", []) if c.get("type") != "slot"]
        if others:
            raise ProjectError(f"Response '{name}': condition '{others[0]}' is not supported; allowed: slot.")
        conditions = {str(c["name"]): c["value"] for c in raw.get("condition", [])}
        buttons = tuple(
            Button(read_text(name, "a button", b["title"]), read_text(name, "a button's payload", b["payload"]))
            for b in raw.get("buttons", [])
        )
        image = str(raw.get("image") or "").strip()
        check_characters(name, "an image", image)
        for word in (*conditions, *conditions.values()):
            check_characters(name, "a condition", str(word))
        found.append(Variant(text, buttons, image, conditions))
    return tuple(found)


def read_text(name: str, what: str, raw: Any) -> str:
    """A text of a response, its ends trimmed. Raises ProjectError if nothing can be seen of it, or it is too long."""
    text = ("" if raw is None else str(raw)).replace("\r\n", "\n").strip()
    if not visible(text).strip():
        raise ProjectError(f"Response '{name}': {what} has no text.")
    if len(text) > MOST_CHARACTERS:
        raise ProjectError(
            f"Response '{name}': {what} has {len(text)} characters; at most {MOST_CHARACTERS} are allowed. Shorten it."
        )
    check_characters(name, what, text)
    return text


def check_characters(name: str, what: str, text: str) -> None:
    """Raises ProjectError for what cannot be stored as text."""
    if NO_TEXT.search(text):
        raise ProjectError(f"Response '{name}': {what} holds a character that is no text (NUL, or half a pair).")
