from __future__ import annotations

import pytest

from chatbot.dialogue.domain import Domain, Variant
from chatbot.errors import ProjectError
from chatbot.messages import Button, Evidence, Outcome, State, Step, Utterance
from chatbot.reply.template import Speaker

HOSTILE = ("{0.__class__}", "{{order}}", "{order}", "%s %(x)s", "{{ 7*7 }}{% x %}", "${order}", "\\g<0>\\1", "<b>&amp;")


def speaker(*variants: Variant) -> Speaker:
    return Speaker(Domain((), {}, {}, {"utter_a": variants}, ()))


def only(text: str) -> Speaker:
    return speaker(Variant(text))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_put_in_as_it_is_and_never_read_again(value: str) -> None:
    state = State("c", slots={"name": value, "order": "secret"})
    assert only("Hello {name}, {name}!").say("utter_a", state) == Utterance(f"Hello {value}, {value}!")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{0.__class__.__mro__}", "{0.__class__.__mro__}"),
        ("{name.upper}", "{name.upper}"),
        ("{name!r:>10}", "{name!r:>10}"),
        ("{{name}}", "{Mei}"),
        ("{{ name }} {% raw %} %s ${name}", "{{ name }} {% raw %} %s $Mei"),
        ("{ name }", "{ name }"),
        ("{}", "{}"),
        ("[{nobody}]", "[]"),
    ],
)
def test_nothing_but_a_slot_in_braces_means_anything(text: str, said: str) -> None:
    assert only(text).say("utter_a", State("c", slots={"name": "Mei"})).text == said


@pytest.mark.parametrize(("value", "said"), [(0, "0"), (0.0, "0.0"), (False, "False"), ("", ""), (None, "")])
def test_only_a_slot_without_a_value_leaves_nothing_behind(value: object, said: str) -> None:
    state = State("c", slots={"left": value})  # type: ignore[dict-item]
    assert only("{left}").say("utter_a", state).text == said


def test_titles_of_buttons_are_filled_and_their_payloads_and_images_are_not() -> None:
    variant = Variant("{x}", (Button("Order {x}", "/look_up{x}"),), "/{x}.png")
    assert speaker(variant).say("utter_a", State("c", slots={"x": "1"})) == Utterance(
        "1", (Button("Order 1", "/look_up{x}"),), "/{x}.png"
    )


def test_the_variant_for_the_language_is_said() -> None:
    told = speaker(Variant("Hello", conditions={"language": "en"}), Variant("你好", conditions={"language": "zh"}))
    assert [told.say("utter_a", State("c", language)).text for language in ("en", "zh")] == ["Hello", "你好"]


def test_no_slot_and_no_value_can_change_the_language() -> None:
    told = speaker(Variant("Hello", conditions={"language": "en"}), Variant("你好", conditions={"language": "zh"}))
    assert told.say("utter_a", State("c", "zh", slots={"language": "en"}), language="en").text == "你好"


def test_a_variant_whose_conditions_hold_is_preferred_to_one_without_any() -> None:
    told = speaker(Variant("Hello"), Variant("Welcome back", conditions={"member": True}))
    assert told.say("utter_a", State("c", slots={"member": True})).text == "Welcome back"
    assert told.say("utter_a", State("c")).text == "Hello"


def test_variants_take_turns_and_a_replay_says_the_same() -> None:
    told = speaker(Variant("one"), Variant("two"), Variant("three"))
    assert [told.say("utter_a", State("c", turn=turn)).text for turn in (0, 1, 2, 3, 0)] == [
        "one",
        "two",
        "three",
        "one",
        "one",
    ]


def test_values_for_one_time_win_over_slots_and_may_have_any_name() -> None:
    state = State("c", slots={"name": "old"})
    assert (
        only("{name} {state} {self}").say("utter_a", state, name="Mei", state="sent", self="me").text == "Mei sent me"
    )


def test_a_response_without_a_variant_for_these_slots_is_refused_by_name() -> None:
    told = speaker(Variant("Hello", conditions={"language": "en"}))
    for name in ("utter_a", "utter_b"):
        with pytest.raises(ProjectError) as refusal:
            told.say(name, State("c", "zh"))
        assert str(refusal.value) == f"Response '{name}' has no variant for language 'zh'. Add one to domain.yml."


def test_a_template_step_says_its_response_and_nothing_happens() -> None:
    step = Step("template", "reason", "utter_a")
    assert only("Hi").__call__(step, Evidence("", "", "en"), State("c")) == Outcome((Utterance("Hi"),))
    assert (only("Hi").knows("utter_a"), only("Hi").knows("utter_b")) == (True, False)
