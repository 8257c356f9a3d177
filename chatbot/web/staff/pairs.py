"""The routes of question-answer pairs: list, read, write, history, and what is told before saving."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from chatbot.advising.advice import Advice
from chatbot.web.staff.answers import Audit, Problem, Signed, needs
from chatbot.web.staff.pair_values import (
    LARGEST,
    AnswerBody,
    BackBody,
    DraftBody,
    EditBody,
    Json,
    PairBody,
    SeenBody,
    advice_json,
    one_row_json,
    revision_json,
    row_json,
    stored_json,
    told,
)
from knowledge_base.listing import Filters, Sort
from knowledge_base.pairs import Pair, PairState, Stored
from knowledge_base.store import PairStore

Reader = Annotated[Signed, Depends(needs("agent"))]
Editor = Annotated[Signed, Depends(needs("editor"))]
PairId = Annotated[int, Path(ge=1, le=LARGEST)]
Words = Annotated[str, Query(max_length=500)]
NONE = "-"
"""As a filter: pairs that have no category, language or owner. An empty filter lets all through."""
NUMBER = re.compile(r"#([0-9]{1,18})")
"""As a search: the pair of this id, whatever the filters."""
Problems = Callable[[str], Sequence[str]]
"""What is wrong with an answer in Markdown, a sentence each."""


def pair_routes(
    store: PairStore,
    advise: Callable[[Pair], Advice],
    html_of: Callable[[str], str],
    problems: Problems,
    audit: Audit,
) -> APIRouter:
    """The routes. html_of: an answer in Markdown as clean HTML."""
    routes = APIRouter(prefix="/pairs")
    reading(routes, store)
    advising(routes, advise, html_of, problems)
    writing(routes, store, problems, audit)
    return routes


def reading(routes: APIRouter, store: PairStore) -> None:
    """The list, one pair, and its history."""

    @routes.get("")
    def listed(
        _: Reader,
        search: Words = "",
        category: Words = "",
        language: Literal["", "en", "zh", "-"] = "",
        state: Literal["", PairState] = "",
        owner: Words = "",
        due: bool = False,
        sort: Sort = "id",
        descending: bool = False,
        page: Annotated[int, Query(ge=1, le=10**9)] = 1,
        size: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Json:
        if named := NUMBER.fullmatch(search.strip()):
            rows = [one_row_json(stored) for stored in numbered(store, int(named[1]))]
            return {"total": len(rows), "page": page, "size": size, "pairs": rows if page == 1 else []}
        filters = Filters(search, wanted(category), wanted(language), state or None, wanted(owner), due)
        found = store.page(filters, sort, descending, size, (page - 1) * size)
        return {"total": found.total, "page": page, "size": size, "pairs": [row_json(row) for row in found.rows]}

    @routes.get("/categories")
    def categories(_: Reader) -> Json:
        return {"categories": store.categories(), "owners": store.owners()}

    @routes.get("/{pair_id}")
    def one(pair_id: PairId, _: Reader) -> Json:
        return {"pair": stored_json(store.stored(pair_id))}

    @routes.get("/{pair_id}/history")
    def history(pair_id: PairId, _: Reader) -> Json:
        return {"revisions": [revision_json(revision) for revision in store.history(pair_id)]}


def advising(
    routes: APIRouter, advise: Callable[[Pair], Advice], html_of: Callable[[str], str], problems: Problems
) -> None:
    """What is told while a pair is typed. Nothing is stored."""

    @routes.post("/advice")
    def advice(sent: DraftBody, _: Editor) -> Json:
        told = advice_json(advise(sent.pair(sent.id or 0)))
        return told | {"rendered": html_of(sent.answer), "problems": list(problems(sent.answer))}

    @routes.post("/render")
    def render(sent: AnswerBody, _: Editor) -> Json:
        return {"html": html_of(sent.answer), "problems": list(problems(sent.answer))}


def writing(routes: APIRouter, store: PairStore, problems: Problems, audit: Audit) -> None:
    """Each answers with the pair as it is then. What changed nothing is not audited."""

    @routes.post("")
    def add(sent: PairBody, signed: Editor) -> Json:
        check_answer(sent.answer, problems)
        with told():
            pair = store.add(sent.pair(), by=signed.name)
        audit(signed.name, "pair.added", str(pair.id), pair.state)
        return {"pair": stored_json(store.stored(pair.id))}

    @routes.put("/{pair_id}")
    def save(pair_id: PairId, sent: EditBody, signed: Editor) -> Json:
        check_answer(sent.answer, problems)
        before = store.get(pair_id)
        with told():
            after = store.update(sent.pair(pair_id), revision=sent.revision, by=signed.name)
        return changed(pair_id, signed, "pair.updated", differing(before, after))

    @routes.post("/{pair_id}/withdraw")
    def withdraw(pair_id: PairId, sent: SeenBody, signed: Editor) -> Json:
        before = store.get(pair_id)
        with told():
            after = store.withdraw(pair_id, revision=sent.revision, by=signed.name)
        return changed(pair_id, signed, "pair.withdrawn", differing(before, after))

    @routes.post("/{pair_id}/restore")
    def restore(pair_id: PairId, sent: SeenBody, signed: Editor) -> Json:
        before = store.get(pair_id)
        with told():
            after = store.restore(pair_id, revision=sent.revision, by=signed.name)
        return changed(pair_id, signed, "pair.restored", differing(before, after))

    @routes.post("/{pair_id}/back")
    def back(pair_id: PairId, sent: BackBody, signed: Editor) -> Json:
        before = store.get(pair_id)
        with told():
            after = store.back(pair_id, sent.to, revision=sent.revision, by=signed.name)
        names = differing(before, after)
        return changed(pair_id, signed, "pair.back", f"to revision {sent.to}: {names}" if names else "")

    def changed(pair_id: int, signed: Signed, what: str, detail: str) -> Json:
        if detail:
            audit(signed.name, what, str(pair_id), detail)
        return {"pair": stored_json(store.stored(pair_id))}


def numbered(store: PairStore, pair_id: int) -> list[Stored]:
    """The pair of this id, if there is one."""
    return [store.stored(pair_id)] if store.pairs([pair_id]) else []


def wanted(sent: str) -> str | None:
    """A filter as the store takes it: None lets all through, '' those that have none."""
    return "" if sent == NONE else sent or None


def check_answer(answer: str, problems: Problems) -> None:
    """Raises Problem 400 for an answer that would not be shown as it was meant."""
    if found := problems(answer):
        raise Problem(400, "invalid", " ".join(found), problems=list(found))


def differing(before: Pair, after: Pair) -> str:
    """The names of what differs, for the audit: never the texts themselves."""
    old, new = asdict(before), asdict(after)
    return ", ".join(name for name in old if old[name] != new[name])
