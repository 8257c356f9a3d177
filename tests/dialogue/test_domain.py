from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.dialogue.domain import Domain, Mapped, Variant, read_domain
from chatbot.errors import ProjectError
from chatbot.messages import Button

DOMAIN = """
version: "3.1"
intents:
  - greet
  - refund: {use_entities: [order_number]}
entities: [order_number, email]
slots:
  language: {type: categorical, values: [en, zh], mappings: [{type: custom}]}
  order_number:
    type: text
    mappings:
      - {type: from_entity, entity: order_number}
      - {type: from_entity, entity: number, conditions: [{active_loop: order_form}, {active_loop: other_form}]}
forms:
  order_form: {required_slots: [order_number]}
  other_form:
responses:
  utter_greet:
    - text: " Hi {name} "
      image: /pictures/shop.png
      buttons: [{title: "Refund", payload: /refund}]
      condition: [{type: slot, name: language, value: en}]
    - text: Hello
actions: [action_look_up]
session_config: {session_expiration_time: 60}
"""


def written(folder: Path, text: str, name: str = "domain.yml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_a_domain_is_read_whole(tmp_path: Path) -> None:
    assert read_domain(written(tmp_path, DOMAIN)) == Domain(
        intents=("greet", "refund"),
        slots={
            "language": (),
            "order_number": (Mapped("order_number"), Mapped("number", "order_form"), Mapped("number", "other_form")),
        },
        forms={"order_form": ("order_number",), "other_form": ()},
        responses={
            "utter_greet": (
                Variant("Hi {name}", (Button("Refund", "/refund"),), "/pictures/shop.png", {"language": "en"}),
                Variant("Hello", conditions={}),
            )
        },
        actions=("action_look_up",),
        entities=("order_number", "email"),
    )


def test_a_rule_may_name_responses_forms_and_actions(tmp_path: Path) -> None:
    domain = read_domain(written(tmp_path, DOMAIN))
    names = ("utter_greet", "order_form", "action_look_up", "greet", "order_number")
    assert {name: domain.has_step(name) for name in names} == {
        "utter_greet": True,
        "order_form": True,
        "action_look_up": True,
        "greet": False,
        "order_number": False,
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "e2e_actions: []",
            "domain.yml: section e2e_actions is not supported; known are actions, entities, forms, intents, responses, "
            "session_config, slots, version.",
        ),
        ("- a list", "domain.yml: a mapping is expected, got list."),
        ("intents: [a, b\nslots: {}", "domain.yml line 2: is no YAML: expected ',' or ']', but got ':'."),
        (
            "slots: {size: {type: text, mappings: [{type: from_text}]}}",
            "Slot 'size': mapping 'from_text' is not supported; allowed: from_entity, custom.",
        ),
        ("responses: {utter_a: [{image: a.png}]}", "Response 'utter_a': a variant has no text."),
        ('responses: {utter_a: [{text: " \\u200b"}]}', "Response 'utter_a': a variant has no text."),
        ("responses: {utter_a: [{text: }]}", "Response 'utter_a': a variant has no text."),
        (
            f"responses: {{utter_a: [{{text: {'x' * 4001}}}]}}",
            "Response 'utter_a': a variant has 4001 characters; at most 4000 are allowed. Shorten it.",
        ),
        (
            'responses: {utter_a: [{text: "a\\0b"}]}',
            "Response 'utter_a': a variant holds a character that is no text (NUL, or half a pair).",
        ),
        (
            "responses: {utter_a: [{text: hi, buttons: [{title: ' ', payload: /greet}]}]}",
            "Response 'utter_a': a button has no text.",
        ),
        (
            "responses: {utter_a: [{text: hi, buttons: [{title: Hi, payload: }]}]}",
            "Response 'utter_a': a button's payload has no text.",
        ),
        (
            "responses: {utter_a: [{text: hi, condition: [{type: intent, name: x, value: y}]}]}",
            "Response 'utter_a': condition 'intent' is not supported; allowed: slot.",
        ),
        (
            "responses: {utter_a: hi}",
            "domain.yml: a section is not of Rasa's shape ('str' object has no attribute 'get').",
        ),
        (
            "responses: {utter_a: [{text: hi, buttons: [{title: go}]}]}",
            "domain.yml: a section is not of Rasa's shape ('payload').",
        ),
        ("intents: 3", "domain.yml: a section is not of Rasa's shape ('int' object is not iterable)."),
    ],
)
def test_a_domain_that_cannot_be_kept_is_refused_by_name(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ProjectError) as refusal:
        read_domain(written(tmp_path, text))
    assert str(refusal.value) == sentence


def test_a_domain_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_bytes(b"intents: [\xff\xfe]")
    with pytest.raises(ProjectError, match=r"domain\.yml: cannot be read \('utf-8' codec"):
        read_domain(tmp_path / "domain.yml")
    with pytest.raises(ProjectError, match=r"nowhere\.yml: cannot be read \(\[Errno 2\]"):
        read_domain(tmp_path / "nowhere.yml")


def test_a_text_of_as_many_characters_as_are_allowed_is_kept_and_its_ends_are_not(tmp_path: Path) -> None:
    body = f'responses: {{utter_a: [{{text: " {"x" * 3998}\\r\\ny ", image: }}]}}'
    assert read_domain(written(tmp_path, body)).responses == {
        "utter_a": (Variant("x" * 3998 + "\ny", conditions={}),),
    }


def test_a_condition_holds_only_for_its_own_value() -> None:
    variant = Variant("text", conditions={"language": "en", "member": True})
    slots = [{"language": "en", "member": True}, {"language": "en", "member": False}, {"language": "zh"}, {}]
    assert [variant.fits(one) for one in slots] == [True, False, False, False]
    assert Variant("text").fits({})
