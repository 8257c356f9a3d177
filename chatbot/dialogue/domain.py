"""The assistant's domain, from Rasa's `domain.yml`: intents, slots, forms, responses, actions.

Format: https://rasa.com/docs/rasa/domain
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot.dialogue.domain_slots import read_forms, read_slots
from chatbot.dialogue.slots import SlotRules
from chatbot.dialogue.yaml_files import place, read_yaml
from chatbot.errors import ProjectError
from chatbot.messages import Button, Slot
from knowledge_base.text import visible

MOST_CHARACTERS = 4000
"""Of one text: a page. Messengers take 4,096 at once."""
NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""NUL, and half a surrogate pair: neither can be stored as UTF-8 and read again everywhere."""
OUR_CHANNELS = (None, "", "rest", "frontdesk")
CUSTOM = ("attachment", "elements")
"""Keys of a response that only a front end of one's own understands; they go out beside `custom`."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One wording of a response. conditions: slot values under which it may be used. custom: as Rasa's."""

    text: str
    buttons: tuple[Button, ...] = ()
    image: str = ""
    conditions: Mapping[str, Slot] | None = None
    custom: Mapping[str, Any] | None = None

    def fits(self, slots: Mapping[str, Slot]) -> bool:
        """Whether every condition holds."""
        return all(slots.get(name) == value for name, value in (self.conditions or {}).items())


@dataclass(frozen=True, slots=True)
class Session:
    """When a conversation begins anew: after so many minutes without a message (0: never), and whether slots stay."""

    minutes: float = 0.0
    carry_over_slots: bool = True


@dataclass(frozen=True, slots=True)
class Entities:
    """Which entities of an intent's messages rules and stories look at. used: None for all."""

    used: tuple[str, ...] | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """Everything the assistant can hear, remember, ask and say.

    ignored_intents: of a form, those that fill nothing of it. looked_at: of intents that say so. triggers: the action
    that an intent leads to, as domains of Rasa 1 and 2 say. raw: the file as it is, for actions.
    """

    intents: tuple[str, ...]
    slots: Mapping[str, SlotRules]
    forms: Mapping[str, tuple[str, ...]]
    responses: Mapping[str, tuple[Variant, ...]]
    actions: tuple[str, ...]
    entities: tuple[str, ...] = ()
    ignored_intents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    looked_at: Mapping[str, Entities] = field(default_factory=dict)
    triggers: Mapping[str, str] = field(default_factory=dict)
    session: Session = Session()
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def has_step(self, name: str) -> bool:
        """Whether a rule may name it. `utter_faq` stands for the responses `utter_faq/...` of retrieval intents."""
        return (
            name in self.responses
            or name in self.forms
            or name in self.actions
            or any(known.startswith(f"{name}/") for known in self.responses)
        )

    def is_told(self, slot: str) -> bool:
        """Whether a message can fill the slot."""
        return slot in self.slots and self.slots[slot].is_told

    def knows_intent(self, name: str) -> bool:
        """Whether the intent, or the retrieval intent that it belongs to, is one of the domain's."""
        return name in self.intents or name.partition("/")[0] in self.intents


SECTIONS = {
    "version",
    "intents",
    "entities",
    "slots",
    "forms",
    "responses",
    "actions",
    "session_config",
    "config",
    "e2e_actions",
}


def read_domain(path: Path, *beside: Path) -> Domain:
    """The domain of a file, or of all YAML files of a folder as one. beside: files with further responses.

    Raises ProjectError for a section or a key that is not supported, by name and line.
    """
    raw: dict[str, Any] = {}
    for file in domain_files(path):
        found = read_yaml(file)
        unknown = sorted(set(found) - SECTIONS)
        if unknown:
            allowed = ", ".join(sorted(SECTIONS))
            where = place(found, file.name, unknown[0])
            raise ProjectError(f"{where}: section '{unknown[0]}' is not supported; known are {allowed}.")
        merge(raw, found, file.name)
    for file in beside:
        merge(raw, {"responses": read_yaml(file).get("responses") or {}}, file.name)
    if raw.get("e2e_actions"):
        raise ProjectError(f"{path.name}: e2e_actions are not supported. Make each a response, and remove the section.")
    try:
        return domain_of(raw)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise ProjectError(f"{path.name}: a section is not of Rasa's shape ({error}).") from error


def domain_files(path: Path) -> list[Path]:
    """The file, or the YAML files of a folder, in order of their names."""
    return sorted(p for p in path.rglob("*") if p.suffix in (".yml", ".yaml")) if path.is_dir() else [path]


def merge(raw: dict[str, Any], found: Mapping[str, Any], file: str) -> None:
    """Adds what a further file says. Raises ProjectError where two files say different things of one name."""
    for section, value in found.items():
        known = raw.get(section)
        if known is None or not isinstance(value, dict | list):
            raw[section] = dict(value) if isinstance(value, dict) else value
        elif isinstance(known, list) and isinstance(value, list):
            raw[section] = known + [each for each in value if each not in known]
        elif isinstance(known, dict) and isinstance(value, dict):
            clash = [name for name in value if name in known and known[name] != value[name]]
            if clash and section != "config":
                raise ProjectError(f"{file}: '{clash[0]}' of section {section} stands in another file, and differs.")
            raw[section] = {**known, **value}
        else:
            raise ProjectError(f"{file}: section {section} is a list in one file and a mapping in another.")


