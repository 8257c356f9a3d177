"""Lets test stories really be talked through: the customers' words go to the whole assistant, and its actions are run.

Actions do what they do to a customer: they open tickets, and change orders.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, zip_longest

from chatbot.conversations.store import OpenTurn
from chatbot.deciding import REPHRASE
from chatbot.dialogue.paths import LISTEN, TWO_STAGE
from chatbot.dialogue.rules import base
from chatbot.messages import CLARIFY, DEFAULT_FALLBACK, Message, State, Step
from chatbot.testing.reading import Done, Heard, TestStory
from chatbot.testing.running import Check, Verdict
from chatbot.turn import Assistant

STAGES = (CLARIFY, REPHRASE, DEFAULT_FALLBACK)
"""What a two-stage fallback does, one after another."""


def converse(story: TestStory, running: Assistant) -> Verdict:
    """The verdict on one story: in each turn the assistant must do what the story says, and no more.

    Slots and forms of the story are left to what the actions really do, so the story must tell every turn.
    """
    assistant = Assistant(Unwritten(), running.understand, running.policy, running.responders)
    return Verdict(story, tuple(talk(story, assistant)))


def talk(story: TestStory, assistant: Assistant) -> Iterator[Check]:
    """What each turn is held against."""
    name, numbers = f"test-{secrets.token_hex(8)}", count(1)
    for heard, wanted in turns(story):
        reply = assistant.answer(Message(name, words(heard), f"{name}-{next(numbers)}"))
        yield from compared(heard, wanted, reply.steps)


def turns(story: TestStory) -> Iterator[tuple[Heard, list[Done]]]:
    """Each message with what the assistant must do about it."""
    heard, wanted = None, list[Done]()
    for step in story.steps:
        if isinstance(step, Heard):
            if heard:
                yield heard, wanted
            heard, wanted = step, []
        elif isinstance(step, Done) and step.action != LISTEN:
            wanted.append(step)
    if heard:
        yield heard, wanted


def words(heard: Heard) -> str:
    """What the customer writes; where the story tells only an intent, what a button for it sends."""
    values = {entity.name: entity.value for entity in heard.entities}
    return heard.text or f"/{heard.intent}" + (json.dumps(values, ensure_ascii=False) if values else "")


def compared(heard: Heard, wanted: list[Done], taken: tuple[Step, ...]) -> Iterator[Check]:
    """The steps that were taken against those of the story, one by one; then the customer must be listened to."""
    line = heard.line
    for want, step in zip_longest(wanted, taken):
        line = want.line if want else line
        expected, done = want.action if want else LISTEN, step.action if step else LISTEN
        right = bool(step) and is_called(step, expected)
        yield Check(
            "action", line, expected, expected if right else done, right, step.reason if step else "nothing more"
        )


def is_called(step: Step, action: str) -> bool:
    """Whether a story may call the step that."""
    if action == TWO_STAGE:
        return step.action in STAGES
    return action in (step.action, base(step.action), step.name)


class Unwritten:
    """One conversation, which is in no database and is forgotten."""

    def __init__(self) -> None:
        self.state: State | None = None

    @contextmanager
    def turn(self, message: Message) -> Iterator[OpenTurn]:
        """The next turn."""
        turn = OpenTurn(message, self.state or State(message.conversation_id), None)
        yield turn
        self.state = turn.state
