"""Every kind of entity in one message: who wins where they overlap, what a wording stands for, what a list names."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.messages import Entity
from chatbot.understanding.entities import NO_TABLES, EntityFinder, Tables, none_built_in
from chatbot.understanding.entities_builtin import BuiltInEntities
from chatbot.understanding.entities_lookup import Lookup
from chatbot.understanding.masking import Masker
from tests.fakes import PATTERNS

MASKER = Masker(PATTERNS)
PRODUCTS = Lookup({"product": ("sofa", "sofa bed", "Oak Table", "沙发", "沙发床", "C+"), "room": ("bed", "sofa")})


def found(lookup: Lookup, text: str) -> list[tuple[str, str]]:
    return [(entity.name, text[entity.start : entity.end]) for entity in lookup.entities(text)]


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("my sofa", [("product", "sofa")]),
        ("my SOFA BED, please", [("product", "SOFA BED")]),
        ("oak table and bed", [("product", "oak table"), ("room", "bed")]),
        ("sofas, embedded, bedside", []),
        ("sofa2 bed_ 3bed", [("room", "bed")]),
        ("我的沙发床和沙发", [("product", "沙发床"), ("product", "沙发")]),
        ("我的sofa呢", [("product", "sofa")]),
        ("C+ or C++", [("product", "C+"), ("product", "C+")]),
        ("İ sofa", [("product", "sofa")]),
        ("sof", []),
        ("", []),
    ],
)
def test_a_listed_name_is_found_at_word_borders_and_anywhere_in_chinese(
    text: str, names: list[tuple[str, str]]
) -> None:
    assert found(PRODUCTS, text) == names


def test_a_list_of_nothing_finds_nothing() -> None:
    assert found(Lookup({"product": ("", " ")}), "a b") == []
    assert found(Lookup({}), "a b") == []


def test_each_of_thousands_of_names_is_found() -> None:
    names = ["".join(letters) for letters in itertools.product(string.ascii_lowercase, repeat=3)]
    lookup = Lookup({"code": names})
    assert [entity.value for entity in lookup.entities(" ".join(names))] == names


@given(st.lists(st.text("abAB 沙发-", min_size=1, max_size=4), max_size=6), st.text("abAB 沙发-", max_size=20))
def test_what_a_list_finds_is_in_it_and_nothing_overlaps(names: Sequence[str], text: str) -> None:
    entities = list(Lookup({"a": names}).entities(text))
    assert all(entity.value.lower() in {name.strip().lower() for name in names} for entity in entities)
    assert all(text[entity.start : entity.end] == entity.value for entity in entities)
    assert all(one.end <= other.start for one, other in itertools.pairwise(entities))


# --- who wins ---------------------------------------------------------------------------------------------------------


def spans(text: str, *entities: tuple[str, str]) -> list[Entity]:
    return [Entity(name, part, text.index(part), text.index(part) + len(part)) for name, part in entities]


def shown(entities: Iterable[Entity]) -> list[tuple[str, str]]:
    return [(entity.name, entity.value) for entity in entities]


def test_all_kinds_are_told_in_order_of_place() -> None:
    text = "my sofa of order 100234 to Perth tomorrow, mail me@example.com or 8123 4821"

    def built_in(text: str, numbers: Sequence[Entity]) -> Iterable[Entity]:
        return [*spans(text, ("time", "tomorrow")), *numbers]

    finder = EntityFinder(MASKER, Tables({"product": ("sofa",)}), built_in)
    assert shown(finder.find(text, spans(text, ("city", "Perth")))) == [
        ("product", "sofa"),
        ("order_number", "100234"),
        ("city", "Perth"),
        ("time", "tomorrow"),
        ("email", "me@example.com"),
        ("number", "8123 4821"),
    ]


def test_the_projects_own_forms_go_before_what_was_learned_and_that_before_the_built_in() -> None:
    text = "the red sofa bed on 2026-11-23"
    finder = EntityFinder(MASKER, Tables({"product": ("sofa", "sofa bed")}), BuiltInEntities(("time", "number")))
    learned = spans(text, ("item", "red sofa bed"), ("day", "on 2026-11-23"))
    assert shown(finder.find(text, learned)) == [("product", "sofa bed"), ("day", "on 2026-11-23")]
    assert shown(finder.find(text)) == [("product", "sofa bed"), ("time", "2026-11-23")]


def test_one_text_is_a_number_only_where_it_is_nothing_more_special() -> None:
    finder = EntityFinder(MASKER, NO_TABLES, BuiltInEntities(("number", "amount_of_money", "phone_number")))
    assert shown(finder.find("2 chairs of order 100234 for $30, call +65 8123 4821")) == [
        ("number", "2"),
        ("order_number", "100234"),
        ("amount_of_money", "30"),
        ("phone_number", "+6581234821"),
    ]


def test_a_role_that_was_learned_goes_to_what_a_pattern_found_at_its_place() -> None:
    text = "not 100234 but 100235"
    first, second = spans(text, ("order_number", "100234"), ("order_number", "100235"))
    learned = [
        Entity("order_number", "100234", first.start, first.end, "old", "1"),
        Entity("order_number", "100235", second.start, second.end, "new", "1"),
    ]
    found = EntityFinder(MASKER, NO_TABLES, none_built_in).find(text, learned)
    assert found == tuple(learned)


def test_a_learned_entity_has_the_value_that_a_built_in_one_of_its_name_reads() -> None:
    text = "two chairs"
    learned = [Entity("number", "two", 0, 3, role="count")]
    finder = EntityFinder(MASKER, NO_TABLES, BuiltInEntities(("number",)))
    assert finder.find(text, learned) == (Entity("number", "2", 0, 3, role="count"),)


# --- synonyms ---------------------------------------------------------------------------------------------------------


def test_a_synonym_becomes_its_value_whoever_found_it() -> None:
    tables = Tables({"product": ("couch",)}, {"couch": "sofa", "Urgent": "high", "100234": "the first"})
    text = "COUCH 100234 urgent lamp"
    found = EntityFinder(MASKER, tables, none_built_in).find(
        text, spans(text, ("priority", "urgent"), ("item", "lamp"))
    )
    assert shown(found) == [
        ("product", "sofa"),
        ("order_number", "the first"),
        ("priority", "high"),
        ("item", "lamp"),
    ]
    assert [text[entity.start : entity.end] for entity in found] == ["COUCH", "100234", "urgent", "lamp"]


@given(st.text("12 0元$sofa明天上午3点@.-:/", max_size=40))
def test_whatever_is_found_lies_in_order_and_apart(text: str) -> None:
    finder = EntityFinder(
        MASKER, Tables({"product": ("sofa",)}), BuiltInEntities(("time", "number", "ordinal", "amount_of_money"))
    )
    found = finder.find(text)
    assert all(0 <= entity.start < entity.end <= len(text) for entity in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
