"""The routes of the inbox: what the bot could not answer, and what is done about it."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from chatbot.conversations.unanswered import UnansweredTurn
from chatbot.errors import FrontdeskError
from chatbot.learning.acting import added_to, made_pair, offered
from chatbot.learning.grouping import Group
from chatbot.learning.handled import Handling
from chatbot.learning.inbox import Inbox, NoSuchGroup
from chatbot.learning.wordings import Wording
from chatbot.web.staff.answers import Audit, Problem, Signed, needs
from chatbot.web.staff.pair_values import Body, Json, Line, Long, Number, stored_json, told
from chatbot.web.staff.pairs import Problems, check_answer
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.pairs import Hit, Pair
from knowledge_base.store import PairStore

log = logging.getLogger(__name__)

Reader = Annotated[Signed, Depends(needs("agent"))]
Editor = Annotated[Signed, Depends(needs("editor"))]
Days = Annotated[int, Query(ge=1, le=365)]
"""How far the list goes back; whoever acts on a group of it names the same number."""
Texts = Annotated[list[Line] | None, Field(max_length=2_000)]
SAMPLE = 5
MOST_TURNS = 500
"""Of a group that are shown, the newest first; `size` tells how many there are."""


class Act(Body):
    """anyway: although somebody has handled the group already."""

    anyway: bool = False


class NewPair(Act):
    """similar: None: all texts of the group that are offered. language: None: that of the group."""

    question: Line
    answer: Long
    similar: Texts = None
    category: Line = ""
    language: Literal["", "en", "zh"] | None = None


class Similar(Act):
    """texts: None: all texts of the group that are offered."""

    pair_id: Number
    texts: Texts = None


def inbox_routes(inbox: Inbox, store: PairStore, problems: Problems, audit: Audit) -> APIRouter:
    """The routes. problems: what is not allowed in an answer in Markdown, a sentence each."""
    routes = APIRouter(prefix="/inbox")
    reading(routes, inbox, store)
    acting(routes, inbox, store, problems, audit)
    return routes


def reading(routes: APIRouter, inbox: Inbox, store: PairStore) -> None:
    """The list, one group, and what share of it is answered now."""

    @routes.get("")
    def listed(
        _: Reader,
        days: Days = 30,
        language: Literal["", "en", "zh"] = "",
        page: Annotated[int, Query(ge=1, le=10**6)] = 1,
        size: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> Json:
        found = inbox.open(days)
        groups = [group for group in found.groups if language in ("", group.language)]
        shown = groups[(page - 1) * size : page * size]
        return {
            "total": len(groups),
            "turns": sum(group.size for group in groups),
            "left_out": found.left_out,
            "groups": [group_json(group, inbox.suggestion(group), store) for group in shown],
        }

    @routes.get("/{key}")
    def one(key: str, _: Reader, days: Days = 30) -> Json:
        group = existing(inbox, key, days)
        return {
            "group": group_json(group, inbox.suggestion(group), store),
            "texts": [text_json(wording, store) for wording in group.wordings],
            "turns": [turn_json(turn) for turn in group.turns[:MOST_TURNS]],
        }

    @routes.post("/{key}/again")
    def again(key: str, _: Reader, days: Days = 30) -> Json:
        group = existing(inbox, key, days)
        return {"answered": inbox.measured(group, group.handled)}


def acting(routes: APIRouter, inbox: Inbox, store: PairStore, problems: Problems, audit: Audit) -> None:
    """A new pair, more phrasings of a pair, or out of scope; each answers with the share that is answered then."""

    @routes.post("/{key}/pair")
    def pair(key: str, sent: NewPair, signed: Editor, days: Days = 30) -> Json:
        check_answer(sent.answer, problems)
        group = unhandled(inbox, key, days, sent)
        language = group.language if sent.language is None else sent.language
        draft = Pair(sent.question, sent.answer, category=sent.category, language=language)
        with told():
            made = made_pair(store, group, draft, sent.similar, signed.name)
        return settled(group, inbox.settle(group, "pair", str(made.id), signed.name), "pair.added")

    @routes.post("/{key}/similar")
    def similar(key: str, sent: Similar, signed: Editor, days: Days = 30) -> Json:
        group = unhandled(inbox, key, days, sent)
        with told():
            added_to(store, group, sent.pair_id, sent.texts, signed.name)
        return settled(group, inbox.settle(group, "similar", str(sent.pair_id), signed.name), "pair.updated")

    @routes.post("/{key}/outside")
    def outside(key: str, sent: Act, signed: Editor, days: Days = 30) -> Json:
        group = unhandled(inbox, key, days, sent)
        handling = inbox.outside(group, signed.name)
        return {**settled(group, handling, "inbox.outside"), "labelled": len(group.wordings)}

    def settled(group: Group, handling: Handling, what: str) -> Json:
        """What was done is on record before it is measured; that may fail, and is no refusal then."""
        detail = f"inbox: {group.size} turns of {group.customers} customers"
        audit(handling.by, what, handling.subject or group.key, detail)
        done: Json = {"answered": None}
        try:
            done["answered"] = inbox.measured(group, handling)
        except (FrontdeskError, KnowledgeBaseError) as error:
            log.warning("What share of group %s is answered now could not be measured: %s", group.key, error)
        return {"pair": stored_json(store.stored(handling.pair_id)), **done} if handling.pair_id else done


def existing(inbox: Inbox, key: str, days: int) -> Group:
    """The group. Raises Problem 404."""
    try:
        return inbox.group(key, days)
    except NoSuchGroup as error:
        raise Problem(404, "not_found", str(error)) from error


def unhandled(inbox: Inbox, key: str, days: int, sent: Act) -> Group:
    """The group, if nobody has handled it since it was asked last. Raises Problem 404 or 409."""
    group = existing(inbox, key, days)
    if group.handled and not sent.anyway and not inbox.is_open(group):
        message = f"{group.handled.by} has handled this group already."
        raise Problem(409, "handled", message, handled=handling_json(group.handled))
    return group


def group_json(group: Group, suggestion: Hit | None, store: PairStore) -> Json:
    """A group in the list."""
    return {
        "key": group.key,
        "size": group.size,
        "customers": group.customers,
        "language": group.language,
        "sample": [text_json(wording, store) for wording in group.wordings[:SAMPLE]],
        "routes": dict(group.routes),
        "last_at": group.last_at,
        "handled": handling_json(group.handled) if group.handled else None,
        "answered": group.handled.answered if group.handled else None,
        "suggestion": suggestion_json(suggestion) if suggestion else None,
    }


def text_json(wording: Wording, store: PairStore) -> Json:
    """One wording: how its latest turn went, how many there are, and whether it may be published as it is."""
    last = wording.turns[0]
    return {
        "text": wording.text,
        "at": last.at,
        "route": last.route,
        "rating": last.rating,
        "turns": len(wording.turns),
        "offered": offered(store, wording),
    }


def turn_json(turn: UnansweredTurn) -> Json:
    """One turn, without whose it was."""
    return {name: value for name, value in asdict(turn).items() if name != "conversation_id"}


def handling_json(handling: Handling) -> Json:
    """Who did what about it."""
    return {"how": handling.how, "subject": handling.subject, "at": handling.at, "by": handling.by}


def suggestion_json(hit: Hit) -> Json:
    """The pair that a group may belong to. score: the confidence that it is the right one."""
    return {"pair_id": hit.pair.id, "question": hit.pair.question, "score": round(hit.score, 4)}
