"""The search judged on questions whose stored question is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.search import KnowledgeBase

DEPTH = 5


@dataclass(frozen=True, slots=True)
class Recalls:
    """Shares in [0, 1]: the right pair came first, among the first three, among the first five.

    reciprocal_rank: mean of 1 / place, 0 beyond DEPTH.
    """

    questions: int
    at_1: float
    at_3: float
    at_5: float
    reciprocal_rank: float


def recalls(base: KnowledgeBase, asked: Sequence[tuple[str, str]], language: str | None) -> Recalls:
    """asked: a customer's text with the question of the pair that answers it."""
    places = [place_of(base, text, question, language) for text, question in asked]
    count = max(1, len(places))
    first, three, five = (sum(1 for place in places if 0 < place <= most) / count for most in (1, 3, DEPTH))
    return Recalls(len(places), first, three, five, sum(1 / place for place in places if place) / count)


def place_of(base: KnowledgeBase, text: str, question: str, language: str | None) -> int:
    """Where the pair comes, from 1; 0 if it is not among the first DEPTH."""
    hits = base.search(text, language, k=DEPTH)
    return next((place for place, hit in enumerate(hits, start=1) if hit.pair.question == question), 0)
