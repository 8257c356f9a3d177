"""Slots: what type of value each holds, and where a message says one, as the mappings of Rasa's domain tell. Pure.

Format: https://rasa.com/docs/rasa/domain#slots
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from chatbot.messages import Entity, Slot

SlotType = Literal["text", "bool", "categorical", "float", "list", "any"]
MappingType = Literal["from_entity", "from_text", "from_intent", "from_trigger_intent", "custom"]
SLOT_TYPES: tuple[SlotType, ...] = get_args(SlotType)
MAPPING_TYPES: tuple[MappingType, ...] = get_args(MappingType)
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
NONE_LOOP = "null"
"""A mapping's condition that no form is active."""


@dataclass(frozen=True, slots=True)
class Where:
    """A situation in which a mapping applies: the active form and the slot that it asks for; '' for any."""

    active_loop: str = ""
    requested_slot: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where a slot gets its value.

    entity, role, group: for from_entity. intents, others: intents that it needs, and that forbid it. value: what an
    intent says. where: situations in which it applies; none for all. action: what works the value out, for custom.
    """

    kind: MappingType = "from_entity"
    entity: str = ""
    role: str = ""
    group: str = ""
    intents: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    value: Slot = None
    where: tuple[Where, ...] = ()
    action: str = ""


@dataclass(frozen=True, slots=True)
class SlotRules:
    """A slot of the domain.

    influences: whether rules and stories look at its value. values: those of a categorical one. initial: what it holds
    at the beginning.
    """

    type: SlotType = "text"
    mappings: tuple[Mapped, ...] = ()
    influences: bool = True
    values: tuple[Slot, ...] = ()
    initial: Slot = None

    @property
    def is_told(self) -> bool:
        """Whether a message can fill it; an action only, if not."""
        return any(mapped.kind != "custom" for mapped in self.mappings)


@dataclass(frozen=True, slots=True)
class Heard:
    """What mappings look at of a message and its situation. intent: what it was taken for; '' if nothing is sure."""

    text: str
    intent: str = ""
    entities: tuple[Entity, ...] = ()
    active_form: str = ""
    requested_slot: str = ""
    required: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says of a slot, and the mapping that found it."""

    value: Slot
    mapped: Mapped


def told(slots: Mapping[str, SlotRules], heard: Heard) -> dict[str, Said]:
    """The slots that the message has a value for; of a slot's mappings the first that has one."""
    found: dict[str, Said] = {}
    for name, rules in slots.items():
        for mapped in rules.mappings:
            value = value_of(name, rules, mapped, heard)
            if value is not None:
                found[name] = Said(value, mapped)
                break
    return found


def value_of(name: str, rules: SlotRules, mapped: Mapped, heard: Heard) -> Slot:
    """What one mapping finds; None for nothing."""
    if not applies(name, mapped, heard):
        return None
    if mapped.kind == "from_entity":
        return typed(rules, [e.value for e in heard.entities if matches(e, mapped)])
    if mapped.kind == "from_text":
        return typed(rules, [heard.text] if heard.text else [])
    if mapped.kind == "from_intent":
        return mapped.value
    return None  # from_trigger_intent: only when the form begins; custom: only by an action


def applies(name: str, mapped: Mapped, heard: Heard) -> bool:
    """Whether the intent and the situation are the mapping's."""
    if mapped.intents and heard.intent not in mapped.intents:
        return False
    if heard.intent and heard.intent in mapped.others:
        return False
    if mapped.where:
        return any(is_there(where, heard) for where in mapped.where)
    # The words of any message would fill a form's slot: they are meant for the one that is asked for.
    return mapped.kind != "from_text" or name not in heard.required or heard.requested_slot == name


def is_there(where: Where, heard: Heard) -> bool:
    """Whether the situation is this one."""
    loop = "" if where.active_loop == NONE_LOOP else where.active_loop
    if where.active_loop and loop != heard.active_form:
        return False
    return not where.requested_slot or where.requested_slot == heard.requested_slot


def actions_of(slots: Mapping[str, SlotRules], heard: Heard) -> tuple[str, ...]:
    """The actions that custom mappings name for this situation, each once."""
    mappings = [mapped for rules in slots.values() for mapped in rules.mappings if mapped.action]
    there = [m.action for m in mappings if not m.where or any(is_there(where, heard) for where in m.where)]
    return tuple(dict.fromkeys(there))


def matches(entity: Entity, mapped: Mapped) -> bool:
    """Whether the entity is the mapping's; a mapping without a role takes any."""
    if entity.name != mapped.entity:
        return False
    return mapped.role in ("", entity.role) and mapped.group in ("", entity.group)


def triggered(slots: Mapping[str, SlotRules], form: str, required: Sequence[str], intent: str) -> dict[str, Slot]:
    """What the intent that began the form says of its slots (from_trigger_intent)."""
    found: dict[str, Slot] = {}
    for name in required:
        for mapped in slots[name].mappings if name in slots else ():
            loops = {where.active_loop for where in mapped.where}
            if mapped.kind == "from_trigger_intent" and (not loops or form in loops):
                fits = (not mapped.intents or intent in mapped.intents) and intent not in mapped.others
                if fits and mapped.value is not None:
                    found.setdefault(name, mapped.value)
    return found


def typed(rules: SlotRules, values: Sequence[Slot]) -> Slot:
    """The values as the slot's type holds them: the first, or for a list all; None if none is of the type."""
    if rules.type == "list":
        return list(values) or None
    return next((fit for value in values if (fit := one_typed(rules, value)) is not None), None)


def one_typed(rules: SlotRules, value: Slot) -> Slot:
    """One value as the slot's type holds it; None if it is none of these."""
    if rules.type == "float":
        return as_number(value)
    if rules.type == "bool":
        word = str(value).strip().casefold()
        return True if word in TRUE else False if word in FALSE else None
    if rules.type == "categorical":
        known = {str(each).casefold(): each for each in rules.values}
        return known.get(str(value).strip().casefold(), value)
    return value


def as_number(value: Slot) -> float | None:
    """A number, as customers write it: thousands may be set apart. None for a text, and for what is no finite one."""
    try:
        number = float(str(value).replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def agrees(rules: SlotRules | None, value: Slot, wanted: Slot) -> bool:
    """Whether a slot's value is what a rule or a story says of it, as Rasa featurises slots.

    Of text and lists only whether there is something is compared, of truth values and categories the value. wanted:
    None for an empty slot.
    """
    if wanted is None:
        return value is None or value == []
    if rules is None or rules.type in ("bool", "categorical"):
        return value is not None and str(value).casefold() == str(wanted).casefold()
    if rules.type == "float":
        return value is not None and (as_number(value) == as_number(wanted) or as_number(wanted) is None)
    return value is not None and value != []


def initial(slots: Mapping[str, SlotRules]) -> dict[str, Slot]:
    """What slots hold at the beginning of a conversation."""
    return {name: rules.initial for name, rules in slots.items() if rules.initial is not None}


def names_of(entities: Iterable[Entity], used: Iterable[str] | None, ignored: Iterable[str]) -> tuple[str, ...]:
    """Names of the entities that rules and stories look at, in order of the alphabet. used: None for all."""
    wanted, left_out = None if used is None else set(used), set(ignored)
    found = {entity.name for entity in entities}
    return tuple(sorted(name for name in found if name not in left_out and (wanted is None or name in wanted)))
