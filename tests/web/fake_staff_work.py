"""The stand-in's routes of templates, trying, imports and the inbox."""

from __future__ import annotations

import csv
import io
from copy import deepcopy

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from chatbot.web.markdown import html_of
from chatbot.web.staff.answers import Problem
from tests.web.fake_staff import Agent, Editor, FakeStaff, Json, now

INTENTS = ["cancel_order", "order_status", "out_of_scope", "refund_status"]


def work_routes(fake: FakeStaff) -> APIRouter:
    routes = APIRouter()
    template_routes(routes, fake)
    try_routes(routes, fake)
    import_routes(routes, fake)
    inbox_routes(routes, fake)
    return routes


def template_routes(routes: APIRouter, fake: FakeStaff) -> None:
    """A template's list holds its revisions, the newest last; the first is the file's."""

    def put(name: str, variants: list[Json], revision: int, by: str) -> Json:
        kept = fake.templates[name]
        if kept[-1]["revision"] != revision:
            message = f"{kept[-1]['updated_by']} has changed '{name}' meanwhile."
            raise Problem(409, "changed", message, now=kept[-1])
        made = {
            **kept[-1],
            "variants": deepcopy(variants),
            "revision": revision + 1,
            "edited": variants != kept[0]["variants"],
            "updated_at": now(),
            "updated_by": by,
        }
        kept.append(made)
        fake.audit(by, "template.updated", name, f"revision {made['revision']}")
        warnings = ["Variant 1 is very short."] if len(variants[0]["text"]) < 6 else []
        return {"template": made, "warnings": warnings}

    @routes.get("/templates")
    def every(_: Agent) -> Json:
        return {"templates": [kept[-1] for kept in fake.templates.values()]}

    @routes.get("/templates/{name}")
    def one(name: str, _: Agent) -> Json:
        if name not in fake.templates:
            raise Problem(404, "not_found", f"There is no response '{name}'.")
        uses = [{"kind": "intent", "name": "greet"}, {"kind": "always", "name": ""}]
        return {"template": fake.templates[name][-1], "used_by": uses, "places": ["ticket"]}

    @routes.put("/templates/{name}")
    def save(name: str, sent: Json, signed: Editor) -> Json:
        return put(name, sent["variants"], sent["revision"], signed.name)

    @routes.get("/templates/{name}/history")
    def history(name: str, _: Agent) -> Json:
        return {
            "revisions": [
                {
                    "revision": one["revision"],
                    "at": one["updated_at"],
                    "by": one["updated_by"],
                    "variants": one["variants"],
                    "edited": one["edited"],
                }
                for one in reversed(fake.templates[name])
            ]
        }

    @routes.post("/templates/{name}/back")
    def back(name: str, sent: Json, signed: Editor) -> Json:
        earlier = next(one for one in fake.templates[name] if one["revision"] == sent["to"])
        return put(name, earlier["variants"], sent["revision"], signed.name)


def try_routes(routes: APIRouter, fake: FakeStaff) -> None:
    @routes.post("/try")
    def ask(sent: Json, _: Agent) -> Json:
        text, words = sent["text"], set(sent["text"].lower().split())
        hits = sorted(
            ((len(words & set(pair["question"].lower().split())) / 9, pair) for pair in fake.pairs.values()),
            key=lambda hit: -hit[0],
        )[:4]
        likeness, best = hits[0]
        sure = likeness > 0.3
        return {
            "reply": [
                {
                    "html": html_of(best["answer"] if sure else "I am sorry, I don't know that."),
                    "buttons": ["Talk to a person"],
                    "pair_id": best["id"] if sure else None,
                    "category": best["category"] if sure else "",
                    "source": best["source_url"] if sure else "",
                }
            ],
            "steps": [
                {"kind": "retrieval", "name": "", "reason": "nearest pair 0.91 >= 0.55", "pair_id": best["id"]}
                if sure
                else {"kind": "fallback", "name": "utter_fallback", "reason": "nearest pair 0.21 < 0.55"}
            ],
            "intents": [{"name": "faq", "confidence": 0.71}, {"name": "order_status", "confidence": 0.2}],
            "nearest": [{"text": "how much is delivery", "intent": "faq", "nearness": 0.93}],
            "words": [{"word": "delivery", "weight": 1.31}, {"word": "cost", "weight": -0.4}],
            "hits": [
                {
                    "pair_id": pair["id"],
                    "question": pair["question"],
                    "phrasing": (pair["similar"] or [pair["question"]])[0],
                    "score": score,
                    "dense": score - 0.1,
                    "lexical": 0.4,
                    "exact": pair["question"] == text,
                }
                for score, pair in hits
            ],
            "entities": ["order_number"],
            "thresholds": {"intent_answer": 0.62, "pair_answer": 0.55, "certified": True},
            "language": sent.get("language", "en"),
            "model": "intents-7",
            "index": "2024-11-22",
            "ms": {"understand": 4.2, "decide": 0.1, "retrieval": 1.3},
            "read": text.replace("100234", "[order]"),
        }

    @routes.get("/try/intents")
    def intents(_: Agent) -> Json:
        return {"intents": INTENTS}

    @routes.post("/try/should")
    def should(sent: Json, signed: Editor) -> Json:
        pair = fake.pair(sent["pair_id"])
        values = {"similar": [*pair["similar"], sent["text"]]}
        return {"pair": fake.store(pair["id"], values, "updated", signed.name)}

    @routes.post("/try/label")
    def label(sent: Json, _: Editor) -> Json:
        fake.labelled.append((sent["text"], sent["intent"]))
        return {}


