"""Signing in, the team and the audit log over HTTP: what each route answers to whom, and what a cookie is worth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from chatbot.accounts.store import Accounts
from chatbot.web.staff.answers import staff_app
from chatbot.web.staff.session import COOKIE, TOLD, session_routes, signed_in
from chatbot.web.staff.team import team_routes
from tests.accounts.small import HERE, PASSWORD, Clock, everything_in, opened, with_team

NEW = "another maple in moss"
HEADERS = {"X-Frontdesk": "1"}
ROLE_OF = {"ann": "agent", "ed": "editor", "ada": "admin"}

ROUTES: dict[tuple[str, str], tuple[str, Any]] = {
    ("POST", "/session"): ("", {"name": "ann", "password": PASSWORD}),
    ("GET", "/session"): ("agent", None),
    ("DELETE", "/session"): ("agent", None),
    ("POST", "/password"): ("agent", {"old": PASSWORD, "new": NEW}),
    ("GET", "/first"): ("", None),
    ("POST", "/first"): ("", {"token": "x", "name": "eve", "password": PASSWORD}),
    ("GET", "/team"): ("admin", None),
    ("POST", "/team"): ("admin", {"name": "mei", "password": PASSWORD, "role": "agent"}),
    ("PATCH", "/team/{name}"): ("admin", {"role": "editor"}),
    ("GET", "/audit"): ("admin", None),
}
"""Each route: the role it needs, '' for none, and a body that is good."""
NEED_A_ROLE = [route for route, (role, _) in ROUTES.items() if role]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock) -> Iterator[Accounts]:
    accounts = with_team(opened(tmp_path, clock))
    yield accounts
    accounts.close()


@pytest.fixture
def app(accounts: Accounts) -> FastAPI:
    return site(accounts)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with browser(app) as client:
        yield client


def site(accounts: Accounts) -> FastAPI:
    app = FastAPI()
    app.mount("/staff/api", staff_app(signed_in(accounts), [session_routes(accounts), team_routes(accounts)]))
    return app


def browser(app: FastAPI, base: str = "http://testserver", root_path: str = "", address: str = HERE) -> TestClient:
    return TestClient(app, base, headers=HEADERS, root_path=root_path, client=(address, 50000))


def sign_in(client: TestClient, name: str = "ann", password: str = PASSWORD) -> Any:
    return client.post("/staff/api/session", json={"name": name, "password": password})


def ask(client: TestClient, route: tuple[str, str]) -> tuple[int, Any]:
    method, path = route
    answer = client.request(method, f"/staff/api{path.format(name='ed')}", json=ROUTES[route][1])
    return answer.status_code, answer.json()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def cookie_of(answer: Any) -> Morsel[str]:
    cookie: SimpleCookie = SimpleCookie(answer.headers["set-cookie"])
    return cookie[COOKIE]


def value_of(client: TestClient) -> str:
    return str(client.cookies[COOKIE])


def with_value(client: TestClient, value: str) -> None:
    """The browser sends this value from now on."""
    client.cookies.clear()
    client.cookies.set(COOKIE, value, domain="testserver.local", path="/staff")


# -- route by route


def test_the_table_holds_every_route(accounts: Accounts) -> None:
    found = {
        (method, route.path)  # type: ignore[attr-defined]
        for routes in (session_routes(accounts), team_routes(accounts))
        for route in routes.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert found == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("name", ROLE_OF)
def test_each_role_reaches_what_it_may_and_nothing_else(client: TestClient, name: str, route: tuple[str, str]) -> None:
    sign_in(client, name)
    status, told = ask(client, route)
    needed = ROUTES[route][0]
    order = ["", "agent", "editor", "admin"]
    if order.index(ROLE_OF[name]) < order.index(needed):
        assert (status, told["error"]["code"]) == (403, "not_allowed")
    elif route == ("POST", "/first"):
        assert (status, told["error"]["code"]) == (403, "used_or_unknown")
    else:
        assert status == 200


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_nobody_reaches_only_what_signing_in_takes(client: TestClient, route: tuple[str, str]) -> None:
    status, told = ask(client, route)
    if route in NEED_A_ROLE:
        assert (status, told["error"]["code"]) == (401, "not_signed_in")
    else:
        assert status == (403 if route == ("POST", "/first") else 200)


def expired(client: TestClient, accounts: Accounts, clock: Clock) -> None:
    clock.go(hours=12)


def signed_out(client: TestClient, accounts: Accounts, clock: Clock) -> None:
    value = value_of(client)
    assert client.delete("/staff/api/session").status_code == 200
    with_value(client, value)


def tampered(client: TestClient, accounts: Accounts, clock: Clock) -> None:
    value = value_of(client)
    with_value(client, ("B" if value[0] == "A" else "A") + value[1:])


def unsigned(client: TestClient, accounts: Accounts, clock: Clock) -> None:
    with_value(client, value_of(client).rpartition(".")[0])


def deactivated(client: TestClient, accounts: Accounts, clock: Clock) -> None:
    accounts.add("bob", PASSWORD, "admin", by="tests")
    accounts.change("ada", "bob", active=False)


def with_a_new_password(client: TestClient, accounts: Accounts, clock: Clock) -> None:
    accounts.change("ada", "command line", password=NEW)


@pytest.mark.parametrize("route", NEED_A_ROLE, ids=" ".join)
@pytest.mark.parametrize("end", [expired, signed_out, tampered, unsigned, deactivated, with_a_new_password])
def test_a_session_that_has_ended_is_nobodys(
    client: TestClient,
    accounts: Accounts,
    clock: Clock,
    route: tuple[str, str],
    end: Callable[[TestClient, Accounts, Clock], None],
) -> None:
    sign_in(client, "ada")
    assert client.get("/staff/api/team").status_code == 200
    end(client, accounts, clock)
    assert COOKIE in client.cookies
    before = accounts.staff(), accounts.entries()
    status, told = ask(client, route)
    assert (status, told["error"]["code"]) == (401, "not_signed_in")
    assert (accounts.staff(), accounts.entries()) == before


@pytest.mark.parametrize("route", [route for route in ROUTES if route[0] != "GET"], ids=" ".join)
def test_a_page_of_another_site_changes_nothing(app: FastAPI, accounts: Accounts, route: tuple[str, str]) -> None:
    with TestClient(app, client=(HERE, 50000)) as client:
        client.post("/staff/api/session", json={"name": "ada", "password": PASSWORD}, headers=HEADERS)
        before = accounts.staff(), accounts.entries()
        status, told = ask(client, route)
    assert (status, told["error"]["code"]) == (403, "no_header")
    assert (accounts.staff(), accounts.entries()) == before


# -- the session


def test_signing_in_tells_who_one_is_and_signing_out_ends_it(client: TestClient) -> None:
    assert sign_in(client, " ED ").json() == {"me": {"name": "ed", "role": "editor"}}
    assert client.get("/staff/api/session").json() == {"me": {"name": "ed", "role": "editor"}}
    gone = client.delete("/staff/api/session")
    assert gone.json() == {}
    assert (cookie_of(gone)["max-age"], cookie_of(gone)["path"]) == ("0", "/staff")
    assert COOKIE not in client.cookies
    assert code(client.get("/staff/api/session")) == (401, "not_signed_in")


@pytest.mark.parametrize("name", ["ann", "nobody", "", "a b", "x" * 200])
def test_wrong_names_and_wrong_passwords_are_told_alike(client: TestClient, name: str) -> None:
    answer = sign_in(client, name, "a wrong password")
    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "wrong_credentials", "message": "Name or password is wrong."}}
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("field", ["name", "password"])
def test_half_a_surrogate_pair_is_refused_and_not_a_fault(client: TestClient, field: str) -> None:
    body = '{"name": "ann", "password": "a wrong password"}'.replace(f'"{field}": "a', f'"{field}": "\\ud800')
    answer = client.post("/staff/api/session", content=body, headers={"content-type": "application/json"})
    assert code(answer) == (400, "invalid")


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_lasts_a_week(client: TestClient) -> None:
    cookie = cookie_of(sign_in(client))
    kept = {name: value for name, value in cookie.items() if value}
    assert kept == {"httponly": True, "samesite": "strict", "path": "/staff", "max-age": str(7 * 24 * 3600)}
    assert re.fullmatch(r"[\w-]{43}\.[0-9a-f]{64}", cookie.value)


def test_behind_https_the_cookie_is_sent_encrypted_only(app: FastAPI) -> None:
    with browser(app, "https://testserver") as client:
        assert cookie_of(sign_in(client))["secure"] is True
        assert cookie_of(client.post("/staff/api/password", json={"old": PASSWORD, "new": NEW}))["secure"] is True
        assert cookie_of(client.delete("/staff/api/session"))["secure"] is True


def test_below_a_path_of_a_proxy_the_cookie_lies_there_too(app: FastAPI) -> None:
    with browser(app, root_path="/shop/bot") as client:
        answer = client.post("/shop/bot/staff/api/session", json={"name": "ann", "password": PASSWORD})
        assert cookie_of(answer)["path"] == "/shop/bot/staff"


def test_each_sign_in_has_a_value_of_its_own_and_ends_the_one_before_in_this_browser(
    client: TestClient, accounts: Accounts
) -> None:
    sign_in(client, "ada")
    before = value_of(client)
    sign_in(client, "ann")
    assert value_of(client) != before
    assert accounts.signed_in(before) is None
    assert client.get("/staff/api/session").json()["me"]["name"] == "ann"


def test_a_value_that_somebody_brings_along_is_never_taken_over(client: TestClient) -> None:
    with_value(client, "chosen-by-a-stranger")
    assert cookie_of(sign_in(client)).value != "chosen-by-a-stranger"


def test_too_many_failures_are_told_with_the_seconds_to_wait(client: TestClient, clock: Clock) -> None:
    for _ in range(5):
        assert code(sign_in(client, password="a wrong password")) == (401, "wrong_credentials")
    answer = sign_in(client)
    assert code(answer) == (429, "throttled")
    assert answer.json()["error"]["retry_after_s"] == 30
    clock.go(seconds=30)
    assert sign_in(client).status_code == 200


def test_the_address_that_guesses_many_names_waits_and_another_does_not(app: FastAPI) -> None:
    with browser(app) as guesser, browser(app, address="198.51.100.7") as other:
        for number in range(20):
            assert code(sign_in(guesser, f"guess{number}")) == (401, "wrong_credentials")
        assert code(sign_in(guesser, "ann")) == (429, "throttled")
        assert sign_in(other, "ann").status_code == 200


def test_what_counts_as_the_address_can_be_chosen(accounts: Accounts) -> None:
    routes = session_routes(accounts, where_from=lambda request: request.headers["x-from"])
    app = FastAPI()
    app.mount("/staff/api", staff_app(signed_in(accounts), [routes]))
    with browser(app) as client:
        client.headers["x-from"] = "192.0.2.1"
        sign_in(client)
    assert accounts.entries(limit=1)[0].detail == "from 192.0.2.1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("session", {"name": "ann"}),
        ("session", {"name": "ann", "password": PASSWORD, "role": "admin"}),
        ("session", {"name": ["ann"], "password": PASSWORD}),
        ("session", {"name": "a" * 201, "password": PASSWORD}),
        ("session", {"name": "ann", "password": "a" * 1001}),
        ("first", {"name": "ann", "password": PASSWORD, "token": "a" * 201}),
        ("session", []),
    ],
)
def test_a_body_that_is_not_as_agreed_is_refused_without_repeating_it(client: TestClient, path: str, body: Any) -> None:
    answer = client.post(f"/staff/api/{path}", json=body)
    assert code(answer) == (400, "invalid")
    assert PASSWORD not in answer.text
    assert "aaaa" not in answer.text


# -- one's own password


def test_a_new_password_keeps_this_browser_signed_in_and_no_other(app: FastAPI) -> None:
    with browser(app) as here, browser(app) as there:
        sign_in(here)
        sign_in(there)
        assert here.post("/staff/api/password", json={"old": PASSWORD, "new": NEW}).json() == {}
        assert here.get("/staff/api/session").status_code == 200
        assert there.get("/staff/api/session").status_code == 401
        assert code(sign_in(there)) == (401, "wrong_credentials")
        assert sign_in(there, password=NEW).status_code == 200


def test_a_wrong_old_password_or_a_weak_new_one_changes_nothing(client: TestClient) -> None:
    sign_in(client)
    wrong = client.post("/staff/api/password", json={"old": "a wrong password", "new": NEW})
    assert code(wrong) == (401, "wrong_credentials")
    weak = client.post("/staff/api/password", json={"old": PASSWORD, "new": "password123"})
    assert code(weak) == (400, "invalid")
    assert "password123" not in weak.text
    assert client.get("/staff/api/session").status_code == 200
    assert sign_in(client).status_code == 200


def test_a_stolen_session_cannot_guess_the_password(client: TestClient) -> None:
    sign_in(client)
    for _ in range(5):
        client.post("/staff/api/password", json={"old": "a wrong password", "new": NEW})
    assert code(client.post("/staff/api/password", json={"old": PASSWORD, "new": NEW})) == (429, "throttled")


# -- the first admin


def test_the_first_admin_comes_by_a_token_once(tmp_path: Path, clock: Clock) -> None:
    accounts = opened(tmp_path / "new", clock)
    with browser(site(accounts)) as client:
        assert client.get("/staff/api/first").json() == {"needed": True}
        body = {"token": accounts.first_token(), "name": "Ada", "password": PASSWORD}
        assert code(client.post("/staff/api/first", json={**body, "password": "short"})) == (400, "invalid")
        assert code(client.post("/staff/api/first", json={**body, "token": "guessed"})) == (403, "used_or_unknown")
        answer = client.post("/staff/api/first", json=body)
        assert answer.json() == {"me": {"name": "ada", "role": "admin"}}
        assert client.get("/staff/api/team").status_code == 200
        assert client.get("/staff/api/first").json() == {"needed": False}
        assert code(client.post("/staff/api/first", json={**body, "name": "eve"})) == (403, "used_or_unknown")
        assert [person.name for person in accounts.staff()] == ["ada"]
    accounts.close()


# -- the team


def test_the_team_is_listed_without_anything_secret(client: TestClient, clock: Clock) -> None:
    sign_in(client, "ada")
    told = client.get("/staff/api/team").json()
    now = "2026-03-02T09:00:00.000+00:00"
    assert told == {
        "staff": [
            {"name": "ada", "role": "admin", "active": True, "created_at": now, "last_seen": now},
            {"name": "ann", "role": "agent", "active": True, "created_at": now, "last_seen": None},
            {"name": "ed", "role": "editor", "active": True, "created_at": now, "last_seen": None},
        ]
    }


def test_an_admin_adds_somebody_who_then_signs_in(client: TestClient, app: FastAPI) -> None:
    sign_in(client, "ada")
    body = {"name": "小梅", "password": NEW, "role": "editor"}
    added = client.post("/staff/api/team", json=body)
    assert added.json()["member"]["name"] == "小梅"
    assert code(client.post("/staff/api/team", json=body)) == (409, "duplicate")
    for change in ({"name": "a b"}, {"password": "short"}, {"role": "owner"}, {"active": False}):
        assert code(client.post("/staff/api/team", json={**body, **change})) == (400, "invalid")
    with browser(app) as other:
        assert sign_in(other, "小梅", NEW).json() == {"me": {"name": "小梅", "role": "editor"}}


def test_an_admin_changes_role_activity_and_password_of_others(client: TestClient, app: FastAPI) -> None:
    sign_in(client, "ada")
    with browser(app) as ann:
        sign_in(ann)
        changed = client.patch("/staff/api/team/ANN", json={"role": "editor"}).json()["member"]
        assert (changed["name"], changed["role"], changed["active"]) == ("ann", "editor", True)
        assert ann.get("/staff/api/session").status_code == 401
        sign_in(ann)
        assert client.patch("/staff/api/team/ann", json={"active": False}).json()["member"]["active"] is False
        assert ann.get("/staff/api/session").status_code == 401
        assert code(sign_in(ann)) == (401, "wrong_credentials")
        client.patch("/staff/api/team/ann", json={"active": True, "password": NEW})
        assert sign_in(ann, password=NEW).json() == {"me": {"name": "ann", "role": "editor"}}


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("nobody", {"active": False}, (404, "not_found")),
        ("ann", {}, (400, "invalid")),
        ("ann", {"role": None}, (400, "invalid")),
        ("ann", {"role": "owner"}, (400, "invalid")),
        ("ann", {"password": "short"}, (400, "invalid")),
        ("ann", {"name": "eve"}, (400, "invalid")),
        ("ada", {"role": "agent"}, (409, "last_admin")),
        ("ada", {"active": False}, (409, "last_admin")),
        ("Ada", {"password": NEW}, (400, "invalid")),
    ],
)
def test_a_change_that_is_not_allowed_changes_nothing(
    client: TestClient, accounts: Accounts, name: str, body: Any, told: tuple[int, str]
) -> None:
    sign_in(client, "ada")
    before = accounts.staff(), accounts.entries()
    assert code(client.patch(f"/staff/api/team/{name}", json=body)) == told
    assert (accounts.staff(), accounts.entries()) == before
    assert client.get("/staff/api/session").status_code == 200


# -- the audit log


def test_the_audit_log_is_read_in_pages(client: TestClient, accounts: Accounts) -> None:
    sign_in(client, "ada")
    for number in range(5):
        accounts.audit("ed", "pair.updated", str(number), "answer")
    first = client.get("/staff/api/audit?limit=3&who=ed").json()
    assert [entry["subject"] for entry in first["entries"]] == ["4", "3", "2"]
    assert first["more"] is True
    last = client.get(f"/staff/api/audit?limit=3&who=ed&before={first['entries'][-1]['id']}").json()
    assert [entry["subject"] for entry in last["entries"]] == ["1", "0"]
    assert last["more"] is False
    assert set(last["entries"][0]) == {"id", "at", "who", "what", "subject", "detail"}
    opened = client.get("/staff/api/audit?what=session").json()["entries"]
    assert [(entry["who"], entry["what"]) for entry in opened] == [("ada", "session.opened")]


@pytest.mark.parametrize(
    "query", ["before=0", "before=x", f"before={2**63}", "limit=0", "limit=501", "who=" + "x" * 201]
)
def test_a_question_to_the_audit_log_that_is_none_is_refused(client: TestClient, query: str) -> None:
    sign_in(client, "ada")
    assert code(client.get(f"/staff/api/audit?{query}")) == (400, "invalid")


def test_what_admins_and_passwords_do_is_written_and_no_password_with_it(
    client: TestClient, accounts: Accounts, tmp_path: Path
) -> None:
    sign_in(client, "ada")
    client.post("/staff/api/team", json={"name": "mei", "password": NEW, "role": "agent"})
    client.patch("/staff/api/team/mei", json={"password": PASSWORD + "!"})
    client.post("/staff/api/password", json={"old": PASSWORD, "new": PASSWORD + "?"})
    client.delete("/staff/api/session")
    sign_in(client, "mei", "a wrong password")
    done = [(entry.who, entry.what, entry.subject) for entry in reversed(accounts.entries())][3:]
    assert done == [
        ("ada", "session.opened", "ada"),
        ("ada", "staff.added", "mei"),
        ("ada", "staff.changed", "mei"),
        ("ada", "password.changed", "ada"),
        ("ada", "session.closed", "ada"),
        ("", "session.refused", "mei"),
    ]
    kept = everything_in(tmp_path)
    assert [password for password in (PASSWORD, NEW, "a wrong password") if password.encode() in kept] == []


def test_every_answer_is_kept_by_no_cache(client: TestClient) -> None:
    for answer in (sign_in(client), client.get("/staff/api/session"), client.get("/staff/api/team")):
        assert answer.headers["cache-control"] == "no-store"


def test_every_error_of_the_accounts_has_a_code() -> None:
    from chatbot.accounts import errors

    own = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.AccountError)}
    assert own - set(TOLD) == {errors.AccountError, errors.InvalidAccount, errors.Throttled}