def domain_of(raw: Mapping[str, Any]) -> Domain:
    """The domain of what the files say together."""
    intents = raw.get("intents") or []
    forms, ignored, in_forms = read_forms(raw.get("forms") or {})
    names = read_names(raw, "intents")
    return Domain(
        intents=names,
        slots=read_slots(raw.get("slots") or {}, in_forms, filling(raw)),
        forms=forms,
        responses={str(name): read_variants(str(name), body) for name, body in (raw.get("responses") or {}).items()},
        actions=read_names(raw, "actions"),
        entities=read_names(raw, "entities"),
        ignored_intents=ignored,
        looked_at=dict(entities_of(intents)),
        triggers={
            str(name): str(body["triggers"])
            for item in intents
            if isinstance(item, dict)
            for name, body in item.items()
            if isinstance(body, dict) and body.get("triggers")
        },
        session=read_session(raw.get("session_config") or {}),
        raw=raw,
    )


def read_names(raw: Mapping[str, Any], section: str) -> tuple[str, ...]:
    """The names of a list whose items are names, or mappings with a name as their first key."""
    return tuple(str(next(iter(item)) if isinstance(item, dict) else item) for item in raw.get(section) or [])


def filling(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Entities that fill the slot of their name without a mapping: all, but where a domain of Rasa 2 says none does."""
    wanted = (raw.get("config") or {}).get("store_entities_as_slots", True)
    return read_names(raw, "entities") if wanted else ()


def entities_of(intents: Iterable[Any]) -> Iterable[tuple[str, Entities]]:
    """Intents with use_entities or ignore_entities."""
    for item in intents:
        for name, body in item.items() if isinstance(item, dict) else ():
            body = body or {}
            used, ignored = body.get("use_entities", True), body.get("ignore_entities") or ()
            if used is not True or ignored:
                listed = None if used is True else tuple(str(each) for each in used or ())
                yield str(name), Entities(listed, tuple(str(each) for each in ignored))


def read_session(raw: Mapping[str, Any]) -> Session:
    """`session_config`: https://rasa.com/docs/rasa/domain#session-configuration"""
    minutes = float(raw.get("session_expiration_time", 0) or 0)
    return Session(max(minutes, 0.0), bool(raw.get("carry_over_slots_to_new_session", True)))


def read_variants(name: str, body: Sequence[Mapping[str, Any]]) -> tuple[Variant, ...]:
    """The wordings of a response, from the file or from staff.

    Raises ProjectError if one says and shows nothing, or too much, a button is without title or payload, a condition is
    on anything but a slot, or characters are no text. Variants for other channels than ours are left out.
    """
    return tuple(read_variant(name, raw) for raw in body if raw.get("channel") in OUR_CHANNELS)


def read_variant(name: str, raw: Mapping[str, Any]) -> Variant:
    """One of them."""
    where = place(raw)
    called = f"{where}: Response '{name}'" if where else f"Response '{name}'"
    image = str(raw.get("image") or "").strip()
    custom = {**(raw.get("custom") or {}), **{key: raw[key] for key in CUSTOM if raw.get(key)}} or None
    given = raw.get("text")
    empty = not str(given or "").strip()
    text = "" if empty and (image or custom) else read_text(called, "a variant", given)
    others = [str(c.get("type")) for c in raw.get("condition") or [] if c.get("type") != "slot"]
    if others:
        raise ProjectError(f"{called}: condition '{others[0]}' is not supported; allowed: slot.")
    conditions = {str(c["name"]): c["value"] for c in raw.get("condition") or []}
    buttons = tuple(
        Button(
            read_text(called, "a button", b["title"]),
            read_text(called, "a button's payload", b["payload"] if "payload" in b else b["url"]),
        )
        for b in (*(raw.get("buttons") or ()), *(raw.get("quick_replies") or ()))
    )
    check_characters(called, "an image", image)
    for word in (*conditions, *conditions.values()):
        check_characters(called, "a condition", str(word))
    return Variant(text, buttons, image, conditions, custom)


def read_text(called: str, what: str, raw: Any) -> str:
    """A text of a response, its ends trimmed. Raises ProjectError if nothing can be seen of it, or it is too long."""
    text = ("" if raw is None else str(raw)).replace("\r\n", "\n").strip()
    if not visible(text).strip():
        raise ProjectError(f"{called}: {what} has no text.")
    if len(text) > MOST_CHARACTERS:
        raise ProjectError(
            f"{called}: {what} has {len(text)} characters; at most {MOST_CHARACTERS} are allowed. Shorten it."
        )
    check_characters(called, what, text)
    return text


def check_characters(called: str, what: str, text: str) -> None:
    """Raises ProjectError for what cannot be stored as text."""
    if NO_TEXT.search(text):
        raise ProjectError(f"{called}: {what} holds a character that is no text (NUL, or half a pair).")