def import_routes(routes: APIRouter, fake: FakeStaff) -> None:
    @routes.post("/imports/preview")
    async def preview(request: Request, signed: Editor, name: str, format: str = "auto", language: str = "") -> Json:
        rows = list(csv.DictReader(io.StringIO((await request.body()).decode())))
        errors = [
            {"line": line, "message": "answer is empty."} for line, row in enumerate(rows, 2) if not row["answer"]
        ]
        here = {pair["question"]: pair for pair in fake.pairs.values()}
        known = [(line, row, here[row["question"]]) for line, row in enumerate(rows, 2) if row["question"] in here]
        changed = [
            {
                "line": line,
                "pair_id": pair["id"],
                "question": pair["question"],
                "old_answer": pair["answer"],
                "new_answer": row["answer"],
                "fields": ["answer"],
            }
            for line, row, pair in known
            if row["answer"] != pair["answer"] and row["answer"]
        ]
        first: dict[str, int] = {}
        repeats = [
            {"line": line, "question": row["question"], "other_line": first[row["question"]]}
            for line, row in enumerate(rows, 2)
            if first.setdefault(row["question"], line) != line
        ]
        token = f"{name}-{len(fake.previews)}"
        fake.previews[token] = rows
        return {
            "token": token,
            "format": "frontdesk" if format == "auto" else format,
            "rows": len(rows),
            "new": len(rows) - len(known),
            "same": len(known) - len(changed),
            "changed": changed,
            "changed_count": len(changed),
            "repeats": repeats,
            "repeat_count": len(repeats),
            "warnings": [{"line": 2, "message": "A picture is not shown."}] if "![" in str(rows) else [],
            "errors": errors,
            "error_count": len(errors),
            "sample": [{**row, "similar": [], "category": row.get("category", "")} for row in rows[:5]],
        }

    @routes.post("/imports")
    def start(sent: Json, signed: Editor) -> Json:
        rows, added, replaced = fake.previews[sent["token"]], [], []
        here = {pair["question"]: pair["id"] for pair in fake.pairs.values()}
        for row in rows:
            values = {"question": row["question"], "answer": row["answer"]}
            if row["question"] not in here:
                added.append(fake.add(values, signed.name, "imported")["id"])
            elif sent["duplicates"] == "replace":
                number = here[row["question"]]
                replaced.append((number, fake.pairs[number]["answer"]))
                fake.store(number, values, "imported", signed.name)
        number = len(fake.imports) + 1
        counts = {"added": len(added), "replaced": len(replaced), "skipped": len(rows) - len(added) - len(replaced)}
        name = sent["token"].rsplit("-", 1)[0]
        one = {"id": number, "at": now(), "by": signed.name, "name": name, **counts, "undone_at": None}
        fake.imports.insert(0, {**one, "_added": added, "_replaced": replaced})
        fake.jobs[f"job{number}"] = {"done": 0, "total": len(rows), "import_id": number}
        return {"job": f"job{number}"}

    @routes.get("/imports/jobs/{job}")
    def far(job: str, _: Editor) -> Json:
        if job not in fake.jobs:
            raise Problem(404, "not_found", f"There is no import '{job}'.")
        kept = fake.jobs[job]
        kept["done"] = min(kept["total"], kept["done"] + max(1, kept["total"] // 2))
        state = "done" if kept["done"] == kept["total"] else "running"
        return {**kept, "state": state, "message": ""}

    @routes.get("/imports")
    def past(_: Editor) -> Json:
        return {"imports": [{k: v for k, v in one.items() if k[0] != "_"} for one in fake.imports]}

    @routes.post("/imports/{number}/undo")
    def undo(number: int, signed: Editor) -> Json:
        one = next(one for one in fake.imports if one["id"] == number)
        one["undone_at"] = now()
        untouched = [pair for pair in one["_added"] if fake.pairs[pair]["revision"] == 1]
        for pair in untouched:
            fake.store(pair, {"state": "withdrawn"}, "undone", signed.name)
        for pair, answer in one["_replaced"]:
            fake.store(pair, {"answer": answer}, "undone", signed.name)
        kept = [pair for pair in one["_added"] if pair not in untouched]
        return {"withdrawn": len(untouched), "restored": len(one["_replaced"]), "kept": kept}

    @routes.get("/export")
    def export(_: Editor, format: str) -> PlainTextResponse:
        text = "question,answer\n" + "".join(f"{pair['question']},…\n" for pair in fake.pairs.values())
        name = {"Content-Disposition": f'attachment; filename="pairs.{format}"'}
        return PlainTextResponse(text, headers=name)


def inbox_routes(routes: APIRouter, fake: FakeStaff) -> None:
    def group_json(group: Json) -> Json:
        turns = group["turns"]
        return {
            **{key: group[key] for key in ("key", "customers", "language", "handled", "answered", "suggestion")},
            "size": len(turns) + group["customers"],
            "sample": [text_json(turn) for turn in turns[:5]],
            "routes": {route: len([t for t in turns if t["route"] == route]) for route in ("fallback", "clarify")},
            "last_at": max(turn["at"] for turn in turns),
        }

    def text_json(turn: Json) -> Json:
        kept = {key: turn[key] for key in ("text", "at", "route", "rating")}
        return {**kept, "turns": 1, "offered": "[" not in turn["text"]}

    def group(key: str, sent: Json | None = None) -> Json:
        if key not in fake.groups:
            raise Problem(404, "not_found", "There is no such group; it may be older than the period.")
        found = fake.groups[key]
        if sent is not None and found["handled"] and not sent.pop("anyway", False):
            message = f"{found['handled']['by']} has handled this group already."
            raise Problem(409, "handled", message, handled=found["handled"])
        return found

    def settled(found: Json, how: str, subject: str, by: str, answered: float) -> Json:
        found |= {"handled": {"how": how, "subject": subject, "at": now(), "by": by}, "answered": answered}
        return {"answered": answered}

    @routes.get("/inbox")
    def listed(_: Agent, days: int = 30, language: str = "", page: int = 1, size: int = 20) -> Json:
        found = [group_json(one) for one in fake.groups.values() if language in ("", one["language"])]
        turns = sum(one["size"] for one in found)
        return {"total": len(found), "turns": turns, "groups": found[(page - 1) * size : page * size]}

    @routes.get("/inbox/{key}")
    def one(key: str, _: Agent, days: int = 30) -> Json:
        found = group(key)
        texts = [text_json(turn) for turn in found["turns"]]
        return {"group": group_json(found), "texts": texts, "turns": found["turns"]}

    @routes.post("/inbox/{key}/pair")
    def pair(key: str, sent: Json, signed: Editor) -> Json:
        found = group(key, sent)
        made = fake.add({"category": "", **sent}, signed.name)
        return {"pair": made, **settled(found, "pair", str(made["id"]), signed.name, 0.8)}

    @routes.post("/inbox/{key}/similar")
    def similar(key: str, sent: Json, signed: Editor) -> Json:
        found = group(key, sent)
        old = fake.pair(sent["pair_id"])
        texts = [turn["text"] for turn in found["turns"]]
        made = fake.store(old["id"], {"similar": [*old["similar"], *texts]}, "updated", signed.name)
        return {"pair": made, **settled(found, "similar", str(made["id"]), signed.name, 1.0)}

    @routes.post("/inbox/{key}/outside")
    def outside(key: str, sent: Json, signed: Editor) -> Json:
        found = group(key, sent)
        return {"labelled": len(found["turns"]), **settled(found, "outside", "", signed.name, 0.5)}

    @routes.post("/inbox/{key}/again")
    def again(key: str, _: Agent) -> Json:
        found = group(key)
        found["answered"] = 0.9
        return {"answered": 0.9}
