"""Plays test stories: what the assistant would do at each step, held against what the story says.

No action is run: what the story says has happened, right or wrong predicted, and the next step is predicted from there,
as `rasa test` does it (https://rasa.com/docs/rasa/testing-your-assistant).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chatbot.deciding import Policy, decide
from chatbot.dialogue.domain_slots import REQUESTED_SLOT
from chatbot.dialogue.paths import LISTEN, TWO_STAGE
from chatbot.dialogue.slots import SlotRules
from chatbot.errors import ProjectError
from chatbot.messages import (
    CLARIFY,
    DEFAULT_FALLBACK,
    SEARCH,
    Entity,
    Event,
    Evidence,
    FormActive,
    Message,
    Offered,
    Slot,
    SlotSet,
    State,
    Step,
    StepKind,
    StepTaken,
    Told,
)
from chatbot.testing.hearing import Understand, as_marked, begun, is_pressed, is_same, missing, reason, taken_for
from chatbot.testing.offering import offered
from chatbot.testing.reading import ANY, Done, Filled, Heard, Loop, StoryStep, TestStory

NOBODY = "test-story"
"""The id of a conversation that is in no database."""
BUILT_IN: dict[str, StepKind] = {SEARCH: "retrieval", CLARIFY: "clarify", DEFAULT_FALLBACK: "fallback"}
SOME = "some"
"""Stands for a slot's value where a story says only that there is one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was predicted. line: of the step that says what is right. reason: the assistant's own."""

    kind: Literal["intent", "entities", "action"]
    line: int
    expected: str
    predicted: str
    right: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A story with all that was held against it."""

    story: TestStory
    checks: tuple[Check, ...]

    @property
    def differences(self) -> tuple[Check, ...]:
        """What was predicted otherwise than the story says."""
        return tuple(check for check in self.checks if not check.right)


def play(story: TestStory, policy: Policy, understand: Understand | None = None) -> Verdict:
    """The verdict on one story. understand: reads the customers' texts; None: the marked intents are what is heard.

    Raises ProjectError if the story has a form active that the domain does not have.
    """
    return Verdict(story, Playing(story, policy, understand).checks())


