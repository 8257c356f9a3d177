"""The routes of the panel that asks the assistant: what it would say and why, and what it should have been."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints

from chatbot.conversations.codec import step_json
from chatbot.messages import Language, Utterance
from chatbot.trial import Tried
from chatbot.web.markdown_tokens import is_web_address
from chatbot.web.staff.answers import Audit, Problem, Signed, needs
from chatbot.web.staff.pair_values import Body, Json, Line, Number, stored_json, told
from chatbot.web.texts import LIMIT
from knowledge_base.changing import until_saved
from knowledge_base.pairs import Hit, Stored
from knowledge_base.store import PairStore
from knowledge_base.text import normalise_question

Reader = Annotated[Signed, Depends(needs("agent"))]
Editor = Annotated[Signed, Depends(needs("editor"))]
SHOWN = 5
"""Intents that are shown: as many as the log keeps."""


class TextBody(Body):
    """A customer's text. language: what the customer's page would be set to."""

    text: str = Field(min_length=1, max_length=LIMIT)
    language: Language | None = None


class ShouldBody(Body):
    """A text, and the pair that should have answered it."""

    text: Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1)]
    pair_id: Number


class LabelBody(Body):
    """A text, and the intent that it should have had."""

    text: str = Field(min_length=1, max_length=LIMIT)
    intent: str = Field(max_length=200)


def try_routes(
    tried: Callable[[str, Language | None], Tried],
    store: PairStore,
    label: Callable[[str, str, str], None],
    intents: Sequence[str],
    html_of: Callable[[str], str],
    audit: Audit,
) -> APIRouter:
    """The routes. tried: asks without keeping anything. label: keeps a text with its intent and who said so, masked.

    intents: those that a text may be labelled with. html_of: an answer in Markdown as clean HTML.
    """
    routes = APIRouter(prefix="/try")

    @routes.post("")
    def ask(sent: TextBody, _: Reader) -> Json:
        return tried_json(tried(sent.text, sent.language), html_of)

    @routes.get("/intents")
    def known(_: Reader) -> Json:
        return {"intents": sorted(intents)}

    @routes.post("/should")
    def should(sent: ShouldBody, signed: Editor) -> Json:
        with told():
            before, after = with_wording(store, sent.pair_id, sent.text, signed.name)
        if before != after:
            audit(signed.name, "pair.updated", str(sent.pair_id), "similar")
        return {"pair": stored_json(after)}

    @routes.post("/label")
    def labelled(sent: LabelBody, signed: Editor) -> Json:
        if sent.intent not in intents:
            raise Problem(400, "invalid", f"The intent '{sent.intent}' is unknown; choose one of those in the list.")
        label(sent.text, sent.intent, signed.name)
        audit(signed.name, "turn.labelled", sent.intent, "")
        return {}

    return routes


def with_wording(store: PairStore, pair_id: int, text: str, by: str) -> tuple[Stored, Stored]:
    """The pair before and after it has the text as a similar question; the same where it had it already.

    Two people may add to one pair at once: nothing of either is lost. Raises what PairStore.update raises.
    """

    def added() -> tuple[Stored, Stored]:
        before = store.stored(pair_id)
        pair = before.pair
        if normalise_question(text) in map(normalise_question, (pair.question, *pair.similar)):
            return before, before
        store.update(replace(pair, similar=(*pair.similar, text)), revision=before.revision, by=by)
        return before, store.stored(pair_id)

    return until_saved(added)


def tried_json(tried: Tried, html_of: Callable[[str], str]) -> Json:
    """A trial as the panel shows it."""
    reply, seen, why = tried.reply, tried.evidence, tried.why
    return {
        "reply": [utterance_json(utterance, html_of) for utterance in reply.utterances],
        "steps": [step_json(step) for step in reply.steps],
        "intents": [asdict(intent) for intent in seen.intents[:SHOWN]],
        "nearest": [asdict(neighbour) for neighbour in why.nearest] if why else [],
        "words": [{"word": word, "weight": weight} for word, weight in why.carried] if why else [],
        "hits": [hit_json(hit) for hit in seen.hits],
        "entities": [entity.name for entity in seen.entities],
        "thresholds": asdict(tried.thresholds),
        "language": reply.language,
        "model": reply.model,
        "index": reply.index,
        "ms": dict(reply.milliseconds),
        "read": seen.question or seen.text,
    }


def utterance_json(utterance: Utterance, html_of: Callable[[str], str]) -> Json:
    """One thing that the assistant would say."""
    return {
        "html": html_of(utterance.text),
        "buttons": [button.title for button in utterance.buttons],
        "pair_id": utterance.pair_id,
        "category": utterance.category,
        "source": utterance.source_url if is_web_address(utterance.source_url) else "",
    }


def hit_json(hit: Hit) -> Json:
    """A stored answer that was near. score: the confidence that it is right; dense, lexical: what it was made of."""
    return {
        "pair_id": hit.pair.id,
        "question": hit.pair.question,
        "phrasing": hit.phrasing,
        "score": hit.score,
        "dense": hit.dense,
        "lexical": hit.lexical,
        "exact": hit.exact,
    }
