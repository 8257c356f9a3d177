"""What the log says that the bot could not answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chatbot.conversations.store import timestamp
from chatbot.messages import Language, StepKind
from knowledge_base.connections import Connections
from training_data.examples import OUT_OF_SCOPE

MARGIN = 0.05
"""Of confidence: what was answered with so little above its threshold could as well have been asked about."""
MOST_TURNS = 20_000
"""The latest ones: a month of a shop that fails 600 customers a day."""

Why = Literal["rated_down", "fallback", "clarify", "unsure"]


@dataclass(frozen=True, slots=True)
class UnansweredTurn:
    """A turn that left its customer without an answer, or with a doubtful one.

    text: masked, as the log holds it. at: ISO 8601 in UTC. language: of the conversation then. route: kind of the last
    step. confidence: in `intent`; None where nothing was classified. why: thumbs down before anything else.
    """

    id: int
    conversation_id: str
    at: str
    text: str
    language: Language
    route: StepKind
    intent: str
    confidence: float | None
    rating: int
    why: Why


def unanswered(log: Connections, since: datetime, most: int = MOST_TURNS) -> list[UnansweredTurn]:
    """The turns since then that ended in a fallback or a question back, were rated down, or were barely answered.

    Newest first, at most `most`. Barely: see BARELY. Left out are pressed buttons, messages without text, turns that
    broke off, and those that a person had to answer, because that person held the conversation.
    """
    given = {"since": timestamp(since), "most": most, "margin": MARGIN, "outside": json.dumps(sorted(OUT_OF_SCOPE))}
    with log.reading() as db:
        return [UnansweredTurn(*row) for row in db.execute(FOUND, given).fetchall()]


BARELY = """
    CASE json_extract(trace, '$.steps[0].kind')
        WHEN 'retrieval' THEN score < 1
            AND score * (1 - foreign_to_us) < pair_answer + min(:margin, (1 - pair_answer) / 2)
        WHEN 'form' THEN entities = 0 AND barely_meant
        WHEN 'template' THEN barely_meant
        WHEN 'action' THEN barely_meant
    END"""
"""What the turn's first step stood on lies less than MARGIN (and less than halfway to certainty) above its threshold.

Of a stored answer that is the pair's score where the message is in scope, as `deciding.sure_pair` has it; a question
that equals a stored one (score 1) is never in doubt. Of a rule it is the likeliest intent's confidence. A form that was
given a value, or asked for one again, decided nothing by confidence.
"""
FOUND = f"""
    WITH answered AS (
        SELECT id, conversation_id, at, text, language, route, intent, confidence, rating, trace,
            json_extract(trace, '$.steps[0].score') AS score,
            json_array_length(trace, '$.entities') AS entities,
            json_extract(trace, '$.thresholds.pair_answer') AS pair_answer,
            json_extract(trace, '$.thresholds.intent_answer') AS intent_answer,
            coalesce((
                SELECT max(json_extract(value, '$[1]')) FROM json_each(trace, '$.intents')
                WHERE json_extract(value, '$[0]') IN (SELECT value FROM json_each(:outside))
            ), 0) AS foreign_to_us
        FROM turns
        WHERE at >= :since AND route NOT IN ('human', 'failed', 'listen')
            AND text != '' AND text NOT LIKE '/%'  -- what a button sends
    ),
    meant AS (
        SELECT *, confidence >= intent_answer AND confidence < intent_answer + min(:margin, (1 - intent_answer) / 2)
            AS barely_meant
        FROM answered
    ),
    judged AS (
        SELECT *, CASE
            WHEN rating = -1 THEN 'rated_down'
            WHEN route IN ('fallback', 'clarify') THEN route
            WHEN rating = 0 AND {BARELY} THEN 'unsure'
        END AS why
        FROM meant
    )
    SELECT id, conversation_id, at, text, language, route, intent, confidence, rating, why
    FROM judged WHERE why IS NOT NULL ORDER BY id DESC LIMIT :most"""  # noqa: S608 - constants
