"""The stand-in's routes of question-answer pairs."""

from __future__ import annotations

from difflib import SequenceMatcher

from fastapi import APIRouter

from chatbot.web.markdown import html_of
from chatbot.web.staff.answers import Problem
from tests.web.fake_staff import Agent, Editor, FakeStaff, Json

TODAY = "2026-01-01"


def pair_routes(fake: FakeStaff) -> APIRouter:
    routes = APIRouter(prefix="/pairs")

    @routes.get("")
    def listed(
        _: Agent,
        search: str = "",
        category: str = "",
        language: str = "",
        state: str = "",
        owner: str = "",
        due: bool = False,
        sort: str = "id",
        descending: bool = False,
        page: int = 1,
        size: int = 50,
    ) -> Json:
        if fake.broken:
            fake.broken = False
            raise Problem(503, "busy", "The knowledge base is busy. Try again in a moment.")
        given = {"category": category, "language": language, "state": state, "owner": owner}
        found = [
            pair
            for pair in fake.pairs.values()
            if all(pair[key] == ("" if value == "-" else value) for key, value in given.items() if value)
            and (not due or (pair["review_by"] or "9") <= TODAY)
            and matches(pair, search)
        ]
        key = {"updated": "updated_at", "review": "review_by"}.get(sort, sort)
        found.sort(key=lambda pair: (pair[key] is None, pair[key] or 0), reverse=descending)
        shown = found[(page - 1) * size : page * size]
        return {"total": len(found), "page": page, "size": size, "pairs": [row(pair) for pair in shown]}

    @routes.get("/categories")
    def categories(_: Agent) -> Json:
        pairs = fake.pairs.values()
        return {key: sorted({pair[field] for pair in pairs} - {""}) for key, field in LISTS.items()}

    @routes.get("/{number}")
    def one(number: int, _: Agent) -> Json:
        return {"pair": fake.pair(number)}

    @routes.get("/{number}/history")
    def history(number: int, _: Agent) -> Json:
        fake.pair(number)
        return {"revisions": fake.histories[number]}

    @routes.post("/render")
    def render(sent: Json, _: Editor) -> Json:
        return {"html": html_of(sent["answer"])}

    @routes.post("/advice")
    def advice(sent: Json, _: Editor) -> Json:
        return advised(fake, sent)

    @routes.post("")
    def add(sent: Json, signed: Editor) -> Json:
        check(sent)
        return {"pair": fake.add(sent, signed.name)}

    @routes.put("/{number}")
    def save(number: int, sent: Json, signed: Editor) -> Json:
        fake.unchanged(number, sent.pop("revision"))
        check(sent)
        return {"pair": fake.store(number, sent, "updated", signed.name)}

    @routes.post("/{number}/{act}")
    def act(number: int, act: str, sent: Json, signed: Editor) -> Json:
        fake.unchanged(number, sent["revision"])
        if act == "back":
            earlier = next(one for one in fake.histories[number] if one["revision"] == sent["to"])
            values = {key: value for key, value in earlier["pair"].items() if key != "id"}
            return {"pair": fake.store(number, values, "back", signed.name)}
        state, kind = {"withdraw": ("withdrawn", "withdrawn"), "restore": ("published", "restored")}[act]
        return {"pair": fake.store(number, {"state": state}, kind, signed.name)}

    return routes


LISTS = {"categories": "category", "owners": "owner"}


def matches(pair: Json, search: str) -> bool:
    if search.startswith("#"):
        return str(pair["id"]) == search[1:]
    text = "\n".join([pair["question"], pair["answer"], *pair["similar"]]).lower()
    return all(word in text for word in search.lower().split())


def row(pair: Json) -> Json:
    own = {key: value for key, value in pair.items() if key != "similar"}
    return {**own, "similar_count": len(pair["similar"])}


def check(pair: Json) -> None:
    """As the store does, for what the tests try."""
    if pair["state"] == "withdrawn":
        raise Problem(400, "invalid", "A pair is withdrawn by its own route.")
    if pair["source_url"] and not pair["source_url"].startswith(("https://", "http://")):
        raise Problem(400, "invalid", f"The source is '{pair['source_url']}'; it must begin with http:// or https://.")
    if "<script" in pair["answer"]:
        problems = ["Raw HTML is not allowed: '<script>'.", "Write Markdown instead."]
        raise Problem(400, "invalid", " ".join(problems), problems=problems)


def advised(fake: FakeStaff, draft: Json) -> Json:
    near = []
    for pair in fake.pairs.values():
        if pair["id"] == draft.get("id") or pair["state"] != "published":
            continue
        likeness, phrasing = max(
            (SequenceMatcher(None, draft["question"].lower(), one.lower()).ratio(), one)
            for one in (pair["question"], *pair["similar"])
        )
        if likeness > 0.8:
            near.append((likeness, phrasing, pair))
    near.sort(key=lambda one: -one[0])
    delivery = "deliver" in draft["question"].lower()
    examples = ["how much is shipping to [place]", "postage for one cup"]
    takes = [{"pair_id": 1, "question": fake.pairs[1]["question"], "count": 12, "examples": examples}]
    return {
        "near": [
            {
                "pair_id": pair["id"],
                "question": pair["question"],
                "phrasing": phrasing,
                "score": likeness,
                "same_answer": pair["answer"] == draft["answer"],
            }
            for likeness, phrasing, pair in near[:3]
        ],
        "contradicts": [
            {"pair_id": pair["id"], "question": pair["question"], "answer": pair["answer"], "score": likeness}
            for likeness, _, pair in near[:2]
            if likeness > 0.9 and draft["answer"] and pair["answer"] != draft["answer"]
        ],
        "hidden_by": {"intent": "refund_status", "confidence": 0.93, "answer_from": 0.62}
        if "refund" in draft["question"].lower()
        else None,
        "taken": {
            "asked": 40,
            "from": takes if delivery else [],
            "from_rules": [{"name": "utter_reschedule_delivery", "count": 2, "examples": []}] if delivery else [],
            "new": 3 if delivery else 0,
            "new_examples": ["do you deliver at night"] if delivery else [],
            "lost": 0,
        },
        "rendered": html_of(draft["answer"]),
    }
