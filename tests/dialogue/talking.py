"""A project that is talked to: its real rules, forms, actions and responses; only what a message means is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from chatbot.actions.calls import Actions
from chatbot.conversations.store import OpenTurn
from chatbot.deciding import Policy, Thresholds
from chatbot.messages import (
    Entity,
    Event,
    Evidence,
    Intent,
    Message,
    Offered,
    Outcome,
    Reply,
    State,
    Step,
    StepTaken,
    TurnStarted,
)
from chatbot.project import Project, load_project
from chatbot.reply.template import Speaker
from chatbot.turn import Assistant
from chatbot.wiring import responders
from knowledge_base.pairs import Hit, Pair

LIMITS = Thresholds(intent_answer=0.6, intent_clarify=0.25, pair_answer=0.55, pair_clarify=0.35)
OPENING = Pair("When are you open?", "From 9 to 6.", id=7)


class Recorded(OpenTurn):
    """A turn that writes down all events."""

    def __init__(self, message: Message, state: State, events: list[Event], idle: float = 0.0) -> None:
        super().__init__(message, state, None, idle)
        self.events = events

    def resume(self, events: Sequence[Event]) -> None:
        self.events += events
        super().resume(events)

    def begin(self, evidence: Evidence, events: Sequence[Event] = ()) -> None:
        self.events += [TurnStarted(evidence.language, evidence.question), *events]
        super().begin(evidence, events)

    def take(self, step: Step, outcome: Outcome, entities: tuple[str, ...] = ()) -> None:
        shown = tuple(button for utterance in outcome.utterances for button in utterance.buttons)
        self.events += [StepTaken(step, entities), *outcome.events, Offered(shown)]
        super().take(step, outcome, entities)


class Talk:
    """One conversation. events: all that happened. idle: minutes since the message before."""

    def __init__(self, project: Project, actions: Actions | None = None) -> None:
        """actions: where they run, if not in the project's package."""
        self.policy = Policy(project.domain, project.rules, LIMITS)
        kinds = responders(self.policy, project, Speaker(project.domain), actions)
        self.assistant = Assistant(self, lambda message, state: self.heard, self.policy, kinds)
        self.state = State("c")
        self.events: list[Event] = []
        self.idle = 0.0
        self.heard = Evidence("", "", "en")

    @contextmanager
    def turn(self, message: Message) -> Iterator[Recorded]:
        turn = Recorded(message, self.state, self.events, self.idle)
        yield turn
        self.state = turn.state

    def hears(self, evidence: Evidence) -> Reply:
        """The reply to a message that means this."""
        self.heard = evidence
        return self.assistant.answer(Message("c", evidence.text, f"m{self.state.turn}"))

    def say(
        self, text: str, intent: str = "", sure: float = 0.9, hit: float = 0.0, exact: bool = False, **entities: str
    ) -> list[str]:
        """Names of the steps that follow. `/intent` presses a button.

        intent: what the text means. hit: the score of the stored question, if any is near.
        """
        found = tuple(Entity(name, value, 0, len(text)) for name, value in entities.items())
        hits = (Hit(OPENING, OPENING.question, hit, hit, hit, exact),) if hit else ()
        if text.startswith("/"):
            evidence = Evidence(text, text, "en", entities=found, command=text[1:])
        else:
            intents = (Intent(intent, sure),) if intent else ()
            evidence = Evidence(text, text, "en", intents, found, hits, question=text)
        return [step.name or step.kind for step in self.hears(evidence).steps]


def project(folder: Path, files: Mapping[str, str], actions: str = "actions") -> Project:
    """A project of these files. actions: the package that its actions are in."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return replace(load_project(folder), actions=actions)
