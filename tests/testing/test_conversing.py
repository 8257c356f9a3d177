"""Test stories talked through: the whole way of each message, with actions run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chatbot.deciding import Thresholds
from chatbot.messages import Entity, Evidence, Intent, Message, Outcome, State, Step
from chatbot.reply.form import Form
from chatbot.reply.template import Speaker
from chatbot.testing.conversing import Unwritten, converse, words
from chatbot.testing.reading import Heard
from chatbot.testing.running import Check
from chatbot.turn import Assistant
from chatbot.understanding.understand import COMMAND, values
from tests.testing.bikes import policy, read

READ = {
    "my bike is broken": Evidence("", "", "en", (Intent("book_repair", 0.9),)),
    "the race one": Evidence("", "", "en", (Intent("inform", 0.9),), (Entity("bike", "race", 4, 8),)),
    "it squeaks": Evidence("", "", "en", (Intent("inform", 0.4),)),
    "when are you open": Evidence("", "", "en", (Intent("faq/hours", 0.9),)),
}
WHOLE = """\
- story: A repair
  steps:
  - user: my bike is broken
    intent: book_repair
  - action: repair_form
  - active_loop: repair_form
  - user: the race one
    intent: inform
  - action: repair_form
  - intent: ask_price
  - action: utter_price
  - action: repair_form
  - user: it squeaks
    intent: inform
  - action: repair_form
  - active_loop: null
  - action: action_book
  - action: action_listen
  - user: when are you open
    intent: faq/hours
  - action: utter_faq
"""


def understand(message: Message, state: State) -> Evidence:
    """A model that knows four texts, and buttons."""
    pressed = COMMAND.fullmatch(message.text)
    if pressed:
        return Evidence(message.text, message.text, "en", command=pressed["intent"], entities=values(pressed))
    return replace(READ[message.text], text=message.text, masked=message.text)


def assistant(folder: Path, ran: list[str]) -> Assistant:
    """The workshop's, whose actions are only written down."""
    rules = replace(policy(folder), thresholds=Thresholds(0.6, 0.3, 0.6, 0.3))
    speaker = Speaker(rules.domain)

    def act(step: Step, evidence: Evidence, state: State) -> Outcome:
        ran.append(f"{step.name}: {state.slots['bike']}, {state.slots['fault']}")
        return Outcome()

    form = Form(speaker, rules, lambda name, *_: Outcome())
    return Assistant(Unwritten(), understand, rules, {"template": speaker, "form": form, "action": act})


def test_a_story_that_tells_every_turn_is_talked_through_and_its_actions_run(workshop: Path) -> None:
    ran: list[str] = []
    (story,) = read(workshop, WHOLE)
    verdict = converse(story, assistant(workshop, ran))
    assert [(check.line, check.expected) for check in verdict.checks] == [
        (6, "repair_form"),
        (10, "repair_form"),
        (12, "utter_price"),
        (13, "repair_form"),
        (16, "repair_form"),
        (18, "action_book"),
        (22, "utter_faq"),
    ]
    assert verdict.differences == ()
    assert ran == ["action_book: race, it squeaks"]


def test_what_is_done_beyond_the_story_or_not_done_differs(workshop: Path) -> None:
    steps = "  - intent: thank\n  - action: utter_greet\n  - action: utter_thank\n  - intent: greet\n"
    (story,) = read(workshop, f"- story: One\n  steps:\n{steps}")
    assert converse(story, assistant(workshop, [])).differences == (
        Check("action", 5, "utter_greet", "utter_thank", False, "thank: button pressed"),
        Check("action", 6, "utter_thank", "action_listen", False, "nothing more"),
        Check("action", 7, "action_listen", "utter_greet", False, "greet: button pressed"),
    )


def test_an_intent_without_a_text_is_sent_as_a_button_does() -> None:
    assert words(Heard(1, "greet", "hello")) == "hello"
    assert words(Heard(1, "greet")) == "/greet"
    assert words(Heard(1, "inform", "", (Entity("bike", "city", 0, 0),))) == '/inform{"bike": "city"}'
