"""Slots: their types, and every mapping by which a message fills them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.dialogue.domain import Domain, read_domain
from chatbot.dialogue.slots import Heard, Mapped, SlotRules, Where, agrees, initial, names_of, told, triggered, typed
from chatbot.errors import ProjectError
from chatbot.messages import Entity, Slot


def read(folder: Path, text: str) -> Domain:
    (folder / "domain.yml").write_text(text, "utf-8")
    return read_domain(folder / "domain.yml")


def entity(name: str, value: str, role: str = "", group: str = "") -> Entity:
    return Entity(name, value, 0, len(value), role, group)


def filled(slots: dict[str, SlotRules], heard: Heard) -> dict[str, Slot]:
    return {name: said.value for name, said in told(slots, heard).items()}


# --- mappings ---------------------------------------------------------------------------------------------------------


def test_an_entity_fills_a_slot_by_its_name_role_and_group(tmp_path: Path) -> None:
    domain = read(
        tmp_path,
        """
        entities: [city: {roles: [from, to]}, topping: {groups: ["1", "2"]}]
        slots:
          any_city: {type: text, mappings: [{type: from_entity, entity: city}]}
          origin: {type: text, mappings: [{type: from_entity, entity: city, role: from}]}
          target: {type: text, mappings: [{type: from_entity, entity: city, role: to}]}
          second: {type: list, mappings: [{type: from_entity, entity: topping, group: "2"}]}
        """,
    )
    entities = (
        entity("city", "Singapore", "from"),
        entity("city", "Johor", "to"),
        entity("topping", "basil", group="1"),
        entity("topping", "olives", group="2"),
        entity("topping", "ham", group="2"),
    )
    assert filled(dict(domain.slots), Heard("text", entities=entities)) == {
        "any_city": "Singapore",
        "origin": "Singapore",
        "target": "Johor",
        "second": ["olives", "ham"],
    }
    assert filled(dict(domain.slots), Heard("text", entities=(entity("city", "Ipoh"),))) == {"any_city": "Ipoh"}


def test_the_first_mapping_that_finds_something_fills_the_slot(tmp_path: Path) -> None:
    text = """
    slots:
      size:
        type: text
        mappings:
        - {type: from_entity, entity: size}
        - {type: from_intent, intent: wants_large, value: large}
        - {type: from_text, conditions: [{requested_slot: size}]}
    """
    slots = dict(read(tmp_path, text).slots)
    both = Heard("well, XL", "wants_large", (entity("size", "XL"),), requested_slot="size")
    assert filled(slots, both) == {"size": "XL"}
    assert filled(slots, Heard("a big one", "wants_large", requested_slot="size")) == {"size": "large"}
    assert filled(slots, Heard("a big one", requested_slot="size")) == {"size": "a big one"}
    assert filled(slots, Heard("a big one")) == {}
    found = told(slots, Heard("a big one", requested_slot="size"))["size"]
    assert found.mapped == Mapped("from_text", where=(Where(requested_slot="size"),))


@pytest.mark.parametrize(
    ("mapping", "intent", "value"),
    [
        ("{type: from_intent, intent: affirm, value: true}", "affirm", True),
        ("{type: from_intent, intent: affirm, value: true}", "deny", None),
        ("{type: from_intent, intent: affirm, value: true}", "", None),
        ("{type: from_intent, intent: [affirm, agree], value: 3}", "agree", 3),
        ("{type: from_intent, not_intent: [affirm, agree], value: 0}", "deny", 0),
        ("{type: from_intent, not_intent: [affirm, agree], value: 0}", "agree", None),
        ("{type: from_intent, not_intent: affirm, value: false}", "", False),
        ("{type: from_text, intent: inform}", "inform", "words"),
        ("{type: from_text, intent: inform}", "greet", None),
        ("{type: from_text, not_intent: greet}", "inform", "words"),
        ("{type: from_text, not_intent: greet}", "", "words"),
        ("{type: from_text, not_intent: greet}", "greet", None),
        ("{type: from_entity, entity: thing, intent: inform}", "inform", "lamp"),
        ("{type: from_entity, entity: thing, not_intent: [inform]}", "inform", None),
        ("{type: from_trigger_intent, intent: inform, value: x}", "inform", None),
        ("{type: custom, action: action_fill}", "inform", None),
    ],
)
def test_intents_let_a_mapping_find_something_or_forbid_it(
    tmp_path: Path, mapping: str, intent: str, value: Slot
) -> None:
    slots = dict(read(tmp_path, f"slots: {{a: {{type: any, mappings: [{mapping}]}}}}").slots)
    found = filled(slots, Heard("words", intent, (entity("thing", "lamp"),)))
    assert found == ({} if value is None else {"a": value})


@pytest.mark.parametrize(
    ("conditions", "places"),
    [
        ("", ["nowhere", "form", "form asks a", "form asks b", "other asks a"]),
        (", conditions: [{active_loop: form}]", ["form", "form asks a", "form asks b"]),
        (", conditions: [{active_loop: form, requested_slot: a}]", ["form asks a"]),
        (", conditions: [{active_loop: null}]", ["nowhere"]),
        (", conditions: [{active_loop: null}, {active_loop: other}]", ["nowhere", "other asks a"]),
        (", conditions: [{requested_slot: a}]", ["form asks a", "other asks a"]),
    ],
)
def test_a_mapping_applies_in_its_situations(tmp_path: Path, conditions: str, places: list[str]) -> None:
    mapping = f"{{type: from_entity, entity: thing{conditions}}}"
    slots = dict(read(tmp_path, f"slots: {{a: {{type: text, mappings: [{mapping}]}}}}").slots)
    situations = {
        "nowhere": ("", ""), "form": ("form", ""), "form asks a": ("form", "a"), "form asks b": ("form", "b"),
        "other asks a": ("other", "a"),
    }  # fmt: skip
    things = (entity("thing", "lamp"),)
    found = [
        name for name, (loop, slot) in situations.items() if filled(slots, Heard("x", "", things, loop, slot, ("a",)))
    ]
    assert found == places


def test_the_words_of_a_message_are_meant_for_the_slot_of_the_form_that_is_asked_for(tmp_path: Path) -> None:
    text = "slots: {a: {type: text, mappings: [{type: from_text}]}, b: {type: text, mappings: [{type: from_text}]}}"
    slots = dict(read(tmp_path, text).slots)
    assert filled(slots, Heard("words", "", (), "form", "a", ("a", "b"))) == {"a": "words"}
    assert filled(slots, Heard("words", "", (), "form", "a", ("a",))) == {"a": "words", "b": "words"}
    assert filled(slots, Heard("words")) == {"a": "words", "b": "words"}
    assert filled(slots, Heard("")) == {}


def test_the_intent_that_begins_a_form_says_something_of_its_slots() -> None:
    def mapped(value: Slot, *intents: str, form: str = "", others: tuple[str, ...] = ()) -> Mapped:
        where = (Where(form, "title"),) if form else ()
        return Mapped("from_trigger_intent", intents=intents, others=others, value=value, where=where)

    slots = {
        "title": SlotRules(mappings=(mapped("Password", "reset", form="form"), mapped("Mail", "mail", form="other"))),
        "urgent": SlotRules("bool", (mapped(True, others=("mail",)),)),
        "note": SlotRules(mappings=(Mapped("from_intent", intents=("reset",), value="x"),)),
    }
    required = ("title", "urgent", "note", "unknown")
    assert triggered(slots, "form", required, "reset") == {"title": "Password", "urgent": True}
    assert triggered(slots, "form", required, "mail") == {}
    assert triggered(slots, "other", required, "mail") == {"title": "Mail"}
    assert triggered(slots, "form", ("note",), "reset") == {}


# --- the domains of Rasa 2 --------------------------------------------------------------------------------------------

OLD = """
version: "2.0"
entities: [cuisine, number, seat]
slots:
  cuisine: {type: text}
  seat: {type: text, auto_fill: false}
  number: {type: float}
  people: {type: float}
  outdoor: {type: bool}
  wish: {type: unfeaturized}
  other: {type: text}
