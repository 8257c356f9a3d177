"""The whole way of a message. Start reading here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from chatbot.deciding import Policy, decide
from chatbot.listening import listening, returning
from chatbot.messages import Event, Evidence, Message, Outcome, Reply, State, Step, StepKind

Responder = Callable[[Step, Evidence, State], Outcome]
"""A step in, what the bot says and the events that follow out."""


class Turn(Protocol):
    """One turn while it is answered."""

    @property
    def repeated(self) -> bool:
        """Whether this message id was answered before."""
        ...

    @property
    def idle(self) -> float:
        """Minutes since the customer was last answered in this conversation; 0 in a new one."""
        ...

    @property
    def state(self) -> State:
        """What is remembered, with all that happened in this turn so far."""
        ...

    @property
    def reply(self) -> Reply:
        """What was said so far; the first reply for a repeated message."""
        ...

    def resume(self, events: Sequence[Event]) -> None:
        """What has happened by the passing of time alone."""

    def begin(self, evidence: Evidence, events: Sequence[Event]) -> None:
        """What was understood is kept with the turn, and the next state begins with what the message says of slots."""

    def take(self, step: Step, outcome: Outcome, entities: tuple[str, ...]) -> None:
        """Replies out, events into the next state. entities: names of the message's, as rules look at them."""


class Conversations(Protocol):
    """Keeps turns of one conversation apart and in order."""

    def turn(self, message: Message) -> AbstractContextManager[Turn]:
        """One at a time per conversation; what was taken is written when the block ends, all or nothing."""


class Assistant:
    """Understands, decides, responds, remembers."""

    def __init__(
        self,
        conversations: Conversations,
        understand: Callable[[Message, State], Evidence],
        policy: Policy,
        responders: Mapping[StepKind, Responder],
    ) -> None:
        self.conversations = conversations
        self.understand = understand
        self.policy = policy
        self.responders = responders

    def answer(self, message: Message) -> Reply:
        """The reply to one message; the same message id again gets the same reply, and nothing is done twice."""
        with self.conversations.turn(message) as turn:
            if turn.repeated:
                return turn.reply
            turn.resume(returning(turn.idle, self.policy))
            evidence = self.understand(message, turn.state)
            turn.begin(evidence, listening(evidence, turn.state, self.policy))
            while (step := decide(evidence, turn.state, self.policy)).kind != "listen":
                outcome = self.responders[step.kind](step, evidence, turn.state)
                turn.take(step, outcome, self.policy.looked_at(step.intent, evidence))
            return turn.reply
