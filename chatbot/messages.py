"""The nouns: what comes in, what is known about it, what is done, what goes out. Values only, all frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from knowledge_base.pairs import Hit

StepKind = Literal["template", "action", "form", "retrieval", "clarify", "fallback", "human", "listen"]
Language = Literal["en", "zh"]
Slot = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a customer, as it arrived.

    message_id: chosen by the sender; the same id again gets the first reply. language: what the page was set to.
    """

    conversation_id: str
    text: str
    message_id: str
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What the customer may want. confidence: calibrated share of being right, in [0, 1]."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Entity:
    """A value found in the text. start, end: character offsets into Evidence.text."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about one message: every score, no decision.

    text: normalised, raw; never written to disk in clear. masked: the same with personal data replaced; what the
    classifier reads and the log holds. intents: best first. hits: best first. command: the intent of a pressed button.
    question: what is asked, with the message before it where this one is a follow-up. milliseconds: time per stage.
    """

    text: str
    masked: str
    language: Language
    intents: tuple[Intent, ...] = ()
    entities: tuple[Entity, ...] = ()
    hits: tuple[Hit, ...] = ()
    command: str = ""
    question: str = ""
    model: str = ""
    index: str = ""
    milliseconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply. title: what is shown. payload: what is sent when it is pressed."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do in a turn, and why.

    name: the response, action, form or pair it is about. choices: what a clarify offers, at most three intents or
    pairs. then: what the rule names after it.
    """

    kind: StepKind
    reason: str
    name: str = ""
    hit: Hit | None = None
    choices: tuple[str | Hit, ...] = ()
    then: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message of the bot. text: Markdown. pair_id, category: of the stored answer, where it is one."""

    text: str
    buttons: tuple[Button, ...] = ()
    image: str = ""
    pair_id: int | None = None
    category: str = ""
    source_url: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """All that one turn says, and why. silent: a person holds the conversation."""

    conversation_id: str
    message_id: str
    language: Language
    utterances: tuple[Utterance, ...]
    steps: tuple[Step, ...]
    intent: Intent | None = None
    model: str = ""
    index: str = ""
    milliseconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The utterances as one text, a line each."""
        return "\n".join(utterance.text for utterance in self.utterances)


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered between turns. Changed only by events, so that a conversation can be replayed.

    question: what the message before asked, raw. plan: what a rule still has to do in this turn. taken: the steps of
    this turn. asked: how often the requested slot was asked for in a row. held_by: the person who has taken over.
    """

    conversation_id: str
    language: Language = "en"
    turn: int = 0
    question: str = ""
    slots: Mapping[str, Slot] = field(default_factory=dict)
    active_form: str = ""
    requested_slot: str = ""
    asked: int = 0
    held_by: str = ""
    plan: tuple[str, ...] = ()
    taken: tuple[Step, ...] = ()

    def after(self, *events: Event) -> State:
        """The state once the events have happened, in their order."""
        state = self
        for event in events:
            state = event.applied_to(state)
        return state


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A new message came in, in this language. question: what it asks, with what it follows; '' for a button."""

    language: Language
    question: str = ""

    def applied_to(self, state: State) -> State:
        """Next turn, nothing taken yet."""
        return replace(state, turn=state.turn + 1, language=self.language, question=self.question, plan=(), taken=())


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step was taken."""

    step: Step

    def applied_to(self, state: State) -> State:
        """The step is appended. A plan is followed before anything else, so its first name is the one now done."""
        return replace(state, taken=(*state.taken, self.step), plan=(*self.step.then, *state.plan[1:]))


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule says what comes next in this turn."""

    names: tuple[str, ...]

    def applied_to(self, state: State) -> State:
        """The names come after what is already planned."""
        return replace(state, plan=state.plan + self.names)


@dataclass(frozen=True, slots=True)
class SlotSet:
    """A slot has a value now; None empties it."""

    name: str
    value: Slot

    def applied_to(self, state: State) -> State:
        """The slot holds the value."""
        return replace(state, slots={**state.slots, self.name: self.value})


@dataclass(frozen=True, slots=True)
class FormActive:
    """A form asks for a slot; an empty form name ends it."""

    form: str
    requested_slot: str = ""

    def applied_to(self, state: State) -> State:
        """The form is active and waits for the slot. asked counts how often in a row the same one was asked for."""
        again = bool(self.requested_slot) and self.requested_slot == state.requested_slot
        asked = state.asked + 1 if again else 1
        return replace(
            state, active_form=self.form, requested_slot=self.requested_slot, asked=asked if self.form else 0
        )


@dataclass(frozen=True, slots=True)
class Held:
    """A person took the conversation over; an empty name gives it back to the bot."""

    by: str

    def applied_to(self, state: State) -> State:
        """The bot is silent while held_by is not empty."""
        return replace(state, held_by=self.by)


Event = TurnStarted | StepTaken | Planned | SlotSet | FormActive | Held


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a responder made of a step."""

    utterances: tuple[Utterance, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message that was answered, as the customer's page shows it again. rating: -1, 0 (none) or 1."""

    message_id: str
    text: str
    reply: Reply
    rating: int = 0