forms:
  %s
"""


def old(folder: Path, form: str) -> Domain:
    return read(folder, OLD % form.replace("\n", "\n    "))


@pytest.mark.parametrize("shape", ["table_form: {mappings}", "table_form:\n  required_slots: {mappings}"])
def test_mappings_of_rasa_2_stand_in_the_form(tmp_path: Path, shape: str) -> None:
    flow = (
        "{cuisine: [{type: from_entity, entity: cuisine}], people: [{type: from_entity, entity: number}], "
        "outdoor: [{type: from_intent, intent: affirm, value: true}], "
        "wish: [{type: from_intent, intent: deny, value: nothing}, {type: from_text, not_intent: affirm}]}"
    )
    domain = old(tmp_path, shape.replace("{mappings}", flow))
    slots = dict(domain.slots)
    assert domain.forms == {"table_form": ("cuisine", "people", "outdoor", "wish")}
    required = domain.forms["table_form"]
    things = (entity("cuisine", "Thai"), entity("number", "4"), entity("seat", "12"))
    assert filled(slots, Heard("x", "", things)) == {"cuisine": "Thai", "number": 4.0}
    assert filled(slots, Heard("x", "", things, "table_form", "outdoor", required)) == {
        "cuisine": "Thai", "number": 4.0, "people": 4.0,
    }  # fmt: skip

    def said(text: str, intent: str, slot: str) -> dict[str, Slot]:
        return filled(slots, Heard(text, intent, (), "table_form", slot, required))

    assert said("yes", "affirm", "outdoor") == {"outdoor": True}
    assert said("yes", "affirm", "people") == {}
    assert said("yes", "affirm", "wish") == {}
    assert said("no", "deny", "wish") == {"wish": "nothing"}
    assert said("a window", "", "wish") == {"wish": "a window"}
    assert not slots["wish"].influences


def test_a_form_may_be_told_by_its_name_and_what_it_ignores(tmp_path: Path) -> None:
    assert read(tmp_path, "forms: [a_form, b_form]").forms == {"a_form": (), "b_form": ()}
    text = (
        "forms: {a_form: {ignored_intents: [greet, bye], required_slots: [x]}, b_form: {ignored_intents: greet}, c: }"
    )
    domain = read(tmp_path, text)
    assert domain.forms == {"a_form": ("x",), "b_form": (), "c": ()}
    assert domain.ignored_intents == {"a_form": ("greet", "bye"), "b_form": ("greet",)}


def test_a_slot_of_rasa_2_is_filled_by_the_entity_of_its_name_unless_the_domain_says_no(tmp_path: Path) -> None:
    text = "entities: [a, b]\nslots: {a: {type: text}, b: {type: text, auto_fill: false}, c: {type: text}}\n"
    things = (entity("a", "1"), entity("b", "2"), entity("c", "3"))
    assert filled(dict(read(tmp_path, text).slots), Heard("x", "", things)) == {"a": "1"}
    none = read(tmp_path, f"{text}config: {{store_entities_as_slots: false}}")
    assert filled(dict(none.slots), Heard("x", "", things)) == {}


# --- types ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "values", "value"),
    [
        (SlotRules("text"), ["a", "b"], "a"),
        (SlotRules("any"), ["a"], "a"),
        (SlotRules("list"), ["a", "b"], ["a", "b"]),
        (SlotRules("list"), [], None),
        (SlotRules("float"), ["1,200.50"], 1200.5),
        (SlotRules("float"), ["four", "4"], 4.0),
        (SlotRules("float"), ["four"], None),
        (SlotRules("float"), ["nan", "inf", "-inf"], None),
        (SlotRules("bool"), ["Yes "], True),
        (SlotRules("bool"), ["FALSE"], False),
        (SlotRules("bool"), ["maybe"], None),
        (SlotRules("categorical", values=("Gold", "silver", 3)), [" gold"], "Gold"),
        (SlotRules("categorical", values=("Gold", "silver", 3)), ["3"], 3),
        (SlotRules("categorical", values=("Gold", "silver", 3)), ["tin"], "tin"),
    ],
)
def test_a_value_is_held_as_its_slots_type(rules: SlotRules, values: list[Slot], value: Slot) -> None:
    assert typed(rules, values) == value
    assert type(typed(rules, values)) is type(value)


def test_slots_begin_with_what_the_domain_says(tmp_path: Path) -> None:
    text = """
    slots:
      a: {type: text, initial_value: human}
      b: {type: bool, initial_value: false}
      c: {type: list, initial_value: [x]}
      d: {type: float}
      requested_slot: {type: text, initial_value: a}
    """
    assert initial(read(tmp_path, text).slots) == {"a": "human", "b": False, "c": ["x"]}


def test_only_some_slots_influence_the_conversation(tmp_path: Path) -> None:
    text = """
    slots:
      a: {type: text}
      b: {type: text, influence_conversation: false}
      c: {type: any}
      d: {type: any, influence_conversation: true}
    """
    assert {name: rules.influences for name, rules in read(tmp_path, text).slots.items()} == {
        "a": True, "b": False, "c": False, "d": False,
    }  # fmt: skip


def test_a_slot_that_no_message_fills_is_known_as_such(tmp_path: Path) -> None:
    text = "slots: {a: {type: text, mappings: [{type: custom}]}, b: {type: text, mappings: [{type: from_text}]}, c: }"
    domain = read(tmp_path, text)
    assert [domain.is_told(name) for name in ("a", "b", "c", "d")] == [False, True, False, False]


def test_a_slot_that_the_domain_does_not_have_is_compared_by_its_value() -> None:
    assert [agrees(None, value, "Gold") for value in ("gold", "tin", None)] == [True, False, False]


def test_rules_look_at_the_entities_that_the_intent_says() -> None:
    things = (entity("b", "1"), entity("a", "1"), entity("b", "2"))
    assert names_of(things, None, ()) == ("a", "b")
    assert names_of(things, ("b", "c"), ()) == ("b",)
    assert names_of(things, None, ("b",)) == ("a",)
    assert names_of(things, (), ()) == ()


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "slots:\n  size:\n    type: custom_slots.Size",
            "domain.yml line 3: Slot 'size': type 'custom_slots.Size' is not supported; allowed: text, bool, "
            "categorical, float, list, any.",
        ),
        (
            "slots:\n  size:\n    type: text\n    mappings:\n    - type: from_entity\n      entity: size\n"
            "    - type: from_llm",
            "domain.yml line 7: Slot 'size': mapping 'from_llm' is not supported; allowed: from_entity, from_text, "
            "from_intent, from_trigger_intent, custom.",
        ),
        (
            "slots: {size: {type: text, mappings: [{type: from_entity}]}}",
            "domain.yml line 1: Slot 'size': a from_entity mapping names no entity. Add `entity:`.",
        ),
        (
            "slots: {size: {type: text, mappings: [{type: from_text, conditions: [{slot: x}]}]}}",
            "domain.yml line 1: Slot 'size': condition 'slot' is not supported; allowed: active_loop, requested_slot.",
        ),
        (
            "forms:\n  a_form:\n    size:\n    - type: from_dream",
            "domain.yml line 4: Slot 'size': mapping 'from_dream' is not supported; allowed: from_entity, from_text, "
            "from_intent, from_trigger_intent, custom.",
        ),
        ("slots: [size]", "domain.yml: a section is not of Rasa's shape ('list' object has no attribute 'items')."),
    ],
)
def test_a_slot_that_cannot_be_kept_is_refused_by_name_and_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ProjectError) as refusal:
        read(tmp_path, text)
    assert str(refusal.value) == sentence
