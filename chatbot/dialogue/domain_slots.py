"""Slots and forms of a domain, as Rasa 3 writes them and as Rasa 2 did.

Rasa 3: https://rasa.com/docs/rasa/domain#slots. Rasa 2 has the mappings in the forms, and fills a slot without one from
the entity of its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from chatbot.dialogue.slots import MAPPING_TYPES, NONE_LOOP, SLOT_TYPES, Mapped, SlotRules, SlotType, Where
from chatbot.dialogue.yaml_files import place
from chatbot.errors import ProjectError

InForms = Mapping[str, tuple[Mapped, ...]]
"""Mappings that stand in forms, by slot."""
REQUESTED_SLOT = "requested_slot"
OLD_TYPE = "unfeaturized"
"""Rasa 2's name for a slot of any value that rules do not look at."""


def read_forms(raw: Any) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]], InForms]:
    """Required slots and ignored intents of each form; and mappings that stand in the forms, as in Rasa 2.

    A form may be told by its name alone: then an action says what it needs.
    """
    forms: dict[str, tuple[str, ...]] = {}
    ignored: dict[str, tuple[str, ...]] = {}
    mapped: dict[str, tuple[Mapped, ...]] = {}
    bodies = raw if isinstance(raw, dict) else {str(name): {} for name in raw}
    for name, body in bodies.items():
        required, intents = split(body or {})
        forms[str(name)] = tuple(map(str, required))
        if intents:
            ignored[str(name)] = intents
        for slot, mappings in required.items() if isinstance(required, dict) else ():
            mapped[str(slot)] = mapped.get(str(slot), ()) + within(str(name), str(slot), mappings or ())
    return forms, ignored, mapped


def split(body: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """A form's required slots, a list or a mapping of slots to mappings, and its ignored intents."""
    if "required_slots" in body or "ignored_intents" in body:
        return body.get("required_slots") or [], names(body.get("ignored_intents"))
    return body, ()


def within(form: str, slot: str, mappings: Sequence[Mapping[str, Any]]) -> tuple[Mapped, ...]:
    """Mappings of a form of Rasa 2: words and intents are meant for the slot that is asked for."""
    found = []
    for raw in mappings:
        mapped = read_mapping(slot, raw)
        asked = "" if mapped.kind in ("from_entity", "from_trigger_intent") else slot
        found.append(replace(mapped, where=(Where(form, asked),)))
    return tuple(found)


def read_slots(raw: Mapping[str, Any], in_forms: InForms, entities: Sequence[str]) -> dict[str, SlotRules]:
    """The slots. Raises ProjectError for a type or a mapping that Rasa's files do not have, by name and line.

    The one that a form asks for is every domain's; rules look at it only where the domain makes it a categorical one:
    https://rasa.com/docs/rasa/forms#using-the-requested_slot-slot
    """
    found = {
        str(name): read_slot(str(name), body or {}, in_forms.get(str(name), ()), entities) for name, body in raw.items()
    }
    asked = found.pop(REQUESTED_SLOT, None)
    looked_at = asked is not None and asked.influences and asked.type == "categorical"
    return {**found, REQUESTED_SLOT: replace(asked, mappings=(), initial=None)} if asked and looked_at else found


def read_slot(name: str, body: Mapping[str, Any], in_forms: tuple[Mapped, ...], entities: Sequence[str]) -> SlotRules:
    """One slot."""
    kind = str(body.get("type", "text"))
    if kind not in (*SLOT_TYPES, OLD_TYPE):
        raise ProjectError(
            f"{at(body)}Slot '{name}': type '{kind}' is not supported; allowed: {', '.join(SLOT_TYPES)}."
        )
    own = tuple(read_mapping(name, mapping) for mapping in body.get("mappings") or ())
    if "mappings" not in body and name in entities and body.get("auto_fill", True):
        own = (Mapped(entity=name),)
    unseen = kind in ("any", OLD_TYPE)
    return SlotRules(
        type=cast(SlotType, "any" if kind == OLD_TYPE else kind),
        mappings=(*own, *in_forms),
        influences=bool(body.get("influence_conversation", not unseen)) and not unseen,
        values=tuple(body.get("values") or ()),
        initial=body.get("initial_value"),
    )


def read_mapping(slot: str, raw: Mapping[str, Any]) -> Mapped:
    """One mapping. Raises ProjectError for a kind that is not supported."""
    kind = str(raw.get("type"))
    if kind not in MAPPING_TYPES:
        raise ProjectError(
            f"{at(raw)}Slot '{slot}': mapping '{kind}' is not supported; allowed: {', '.join(MAPPING_TYPES)}."
        )
    if kind == "from_entity" and not raw.get("entity"):
        raise ProjectError(f"{at(raw)}Slot '{slot}': a from_entity mapping names no entity. Add `entity:`.")
    return Mapped(
        kind=next(each for each in MAPPING_TYPES if each == kind),
        entity=str(raw.get("entity") or ""),
        role=str(raw.get("role") or ""),
        group=str(raw.get("group") or ""),
        intents=names(raw.get("intent")),
        others=names(raw.get("not_intent")),
        value=raw.get("value"),
        where=tuple(read_condition(slot, condition) for condition in raw.get("conditions") or ()),
        action=str(raw.get("action") or "") if kind == "custom" else "",
    )


def read_condition(slot: str, raw: Mapping[str, Any]) -> Where:
    """One of a mapping's conditions. Raises ProjectError for a key that is not known."""
    unknown = sorted(set(raw) - {"active_loop", "requested_slot"})
    if unknown:
        raise ProjectError(
            f"{at(raw)}Slot '{slot}': condition '{unknown[0]}' is not supported; allowed: active_loop, requested_slot."
        )
    loop = raw.get("active_loop", "")
    return Where(NONE_LOOP if loop is None else str(loop), str(raw.get("requested_slot") or ""))


def names(raw: Any) -> tuple[str, ...]:
    """One name, a list of them, or none."""
    if raw is None or raw == "None":
        return ()
    return tuple(map(str, raw)) if isinstance(raw, list) else (str(raw),)


def at(raw: object) -> str:
    """`domain.yml line 12: `, where that is known."""
    where = place(raw)
    return f"{where}: " if where else ""
