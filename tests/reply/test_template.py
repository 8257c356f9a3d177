from __future__ import annotations

import re

import pytest

from chatbot.dialogue.domain import Domain, Variant
from chatbot.errors import ProjectError
from chatbot.messages import Button, Evidence, Outcome, State, Step, StepTaken, Utterance
from chatbot.reply.template import Speaker
from chatbot.web.markdown import html_of, plain_of

HOSTILE = ("{0.__class__}", "{{order}}", "{order}", "%s %(x)s", "{{ 7*7 }}{% x %}", "${order}", "\\g<0>\\1", "<b>&amp;")
MARKDOWN = (
    "**bold**", "*a*", "__a__", "`a`", "```\na\n```", "# a", "- a", "+ a", "1. a", "1) a", "> a", "---", "a\n---",
    "a\n\n    b", "[a](javascript:alert(1))", "[a](https://evil.example)", "![a](https://evil.example/a.png)",
    "<https://evil.example>", "https://evil.example", "HTTPS://evil.example", "[a]: https://evil.example",
    "](https://evil.example)", "](https://evil.example) [a", "<img src=x onerror=alert(1)>", "<b>a</b>", "&lt;b&gt;",
    "\\", "a\\", "**", "`", "|a|b|\n|-|-|\n|c|d|",
)  # fmt: skip


def speaker(*variants: Variant) -> Speaker:
    return Speaker(Domain((), {}, {}, {"utter_a": variants}, ()))


def only(text: str) -> Speaker:
    return speaker(Variant(text))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_shown_as_it_is_and_never_read_again(value: str) -> None:
    state = State("c", slots={"name": value, "order": "secret"})
    said = only("Hello {name}, {name}!").say("utter_a", state)
    assert plain_of(said.text) == f"Hello {value}, {value}!"
    assert re.findall("<[^>]*>", html_of(said.text)) == ["<p>", "</p>"]


@pytest.mark.parametrize("value", MARKDOWN)
@pytest.mark.parametrize(
    "around", ["{name}", "**{name}**", "- {name}", "[{name}](https://shop.example)", "![{name}", "x{name}x"]
)
def test_no_words_of_a_customer_become_markdown(value: str, around: str) -> None:
    def tags(words: str) -> list[str]:
        text = only(around).say("utter_a", State("c", slots={"name": words})).text
        return re.findall("<[a-z0-9]+", html_of(text))

    assert [tag for tag in tags(value) if tag != "<br"] == tags("word")


@pytest.mark.parametrize("value", MARKDOWN)
@pytest.mark.parametrize(
    "around", ["[x](https://shop.example/{name})", "[x](<https://shop.example/{name}>)", "`{name}`"]
)
def test_no_words_of_a_customer_make_a_link_lead_elsewhere(value: str, around: str) -> None:
    shown = html_of(only(around).say("utter_a", State("c", slots={"name": value})).text)
    assert all(address.startswith("https://shop.example/") for address in re.findall('href="([^"]*)', shown))


def test_markdown_of_the_template_itself_stays() -> None:
    said = only("**Order** {name}").say("utter_a", State("c", slots={"name": "1 * 2 * 3"}))
    assert html_of(said.text) == "<p><strong>Order</strong> 1 * 2 * 3</p>"


def test_what_a_customer_usually_gives_stands_as_it_is() -> None:
    """Whoever masks the log has to find it."""
    for value in ("100234", "mei_tan@example.com", "+65 8123 4821", "2024-11-20", "Oak table (2 m)", "订单 100234"):
        assert only("{name}.").say("utter_a", State("c", slots={"name": value})).text == f"{value}."


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


def test_what_only_a_front_end_understands_is_filled_and_goes_out_with_the_text() -> None:
    custom = {"card": {"title": "Order {x}", "{x}": [1, None, "{x}*"]}, "on": True}
    said = speaker(Variant("Hi", custom=custom)).say("utter_a", State("c", slots={"x": "*1"}))
    assert said == Utterance("Hi", custom={"card": {"title": "Order *1", "{x}": [1, None, "*1*"]}, "on": True})
    assert custom["card"]["title"] == "Order {x}"  # type: ignore[index]


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


def test_a_response_whose_variants_are_all_for_other_situations_adds_nothing_and_alone_is_no_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = Variant("For you only", conditions={"member": True})
    told = Speaker(Domain((), {}, {}, {"utter_a": (own,), "utter_fallback": (Variant("No idea."),)}, ()))
    step = Step("template", "reason", "utter_a")
    nothing_yet = State("c", slots={"member": False})
    assert told(step, Evidence("", "", "en"), State("c", slots={"member": True})) == Outcome((Utterance(own.text),))
    assert told(step, Evidence("", "", "en"), nothing_yet.after(StepTaken(Step("action", "reason", "x")))) == Outcome()
    assert told(step, Evidence("", "", "en"), nothing_yet) == Outcome((Utterance("No idea."),))
    assert caplog.messages == ["response utter_a has no variant for what conversation c is in"] * 2


def test_what_is_said_is_what_the_responses_are_at_that_moment() -> None:
    domain = Domain((), {}, {}, {"utter_a": (Variant("Hello"),), "utter_b": (Variant("Bye"),)}, ())
    now: dict[str, tuple[Variant, ...]] = dict(domain.responses)
    told = Speaker(domain, lambda: now)
    assert told.say("utter_a", State("c")).text == "Hello"
    now["utter_a"] = (Variant("Good day"),)
    assert (told.say("utter_a", State("c")).text, told.say("utter_b", State("c")).text) == ("Good day", "Bye")
    del now["utter_b"]
    assert (told.knows("utter_a"), told.knows("utter_b")) == (True, False)
