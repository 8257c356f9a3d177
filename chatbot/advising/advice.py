"""The nouns: what is told before a pair is saved."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Near:
    """A published pair that is asked about in nearly the same words or with the same meaning.

    phrasing: its wording that is nearest. score: confidence that it answers one of the draft's wordings, in [0, 1].
    same_answer: the answers are equal when both are normalised.
    """

    pair_id: int
    question: str
    phrasing: str
    score: float
    same_answer: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A published pair that would answer the draft's question, and says something else: see answers.py."""

    pair_id: int
    question: str
    answer: str
    score: float


@dataclass(frozen=True, slots=True)
class Hiding:
    """An intent that is sure of one of the draft's wordings, so that its rule may answer before a stored pair does.

    answer_from: the confidence from which its rule answers.
    """

    intent: str
    confidence: float
    answer_from: float


@dataclass(frozen=True, slots=True)
class Source:
    """What answers questions now that the draft would answer. examples: at most five, masked, the latest first.

    pair_id: None where it is no pair but the step `name` of a rule: a response, a form or an action. name: of a pair
    its question.
    """

    pair_id: int | None
    name: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What would change among the distinct questions that customers asked of late.

    asked: how many were looked at. sources: from whom the draft takes how many, most first. new: how many it answers
    that get no answer now; new_examples: at most five of them. lost: how many are answered now and would be asked back
    about, or left without an answer: those that an edited pair gives up, and those that two pairs come to dispute.
    """

    asked: int = 0
    sources: tuple[Source, ...] = ()
    new: int = 0
    new_examples: tuple[str, ...] = ()
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Advice:
    """All that is told of a draft; lists best first."""

    near: tuple[Near, ...] = ()
    contradicts: tuple[Contradiction, ...] = ()
    hidden_by: Hiding | None = None
    taken: Taken = Taken()
