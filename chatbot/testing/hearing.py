"""What is heard when a test story's customer speaks: as the story marks it, or as the trained model reads it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from chatbot.deciding import Policy, nearest
from chatbot.dialogue.rules import base
from chatbot.listening import listening
from chatbot.messages import (
    NLU_FALLBACK,
    SEARCH,
    Entity,
    Evidence,
    Intent,
    Language,
    Message,
    State,
    Step,
    TurnStarted,
)
from chatbot.testing.reading import Heard
from chatbot.understanding.understand import COMMAND, values
from knowledge_base.pairs import Hit, Pair
from training_data.examples import language_of

Understand = Callable[[Message, State], Evidence]
"""The assistant's own way to read a message."""
STORED = Hit(Pair("the stored question", "the stored answer", id=0), "the stored question", 1.0, 1.0, 1.0)
"""Stands for the stored answer that a search would find: which one it is, no story says."""


def is_pressed(heard: Heard) -> bool:
    """Whether the customer's text is what a button sends, as `/inform{"size": "big"}`."""
    return COMMAND.fullmatch(heard.text) is not None


def as_marked(heard: Heard, state: State, policy: Policy) -> Evidence:
    """The evidence if all that the story says of the message is understood, and surely. state: as it was before.

    Where rules send the intent to the stored answers, one is found.
    """
    pressed = COMMAND.fullmatch(heard.text)
    evidence = Evidence(
        text=heard.text,
        masked=heard.text,
        language=cast(Language, language_of(heard.text)) if heard.text and not pressed else state.language,
        intents=() if heard.intent == NLU_FALLBACK else (Intent(heard.intent, 1.0),),
        entities=values(pressed) if pressed else heard.entities,
        command=heard.intent if pressed else "",
        question="" if pressed else heard.text,
    )
    found = policy.after(heard.intent, evidence, begun(evidence, state, policy))
    return replace(evidence, hits=(STORED,)) if found and found.name == SEARCH else evidence


def begun(evidence: Evidence, state: State, policy: Policy) -> State:
    """The state in which the message is decided on, as a real turn begins it."""
    return state.after(TurnStarted(evidence.language, evidence.question), *listening(evidence, state, policy))


def taken_for(evidence: Evidence, step: Step, policy: Policy) -> str:
    """The intent that the assistant goes by; `nlu_fallback` if it is sure of none."""
    first = evidence.intents[0] if evidence.intents else None
    sure = first is not None and first.confidence >= policy.thresholds.intent_answer
    return step.intent or evidence.command or (first.name if first and sure else NLU_FALLBACK)


def reason(evidence: Evidence, step: Step, policy: Policy) -> str:
    """Why the assistant would take the step, and how near the likeliest intent and pair were."""
    near = nearest(evidence, policy)
    return step.reason if step.reason.endswith(near) else step.reason + near


def is_same(intent: str, marked: str) -> bool:
    """Whether an intent is the one that the story names; `faq` stands for any `faq/...`."""
    return marked in (intent, base(intent))


def missing(marked: tuple[Entity, ...], found: tuple[Entity, ...]) -> list[Entity]:
    """Entities of the story that were not found in the text. More may be: recognisers find dates by themselves."""
    return [each for each in marked if not any(is_found(each, other) for other in found)]


def is_found(marked: Entity, found: Entity) -> bool:
    """Whether name and value are those of the story; role and group, where it names them."""
    same = (marked.name, marked.value.casefold()) == (found.name, found.value.casefold())
    return same and marked.role in ("", found.role) and marked.group in ("", found.group)