class Playing:
    """One story while it is played.

    before: the state before the latest message. since: what the story said of slots and forms between the message and
    the first action. doubted: whether the model's reading of the message is still to be held against the story.
    waiting: whether nothing is left for the assistant to do.
    """

    def __init__(self, story: TestStory, policy: Policy, understand: Understand | None) -> None:
        self.story, self.policy, self.understand = story, policy, understand
        self.state = State(NOBODY)
        self.before, self.since = self.state, tuple[Event, ...]()
        self.heard, self.evidence = Heard(0, ""), Evidence("", "", self.state.language)
        self.doubted, self.waiting = False, True

    def checks(self) -> tuple[Check, ...]:
        """All that is held against the story, in its order."""
        found: list[Check] = []
        last = self.story.line
        for step in self.story.steps:
            found += self.take(step, last)
            last = step.line
        return (*found, *self.listens(last))

    def take(self, step: StoryStep, last: int) -> Iterator[Check]:
        """One step of the story. last: line of the step before."""
        if isinstance(step, Heard):
            yield from self.listens(last)
            self.hear(step)
        elif isinstance(step, Done):
            yield from self.does(step)
        elif isinstance(step, Loop):
            self.happens(*self.looping(step))
        else:
            self.happens(*self.filling(step))

    # ---- the customer

    def hear(self, heard: Heard) -> None:
        """A new turn, as the model reads the message, or as the story marks it."""
        self.heard, self.before, self.since = heard, self.state, ()
        self.doubted, self.waiting = False, False
        self.evidence = as_marked(heard, self.before, self.policy)
        if self.understand and heard.text and not is_pressed(heard):
            message = Message(NOBODY, heard.text, f"{NOBODY}-{self.state.turn}")
            seen = self.before.after(Offered(offered(self.before, self.policy.domain)))
            self.evidence, self.doubted = self.understand(message, seen), True
        self.state = begun(self.evidence, self.before, self.policy)

    def understood(self, expected: str) -> Iterator[Check]:
        """The model's reading against the story's; where it is wrong, the story's is gone on with.

        A message that fills the form, or that a stored answer meets, is answered whatever its intent; then the intent
        is right if the answer is.
        """
        self.doubted = False
        step, heard = self.step(), self.heard
        name, why = taken_for(self.evidence, step, self.policy), reason(self.evidence, step, self.policy)
        right = is_same(name, heard.intent) or (not step.intent and expected in self.names(step))
        lost = missing(heard.entities, self.evidence.entities)
        yield Check("intent", heard.line, heard.intent, heard.intent if right else name, right, why)
        if heard.entities:
            found = listed(self.evidence.entities)
            yield Check("entities", heard.line, listed(heard.entities), found, not lost, "found in the text")
        if lost or not right:
            self.evidence = as_marked(heard, self.before, self.policy)
            self.state = begun(self.evidence, self.before, self.policy).after(*self.since)

    # ---- the assistant

    def does(self, done: Done) -> Iterator[Check]:
        """What the assistant would do, and then what the story says it has done."""
        yield from self.understood(done.action) if self.doubted else ()
        step = self.step()
        right = done.action in self.names(step)
        yield Check("action", done.line, done.action, done.action if right else called(step), right, step.reason)
        self.waiting = done.action == LISTEN
        if not self.waiting:
            self.happens(*self.acting(step if right else self.as_said(done.action)))

    def listens(self, line: int) -> Iterator[Check]:
        """Before the customer speaks again, the assistant must have nothing more to do."""
        if not self.waiting:
            yield from self.does(Done(line, LISTEN))

    def step(self) -> Step:
        """What the assistant would do now."""
        while (step := decide(self.evidence, self.state, self.policy)).quiet:
            self.state = self.state.after(StepTaken(step))
        return step

    def names(self, step: Step) -> set[str]:
        """All that a story may call the step: also what the rule behind it calls it, as `utter_faq` of many."""
        if step.kind == "listen":
            return {LISTEN}
        state, policy = self.state, self.policy
        if state.taken:
            rule = policy.next(state)
        else:
            rule = policy.after(step.intent, self.evidence, state) if step.intent else None
        said = {step.name} if step.name in policy.domain.responses else set()
        return {step.action, *said, *({rule.name} if rule and rule.name != LISTEN else ())}

    def as_said(self, action: str) -> Step:
        """The step that the story wants, as if it had been decided."""
        domain = self.policy.domain
        kind: StepKind = "template" if action in domain.responses else "form" if action in domain.forms else "action"
        goes_on = self.state.taken or action == self.state.active_form
        intent = "" if goes_on else self.heard.intent
        return Step(BUILT_IN.get(action, kind), "the story says so", action, intent=intent)

    # ---- events

    def happens(self, *events: Event) -> None:
        """The story goes on from there."""
        if self.doubted:
            self.since += events
        self.state = self.state.after(*events)

    def acting(self, step: Step) -> Sequence[Event]:
        """A step is taken. A form that goes on asks for its next slot."""
        state = self.state
        taken = StepTaken(step, self.policy.looked_at(step.intent, self.evidence))
        goes_on = step.kind == "form" and step.name == state.active_form and not state.taken
        return (taken, FormActive(step.name, self.next_slot(step.name))) if goes_on else (taken,)

    def looping(self, loop: Loop) -> Sequence[Event]:
        """A form begins and asks for its first empty slot, or it ends: filled, if that was its own step.

        Raises ProjectError if the domain lacks it.
        """
        form = loop.form
        if form == self.state.active_form or form == TWO_STAGE:  # that one asks in turns of its own, without a loop
            return ()
        if form and form not in self.policy.domain.forms:
            raise ProjectError(
                f"{self.story.file.name} line {loop.line}: story '{self.story.title}': active_loop '{form}' is no form "
                "of the domain. Add it there, or name one that is."
            )
        if form:
            return (FormActive(form, self.next_slot(form)),)
        taken = self.state.taken
        return (FormActive("", filled=bool(taken) and taken[-1].name == self.state.active_form),)

    def filling(self, filled: Filled) -> Iterator[Event]:
        """Slots get values. Before the first action they are what the message says, and may fill the active form."""
        for name, value in filled.values.items():
            if name == REQUESTED_SLOT:
                yield from self.requesting(str(value or ""))
            else:
                given = self.some(name) if value == ANY else value
                heard = not self.waiting and not self.state.taken and given is not None
                yield Told({name: given}) if heard else SlotSet(name, given)

    def requesting(self, slot: str) -> Iterator[Event]:
        """The active form asks for another slot."""
        form = self.state.active_form
        if form and slot not in ("", self.state.requested_slot):
            yield FormActive(form, slot)

    def next_slot(self, form: str) -> str:
        """The first empty slot of the form; '' if it has all."""
        return next((name for name in self.policy.domain.forms[form] if self.state.slots.get(name) is None), "")

    def some(self, name: str) -> Slot:
        """The slot's value, or one that it may have."""
        return self.state.slots.get(name) or any_value(self.policy.domain.slots.get(name, SlotRules()))


def any_value(rules: SlotRules) -> Slot:
    """A value of the slot's type."""
    if rules.type == "categorical":
        return rules.values[0] if rules.values else SOME
    by_type: dict[str, Slot] = {"bool": True, "float": 1.0, "list": [SOME]}
    return by_type.get(rules.type, SOME)


def called(step: Step) -> str:
    """What a story would call the step."""
    return LISTEN if step.kind == "listen" else step.action


def listed(entities: Sequence[Entity]) -> str:
    """Entities with their values."""
    return ", ".join(f"{entity.name} '{entity.value}'" for entity in entities) or "none"
