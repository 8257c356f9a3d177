"""The nouns: what comes in, what is known about it, what is done, what goes out. Values only, all frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from knowledge_base.pairs import Hit

StepKind = Literal["template", "action", "form", "retrieval", "clarify", "fallback", "human", "listen"]
Language = Literal["en", "zh"]
HappenedKind = Literal["intent", "action", "begun", "done", "left"]
Slot = str | int | float | bool | None | Sequence[Any] | Mapping[str, Any]
"""A slot's value, as JSON has it."""
NLU_FALLBACK = "nlu_fallback"
"""Rasa's name for what was not understood, as rules and stories name it."""
SEARCH = "action_search_knowledge_base"
"""The built-in action that sends an intent to the stored answers."""
DEFAULT_FALLBACK = "action_default_fallback"
"""Says that it does not know."""
CLARIFY = "action_default_ask_affirmation"
"""Asks which of a few was meant."""
TALK_TO_PERSON = "/talk_to_person"
"""The payload of the button that is offered beside all choices."""
MOST_HAPPENED = 60
"""How much of a conversation rules and stories can look back on."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a customer, as it arrived.

    message_id: chosen by the sender; the same id again gets the first reply. language: what the page was set to.
    as_words: whatever it looks like, it is no pressed button.
    """

    conversation_id: str
    text: str
    message_id: str
    language: Language | None = None
    as_words: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """What the customer may want. confidence: calibrated share of being right, in [0, 1]."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Entity:
    """A value found in the text. start, end: character offsets into Evidence.text.

    role, group: which of several of its kind it is, and which of them belong together, as in Rasa.
    """

    name: str
    value: str
    start: int
    end: int
    role: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about one message: every score, no decision.

    text: normalised, raw; never written to disk in clear. masked: the same with personal data replaced; what the
    classifier reads and the log holds. intents: best first. hits: best first. command: the intent of a pressed button.
    question: what is asked, with the message before it where this one is a follow-up. parts: the same of each question,
    where the message asks several. milliseconds: time per stage.
    """

    text: str
    masked: str
    language: Language
    intents: tuple[Intent, ...] = ()
    entities: tuple[Entity, ...] = ()
    hits: tuple[Hit, ...] = ()
    command: str = ""
    question: str = ""
    parts: tuple[Evidence, ...] = ()
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
    pairs. intent: what the message was taken for; '' where the turn goes on, and where it only fills a form. quiet: an
    action that fills slots before anything is decided: no step of the reply, and nothing that rules look back on.
    """

    kind: StepKind
    reason: str
    name: str = ""
    hit: Hit | None = None
    choices: tuple[str | Hit, ...] = ()
    intent: str = ""
    quiet: bool = False

    @property
    def action(self) -> str:
        """What rules and stories call it."""
        return {"retrieval": SEARCH, "clarify": CLARIFY, "fallback": DEFAULT_FALLBACK}.get(self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing of a conversation, as rules and stories name it.

    kind: of a form, 'begun', and 'done' where nothing is missing any more, or 'left' where anything else ends it. loop:
    the form that was active until then. entities: names of those in the message.
    """

    kind: HappenedKind
    name: str
    loop: str = ""
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message of the bot. text: Markdown. pair_id, category: of the stored answer, where it is one.

    custom: what a front end of one's own makes of it, as Rasa's `custom`.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    image: str = ""
    pair_id: int | None = None
    category: str = ""
    source_url: str = ""
    custom: Mapping[str, Any] | None = None


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

    question: what the message before asked, raw. words: slots that hold a message of the customer's whole, so that no
    log may have their values. fresh: what this turn's message says of slots. happened: the latest of the conversation,
    as rules and stories name it. followup: what an action wants done next. prepared: the quiet actions of this turn.
    taken: its steps. offered: the buttons that it shows; before it has said anything, those of the turn before.
    trigger: the intent that began the form. asked: how often the requested slot was asked for in a row. held_by: the
    person who has taken over.
    """

    conversation_id: str
    language: Language = "en"
    turn: int = 0
    question: str = ""
    slots: Mapping[str, Slot] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    active_form: str = ""
    requested_slot: str = ""
    trigger: str = ""
    asked: int = 0
    held_by: str = ""
    happened: tuple[Happened, ...] = ()
    fresh: Mapping[str, Slot] = field(default_factory=dict)
    followup: str = ""
    prepared: tuple[str, ...] = ()
    taken: tuple[Step, ...] = ()
    offered: tuple[Button, ...] = ()

    def after(self, *events: Event) -> State:
        """The state once the events have happened, in their order."""
        state = self
        for event in events:
            state = event.applied_to(state)
        return state

    def having(self, *happened: Happened) -> State:
        """The state with more behind it."""
        return replace(self, happened=(*self.happened, *happened)[-MOST_HAPPENED:])


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A new message came in, in this language. question: what it asks, with what it follows; '' for a button."""

    language: Language
    question: str = ""

    def applied_to(self, state: State) -> State:
        """Next turn, nothing taken yet."""
        return replace(
            state,
            turn=state.turn + 1,
            language=self.language,
            question=self.question,
            fresh={},
            followup="",
            prepared=(),
            taken=(),
            offered=(),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """The message says something of slots; None takes back what it said.

    words: those of them that hold the message itself, whatever it says.
    """

    values: Mapping[str, Slot]
    words: tuple[str, ...] = ()

    def applied_to(self, state: State) -> State:
        """The slots hold the values, and are known to be new."""
        return replace(
            state,
            slots={**state.slots, **self.values},
            fresh={name: value for name, value in {**state.fresh, **self.values}.items() if value is not None},
            words=tuple(dict.fromkeys((*state.words, *self.words))),
        )


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step was taken. entities: names of those in the message that rules may look at."""

    step: Step
    entities: tuple[str, ...] = ()

    def applied_to(self, state: State) -> State:
        """The step is appended. What only fills the active form is no part of what rules and stories look back on.

        But for the form's own step where something else was asked in its stead: that is over then.
        """
        step, loop = self.step, state.active_form
        if step.quiet:
            return replace(state, prepared=(*state.prepared, step.name))
        after = replace(state, taken=(*state.taken, step), followup="")
        only_fills = step.kind == "form" and step.name == loop and not state.taken and not step.intent
        if step.kind == "human":
            return after
        if only_fills:
            last = state.happened[-1] if state.happened else None
            instead = last and last.kind == "action" and last.loop == loop and last.name != loop
            return after.having(Happened("action", step.action, loop)) if instead else after
        heard = () if state.taken else (Happened("intent", step.intent or NLU_FALLBACK, loop, self.entities),)
        return after.having(*heard, Happened("action", step.action, loop))


@dataclass(frozen=True, slots=True)
class Offered:
    """Buttons were shown."""

    buttons: tuple[Button, ...]

    def applied_to(self, state: State) -> State:
        """They may be pressed, or meant, by the next message."""
        return replace(state, offered=(*state.offered, *self.buttons))


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """An action says what is done next."""

    name: str

    def applied_to(self, state: State) -> State:
        """It comes before what any rule says."""
        return replace(state, followup=self.name)


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
    """A form asks for a slot; an empty form name ends it. filled: whether it ends because nothing is missing."""

    form: str
    requested_slot: str = ""
    filled: bool = False

    def applied_to(self, state: State) -> State:
        """The form is active and waits for the slot. asked counts how often in a row the same one was asked for."""
        again = bool(self.requested_slot) and self.requested_slot == state.requested_slot
        asked, before = state.asked + 1 if again else 1, state.active_form
        after = replace(
            state, active_form=self.form, requested_slot=self.requested_slot, asked=asked if self.form else 0
        )
        if self.form == before:
            return after
        if not self.form:
            ended = Happened("done" if self.filled else "left", before, before)
            return replace(after, trigger="").having(ended)
        first = next((one.name for one in reversed(state.happened) if one.kind == "intent"), "")
        return replace(after, trigger=first).having(Happened("begun", self.form, before))


@dataclass(frozen=True, slots=True)
class Restarted:
    """The conversation begins anew: nothing of it is remembered but its number of turns and its language."""

    def applied_to(self, state: State) -> State:
        """As a new one, in the middle of this turn."""
        fresh = State(state.conversation_id, state.language, state.turn)
        return replace(fresh, held_by=state.held_by, taken=state.taken)


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The customer is back after a long time: what went on before is over. keep_slots: whether slots stay filled."""

    keep_slots: bool = True

    def applied_to(self, state: State) -> State:
        """As a new conversation, with its language, its number of turns, who holds it, and maybe its slots."""
        slots, words = (state.slots, state.words) if self.keep_slots else ({}, ())
        return State(state.conversation_id, state.language, state.turn, slots=slots, words=words, held_by=state.held_by)


@dataclass(frozen=True, slots=True)
class Held:
    """A person took the conversation over; an empty name gives it back to the bot."""

    by: str

    def applied_to(self, state: State) -> State:
        """The bot is silent while held_by is not empty."""
        return replace(state, held_by=self.by)


Event = TurnStarted | SessionStarted | Told | StepTaken | Offered | FollowedUp | SlotSet | FormActive | Restarted | Held


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a responder made of a step."""

    utterances: tuple[Utterance, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message that was answered, as the customer's page shows it again. rating: -1, 0 (none) or 1.

    at: when, in ISO 8601; '' where nobody kept it. Not looked at when two are compared.
    """

    message_id: str
    text: str
    reply: Reply
    rating: int = 0
    at: str = field(default="", compare=False)
