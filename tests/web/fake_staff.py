"""A stand-in for the console's server: the routes below /staff/api in memory, with the page mounted beside them.

Who may do what, how errors are told and the header of writing requests are the real ones (chatbot.web.staff.answers).
"""

from __future__ import annotations

import secrets
from copy import deepcopy
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from chatbot.accounts.people import Role
from chatbot.messages import Language
from chatbot.web.app import create_app
from chatbot.web.staff.answers import Problem, Signed, needs, staff_app
from tests.web import fake_staff_data as data
from tests.web.fake_chat import FakeChat

SHOP: dict[Language, str] = {"en": "Maple & Moss", "zh": "枫苔家居"}
COOKIE = "frontdesk_staff"
PASSWORD = "four words in a row"
Json = dict[str, Any]
Agent = Annotated[Signed, Depends(needs("agent"))]
Editor = Annotated[Signed, Depends(needs("editor"))]
Admin = Annotated[Signed, Depends(needs("admin"))]


class FakeStaff:
    """ana is an admin, mei an editor, tom an agent; all have PASSWORD.

    first_token: of the link for the first admin. broken: whether the next reading fails. labelled: what was kept for
    the night.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        roles: dict[str, Role] = {"ana": "admin", "mei": "editor", "tom": "agent"}
        self.people: dict[str, Json] = {name: person(name, role) for name, role in roles.items()}
        self.sessions: dict[str, str] = {}
        self.pairs: dict[int, Json] = {pair["id"]: pair for pair in data.pairs()}
        self.histories: dict[int, list[Json]] = {number: [] for number in self.pairs}
        for pair in self.pairs.values():
            self.remember(pair, "added")
        self.templates: dict[str, list[Json]] = {one["name"]: [one] for one in data.templates()}
        self.groups = data.groups()
        self.imports: list[Json] = []
        self.previews: dict[str, list[Json]] = {}
        self.jobs: dict[str, Json] = {}
        self.entries: list[Json] = []
        self.labelled: list[tuple[str, str]] = []
        self.first_token = "the-one-time-token"
        self.broken = False
        self.asked: list[str] = []
        for number in range(130):
            self.audit("mei", "pair.updated", str(number % 9 + 1), "answer")

    def audit(self, who: str, what: str, subject: str, detail: str) -> None:
        entry = {"id": len(self.entries) + 1, "at": now(), "who": who, "what": what, "subject": subject}
        self.entries.append({**entry, "detail": detail})

    def signed_in(self, request: Request) -> Signed | None:
        self.asked.append(f"{request.method} {request.url.path.removeprefix('/staff/api/')}")
        found = self.people.get(self.sessions.get(request.cookies.get(COOKIE, ""), ""))
        return Signed(found["name"], found["role"]) if found and found["active"] else None

    # -- pairs, as any route changes them

    def remember(self, pair: Json, kind: str) -> None:
        own = {key: value for key, value in pair.items() if key not in ("revision", "updated_at", "updated_by")}
        told = {"revision": pair["revision"], "at": pair["updated_at"], "by": pair["updated_by"], "kind": kind}
        self.histories.setdefault(pair["id"], []).insert(0, {**told, "pair": deepcopy(own)})

    def store(self, number: int, values: Json, kind: str, by: str) -> Json:
        """The pair as it is afterwards; a new one if there is none of that number."""
        old = self.pairs.get(number) or data.pair(number, "", "", "", [], "") | {"revision": 0}
        changed = {**old, **values, "revision": old["revision"] + 1, "updated_at": now(), "updated_by": by}
        self.pairs[number] = changed
        self.remember(changed, kind)
        self.audit(by, f"pair.{kind}", str(number), ", ".join(values))
        return changed

    def add(self, values: Json, by: str, kind: str = "added") -> Json:
        for pair in self.pairs.values():
            if pair["question"].lower() == values["question"].strip().lower() and pair["state"] != "withdrawn":
                message = f"The question '{pair['question']}' is already answered by pair {pair['id']}."
                raise Problem(409, "duplicate", message, pair_id=pair["id"], question=pair["question"])
        return self.store(max(self.pairs) + 1, values, kind, by)

    def pair(self, number: int) -> Json:
        if number not in self.pairs:
            raise Problem(404, "not_found", f"There is no pair {number}.")
        return self.pairs[number]

    def unchanged(self, number: int, revision: int) -> Json:
        pair = self.pair(number)
        if pair["revision"] != revision:
            raise Problem(409, "changed", f"{pair['updated_by']} has changed pair {number} meanwhile.", now=pair)
        return pair


def person(name: str, role: Role) -> Json:
    created = "2024-10-01T08:00:00Z"
    return {"name": name, "role": role, "active": True, "password": PASSWORD, "created_at": created, "last_seen": None}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def console(fake: FakeStaff) -> FastAPI:
    """The web app with the stand-in's routes in place of the real ones."""
    from tests.web.fake_staff_pairs import pair_routes
    from tests.web.fake_staff_work import work_routes

    staff = staff_app(fake.signed_in, [session_routes(fake), pair_routes(fake), work_routes(fake)])
    return create_app(FakeChat(), shop_name=SHOP, storage_secret="for tests", status=dict, staff=staff)


