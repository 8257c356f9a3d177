"""The nouns of the knowledge base: a question-answer pair, and a hit on one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

PairState = Literal["draft", "published", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with its answer, as staff wrote it.

    id: 0 until the store has given one; then it never changes and is never used again.
    similar: other wordings of the question. language: 'en', 'zh', or '' where it does not matter.
    valid_from, valid_until: first and last day on which it is served (UTC); None: no bound.
    review_by: the day by which `owner` (a member of staff, or '') looks whether it is still right; it is served beyond.
    """

    question: str
    answer: str
    similar: tuple[str, ...] = ()
    category: str = ""
    language: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    source_url: str = ""
    state: PairState = "published"
    review_by: date | None = None
    owner: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """A pair as it is stored now.

    revision: 1 for the first, one more with each change. updated_at: ISO 8601, UTC. updated_by: who changed it last; ''
    if that is not known.
    """

    pair: Pair
    revision: int
    updated_at: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A published pair that may answer a question, with how near it is.

    phrasing: the stored wording that matched best. score: fused, in [0, 1]. dense: cosine to the wording with a share
    of its answer, in [-1, 1].
    lexical: share of the weighted words in common, in [0, 1]. exact: the normalised texts are equal.
    """

    pair: Pair
    phrasing: str
    score: float
    dense: float
    lexical: float
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One published wording of a pair's question, as the index needs it.

    id: never used again for another text. context: the pair's question and answer. hash: 64 bits of text and context
    in simplified characters, so that a changed one is embedded again.
    """

    id: int
    pair_id: int
    text: str
    hash: int
    category: str
    language: str
    valid_from: date | None
    valid_until: date | None
    context: str
