"""Pairs and advice between JSON and nouns, and what a store refuses as an answer of HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chatbot.advising.advice import Advice
from chatbot.web.staff.answers import Problem
from knowledge_base.errors import DuplicateQuestion, PairChanged, RevisionNotFound
from knowledge_base.history import Revision
from knowledge_base.listing import Row
from knowledge_base.pairs import Pair, PairState, Stored

Json = dict[str, Any]  # leaves for the browser only
# Lengths far beyond what the store takes: its own checks say in a sentence what is too long.
Line = Annotated[str, Field(max_length=5_000)]
Long = Annotated[str, Field(max_length=100_000)]
LARGEST = 2**63 - 1
"""SQLite's largest number; a larger one would break a query rather than not be found."""
Number = Annotated[int, Field(ge=0, le=LARGEST)]


class Body(BaseModel):
    """What the console sends; a name that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class PairBody(Body):
    """A pair as it was typed."""

    question: Line
    answer: Long
    similar: list[Line] = Field(default=[], max_length=2_000)
    category: Line = ""
    language: Literal["", "en", "zh"] = ""
    valid_from: date | None = None
    valid_until: date | None = None
    source_url: Line = ""
    state: PairState = "published"
    review_by: date | None = None
    owner: Line = ""

    def pair(self, pair_id: int = 0) -> Pair:
        """As the store's noun."""
        given = {field.name: getattr(self, field.name) for field in fields(Pair) if field.name != "id"}
        return Pair(**given | {"similar": tuple(self.similar), "id": pair_id})


class EditBody(PairBody):
    """A pair as it is to be, and the revision that was edited."""

    revision: Number


class DraftBody(PairBody):
    """A pair that is being typed. id: that of the stored pair that is edited."""

    id: Number | None = None


class SeenBody(Body):
    """The revision that is on the screen."""

    revision: Number


class BackBody(SeenBody):
    """to: the revision to go back to."""

    to: Number


class AnswerBody(Body):
    """An answer in Markdown."""

    answer: Long


def pair_json(pair: Pair) -> Json:
    """All that is the pair's own."""
    return {**asdict(pair), "similar": list(pair.similar)}


def stored_json(stored: Stored) -> Json:
    """A pair as it is now, with its revision."""
    return {
        **pair_json(stored.pair),
        "revision": stored.revision,
        "updated_at": stored.updated_at,
        "updated_by": stored.updated_by,
    }


def row_json(row: Row) -> Json:
    """A pair in a list: how many similar questions it has stands for them."""
    return asdict(row)


def one_row_json(stored: Stored) -> Json:
    """As row_json, of a pair that was read whole."""
    row = stored_json(stored)
    return {"similar_count": len(row.pop("similar")), **row}


def revision_json(revision: Revision) -> Json:
    """A pair as it was."""
    return {
        "revision": revision.revision,
        "at": revision.at,
        "by": revision.by,
        "kind": revision.kind,
        "pair": pair_json(revision.pair),
    }


def advice_json(advice: Advice) -> Json:
    """What is told of a draft. from: pairs; from_rules: responses, forms and actions that a rule leads to."""
    taken = advice.taken
    return {
        "near": [asdict(near) for near in advice.near],
        "contradicts": [asdict(contradiction) for contradiction in advice.contradicts],
        "hidden_by": asdict(advice.hidden_by) if advice.hidden_by else None,
        "taken": {
            "asked": taken.asked,
            "from": [
                {"pair_id": one.pair_id, "question": one.name, "count": one.count, "examples": one.examples}
                for one in taken.sources
                if one.pair_id is not None
            ],
            "from_rules": [
                {"name": one.name, "count": one.count, "examples": one.examples}
                for one in taken.sources
                if one.pair_id is None
            ],
            "new": taken.new,
            "new_examples": taken.new_examples,
            "lost": taken.lost,
        },
    }


@contextmanager
def told() -> Iterator[None]:
    """The store's refusals as answers; those without a code of their own are answered as invalid."""
    try:
        yield
    except PairChanged as error:
        raise Problem(409, "changed", str(error), now=stored_json(error.now)) from error
    except DuplicateQuestion as error:
        first = error.duplicates[0]
        raise Problem(409, "duplicate", str(error), pair_id=first.pair_id, question=first.question) from error
    except RevisionNotFound as error:
        raise Problem(404, "not_found", str(error)) from error