def session_routes(fake: FakeStaff) -> APIRouter:
    """Session, password, the first admin, team and audit."""
    routes = APIRouter()

    def opened(name: str, response: Response) -> Json:
        key = secrets.token_urlsafe()
        fake.sessions[key] = name
        response.set_cookie(COOKIE, key, path="/staff", httponly=True, samesite="strict")
        fake.people[name]["last_seen"] = now()
        return {"me": {"name": name, "role": fake.people[name]["role"]}}

    @routes.post("/session")
    def sign_in(sent: Json, response: Response) -> Json:
        found = fake.people.get(sent["name"])
        if sent["password"] == "again and again":
            raise Problem(429, "throttled", "Too many attempts. Try again in 30 seconds.", retry_after_s=30)
        if not found or not found["active"] or found["password"] != sent["password"]:
            raise Problem(401, "wrong_credentials", "The name or the password is wrong.")
        return opened(sent["name"], response)

    @routes.get("/session")
    def session(signed: Agent) -> Json:
        return {"me": {"name": signed.name, "role": signed.role}}

    @routes.delete("/session")
    def sign_out(_: Agent, request: Request) -> Json:
        fake.sessions.pop(request.cookies[COOKIE], None)
        return {}

    @routes.post("/password")
    def password(sent: Json, signed: Agent) -> Json:
        if fake.people[signed.name]["password"] != sent["old"]:
            raise Problem(401, "wrong_credentials", "The old password is wrong.")
        fake.people[signed.name]["password"] = sent["new"]
        return {}

    @routes.get("/first")
    def first_needed() -> Json:
        return {"needed": not fake.people}

    @routes.post("/first")
    def first(sent: Json, response: Response) -> Json:
        if sent["token"] != fake.first_token:
            raise Problem(403, "used_or_unknown", "This link has been used, or it is unknown.")
        fake.first_token = ""
        fake.people[sent["name"]] = person(sent["name"], "admin") | {"password": sent["password"]}
        return opened(sent["name"], response)

    @routes.get("/team")
    def team(_: Admin) -> Json:
        hidden = ("password",)
        return {"staff": [{k: v for k, v in one.items() if k not in hidden} for one in fake.people.values()]}

    @routes.post("/team")
    def add(sent: Json, signed: Admin) -> Json:
        if sent["name"] in fake.people:
            raise Problem(409, "duplicate", f"There is an account '{sent['name']}' already. Choose another name.")
        if len(sent["password"]) < 10:
            count = len(sent["password"])
            raise Problem(400, "invalid", f"The password has {count} characters; allowed are 10 to 200.")
        fake.people[sent["name"]] = person(sent["name"], sent["role"]) | {"password": sent["password"]}
        fake.audit(signed.name, "staff.added", sent["name"], sent["role"])
        return {"member": sent["name"]}

    @routes.patch("/team/{name}")
    def change(name: str, sent: Json, signed: Admin) -> Json:
        if sent.get("role", "admin") != "admin" and name == signed.name:
            raise Problem(409, "last_admin", f"{name} is the last active admin. Make somebody else one first.")
        fake.people[name] |= sent
        fake.audit(signed.name, "staff.changed", name, ", ".join(sent))
        return {"member": name}

    @routes.get("/audit")
    def audit(_: Admin, before: int = 10**9, limit: int = 100, who: str = "", what: str = "") -> Json:
        found = [e for e in reversed(fake.entries) if e["id"] < before and who in e["who"] and what in e["what"]]
        return {"entries": found[:limit], "more": len(found) > limit}

    return routes
