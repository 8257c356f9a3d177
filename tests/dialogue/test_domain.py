from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.dialogue.domain import Domain, Entities, Session, Variant, read_domain
from chatbot.dialogue.slots import Mapped, SlotRules, Where
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
            "language": SlotRules("categorical", (Mapped("custom"),), values=("en", "zh")),
            "order_number": SlotRules(
                "text",
                (
                    Mapped(entity="order_number"),
                    Mapped(entity="number", where=(Where("order_form"), Where("other_form"))),
                ),
            ),
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
        looked_at={"refund": Entities(("order_number",))},
        session=Session(60.0),
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
            "intents: []\npolicies: []",
            "domain.yml line 2: section 'policies' is not supported; known are actions, config, e2e_actions, entities, "
            "forms, intents, responses, session_config, slots, version.",
        ),
        (
            "e2e_actions: [Hello]",
            "domain.yml: e2e_actions are not supported. Make each a response, and remove the section.",
        ),
        ("- a list", "domain.yml: a mapping is expected, got list."),
        ("intents: [a, b\nslots: {}", "domain.yml line 2: is no YAML: expected ',' or ']', but got ':'."),
        ("responses: {utter_a: [{buttons: []}]}", "domain.yml line 1: Response 'utter_a': a variant has no text."),
        ('responses: {utter_a: [{text: " \\u200b"}]}', "domain.yml line 1: Response 'utter_a': a variant has no text."),
        ("responses: {utter_a: [{text: }]}", "domain.yml line 1: Response 'utter_a': a variant has no text."),
        (
            f"responses: {{utter_a: [{{text: {'x' * 4001}}}]}}",
            "domain.yml line 1: Response 'utter_a': a variant has 4001 characters; at most 4000 are allowed. "
            "Shorten it.",
        ),
        (
            'responses: {utter_a: [{text: "a\\0b"}]}',
            "domain.yml line 1: Response 'utter_a': a variant holds a character that is no text (NUL, or half a pair).",
        ),
        (
            "responses: {utter_a: [{text: hi, buttons: [{title: ' ', payload: /greet}]}]}",
            "domain.yml line 1: Response 'utter_a': a button has no text.",
        ),
        (
            "responses: {utter_a: [{text: hi, buttons: [{title: Hi, payload: }]}]}",
            "domain.yml line 1: Response 'utter_a': a button's payload has no text.",
        ),
        (
            "responses: {utter_a: [{text: hi, condition: [{type: intent, name: x, value: y}]}]}",
            "domain.yml line 1: Response 'utter_a': condition 'intent' is not supported; allowed: slot.",
        ),
        (
            "responses: {utter_a: hi}",
            "domain.yml: a section is not of Rasa's shape ('str' object has no attribute 'get').",
        ),
        (
            "responses: {utter_a: [{text: hi, buttons: [{title: go}]}]}",
            "domain.yml: a section is not of Rasa's shape ('url').",
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


# --- what Rasa's domains hold beside ----------------------------------------------------------------------------------


def test_intents_may_say_which_entities_rules_look_at(tmp_path: Path) -> None:
    text = """
    intents:
    - greet
    - a: {use_entities: []}
    - b: {use_entities: [x], ignore_entities: [y]}
    - c: {ignore_entities: [y]}
    - d: {use_entities: true}
    - e: {is_retrieval_intent: true}
    - f: {triggers: action_x}
    entities: [x, y: {roles: [from, to], groups: ["1"]}]
    actions: [action_x]
    """
    domain = read_domain(written(tmp_path, text))
    assert domain.intents == ("greet", "a", "b", "c", "d", "e", "f")
    assert domain.entities == ("x", "y")
    assert domain.looked_at == {"a": Entities(()), "b": Entities(("x",), ("y",)), "c": Entities(None, ("y",))}
    assert domain.triggers == {"f": "action_x"}
    assert [domain.knows_intent(name) for name in ("e", "e/hours", "g", "g/hours")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("raw", "session"),
    [
        ("{session_expiration_time: 60, carry_over_slots_to_new_session: false}", Session(60, False)),
        ("{session_expiration_time: 0.5}", Session(0.5, True)),
        ("{session_expiration_time: 0}", Session(0, True)),
        ("{session_expiration_time: -1}", Session(0, True)),
        ("{}", Session(0, True)),
    ],
)
def test_a_domain_says_when_a_conversation_begins_anew(tmp_path: Path, raw: str, session: Session) -> None:
    assert read_domain(written(tmp_path, f"session_config: {raw}")).session == session


def test_a_response_may_show_without_a_text_and_carry_what_only_a_front_end_understands(tmp_path: Path) -> None:
    text = """
    responses:
      utter_a:
      - image: /a.png
      - custom: {card: {title: "{name}"}}
      - {text: Hi, attachment: {type: video}, quick_replies: [{title: A, payload: /a}]}
      - {text: Slack only, channel: slack}
      - {text: Here, channel: rest, buttons: [{title: Home, url: "https://a.example", type: web_url}]}
      utter_b: [{text: Slack only, channel: slack}]
    """
    assert read_domain(written(tmp_path, text)).responses == {
        "utter_a": (
            Variant("", (), "/a.png", {}),
            Variant("", (), "", {}, {"card": {"title": "{name}"}}),
            Variant("Hi", (Button("A", "/a"),), "", {}, {"attachment": {"type": "video"}}),
            Variant("Here", (Button("Home", "https://a.example"),), "", {}),
        ),
        "utter_b": (),
    }


def test_a_retrieval_response_may_be_named_by_its_family(tmp_path: Path) -> None:
    domain = read_domain(written(tmp_path, "responses: {utter_faq/hours: [{text: From 9}]}"))
    assert [domain.has_step(name) for name in ("utter_faq/hours", "utter_faq", "utter_f")] == [True, True, False]


# --- several files ----------------------------------------------------------------------------------------------------


def test_a_folder_of_files_is_one_domain(tmp_path: Path) -> None:
    (tmp_path / "domain" / "deep").mkdir(parents=True)
    written(tmp_path / "domain", "version: '3.1'\nintents: [greet, bye]\nslots: {a: {type: text}}\n", "a.yml")
    written(tmp_path / "domain" / "deep", "version: '3.1'\nintents: [bye, help]\nslots: {b: {type: any}}\n", "b.yaml")
    written(tmp_path / "domain", "no yaml: [", "notes.txt")
    written(tmp_path, "nlu: []\nresponses: {utter_faq/a: [{text: A}]}\n", "responses.yml")
    domain = read_domain(tmp_path / "domain", tmp_path / "responses.yml")
    assert domain == Domain(
        ("greet", "bye", "help"),
        {"a": SlotRules(), "b": SlotRules("any", influences=False)},
        {},
        {"utter_faq/a": (Variant("A", conditions={}),)},
        (),
    )
    assert domain.raw["intents"] == ["greet", "bye", "help"]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ("slots: {a: {type: bool}}", "b.yml: 'a' of section slots stands in another file, and differs."),
        ("slots: [a]", "b.yml: section slots is a list in one file and a mapping in another."),
    ],
)
def test_files_that_say_different_things_of_one_name_are_refused(tmp_path: Path, other: str, sentence: str) -> None:
    written(tmp_path, "slots: {a: {type: text}}", "a.yml")
    written(tmp_path, other, "b.yml")
    with pytest.raises(ProjectError) as refusal:
        read_domain(tmp_path)
    assert str(refusal.value) == sentence
    written(tmp_path, "slots: {a: {type: text}}", "b.yml")
    assert read_domain(tmp_path).slots == {"a": SlotRules()}
