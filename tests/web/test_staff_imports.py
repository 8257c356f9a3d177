from __future__ import annotations

import asyncio
import io
import re
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import pytest
import uvicorn
from fastapi import APIRouter
from fastapi.testclient import TestClient

from chatbot.web.staff.answers import Role, staff_app
from chatbot.web.staff.imports import MEDIA, import_routes
from chatbot.web.staff.uploads import KEPT
from knowledge_base.exporting import ENDINGS, ExportFormat
from knowledge_base.importing import read_pairs
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore
from tests.web.with_roles import NAMES, every_route, expected, signed_in

FAQ = b"question,answer\nNew?,n\nOld?,3\nNew?,o\n"
ROLES_AND_NOBODY = ("", *get_args(Role))


class SlowStore(PairStore):
    """Waits in the middle of an import until it may go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def import_pairs(self, *args: Any, **how: Any) -> Any:
        *most, progress = args

        def slowly(done: int, total: int) -> None:
            progress(done, total)
            self.reached.set()
            assert self.go_on.wait(60)

        return super().import_pairs(*most, slowly, **how)


class Desk:
    """Speaks to the routes as somebody of a role."""

    def __init__(self, store: PairStore, folder: Path, **how: Any) -> None:
        self.store = store
        self.folder = folder
        self.audited: list[tuple[str, str, str, str]] = []
        self.late = 0.0  # seconds by which the uploads' clock is ahead
        self.routes: APIRouter = import_routes(
            store, folder, lambda *entry: self.audited.append(entry), clock=lambda: time.time() + self.late, **how
        )
        self.app = staff_app(signed_in, [self.routes])
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def ask(self, method: str, path: str, role: str = "editor", **how: Any) -> Any:
        headers = {"X-Frontdesk": "1", **({"role": role} if role else {})}
        return self.client.request(method, f"/{path}", headers=headers, **how)

    def look(self, data: bytes = FAQ, role: str = "editor", **asked: str) -> Any:
        return self.ask("POST", "imports/preview", role, params={"name": "faq.csv", **asked}, content=data)

    def start(self, token: str, duplicates: str = "skip", role: str = "editor") -> Any:
        return self.ask("POST", "imports", role, json={"token": token, "duplicates": duplicates})

    def job(self, job: str, role: str = "editor") -> Any:
        return self.ask("GET", f"imports/jobs/{job}", role)

    def finished(self, job: str) -> dict[str, Any]:
        give_up = time.monotonic() + 120
        while (told := self.job(job).json())["state"] == "running":
            assert time.monotonic() < give_up
            time.sleep(0.02)  # as the page does: asking without a pause would take the time from the import
        return cast(dict[str, Any], told)

    def imported(self, data: bytes = FAQ, duplicates: str = "skip", **asked: str) -> int:
        told = self.finished(self.start(self.look(data, **asked).json()["token"], duplicates).json()["job"])
        assert told["state"] == "done", told
        return int(told["import_id"])

    def uploads(self) -> list[Path]:
        return sorted(self.folder.glob("*"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PairStore]:
    store = PairStore(tmp_path / "knowledge.db")
    store.add_many([Pair("Same?", "1", language="en"), Pair("Old?", "2", language="en")])
    yield store
    store.close()


@pytest.fixture
def desk(store: PairStore, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path / "uploads")


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# -- the whole way


def test_a_file_is_looked_at_imported_listed_and_undone(desk: Desk) -> None:
    seen = desk.look().json()
    assert {**seen, "token": ""} == {
        "token": "",
        "format": "frontdesk",
        "rows": 3,
        "new": 1,
        "same": 0,
        "changed": [
            {
                "line": 3,
                "pair_id": 2,
                "question": "Old?",
                "old_answer": "2",
                "new_answer": "3",
                "fields": ["answer"],
            }
        ],
        "changed_count": 1,
        "repeats": [{"line": 4, "question": "New?", "other_line": 2, "pair_id": 0}],
        "repeat_count": 1,
        "errors": [],
        "error_count": 0,
        "warnings": [],
        "sample": seen["sample"],
    }
    assert [(pair["question"], pair["similar"], pair["id"]) for pair in seen["sample"]] == [
        ("New?", [], 0),
        ("Old?", [], 0),
        ("New?", [], 0),
    ]
    assert desk.store.count() == 2
    job = desk.start(seen["token"], "replace").json()["job"]
    assert desk.finished(job) == {"done": 2, "total": 2, "state": "done", "message": "", "import_id": 1}
    assert [pair.answer for pair in desk.store.list()] == ["n", "3", "1"]
    (listed,) = desk.ask("GET", "imports").json()["imports"]
    assert {**listed, "at": ""} == {
        "id": 1,
        "at": "",
        "by": "ed",
        "name": "faq.csv",
        "added": 1,
        "replaced": 1,
        "skipped": 1,
        "undone_at": None,
        "undone_by": "",
    }
    assert desk.ask("POST", "imports/1/undo").json() == {"withdrawn": 1, "restored": 1, "kept": []}
    assert [pair.answer for pair in desk.store.list(state="published")] == ["2", "1"]
    assert desk.ask("GET", "imports").json()["imports"][0]["undone_by"] == "ed"
    assert desk.audited == [
        ("ed", "pair.imported", "1", "faq.csv: 1 added, 1 replaced, 1 skipped"),
        ("ed", "pair.import_undone", "1", "1 withdrawn, 1 restored, 0 kept"),
    ]


def test_five_thousand_rows_are_imported_with_progress(tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "knowledge.db")
    desk = Desk(store, tmp_path / "uploads")
    rows = b"".join(b"Question number %d?,Answer %d.\n" % (number, number) for number in range(5_000))
    job = desk.start(desk.look(b"question,answer\n" + rows).json()["token"]).json()["job"]
    assert store.reached.wait(60)
    told = desk.job(job).json()
    assert (told["state"], told["total"], told["import_id"]) == ("running", 5_000, None)
    assert 0 < told["done"] < 5_000
    assert store.count() == 0  # all or nothing
    store.go_on.set()
    assert desk.finished(job)["done"] == 5_000
    assert store.count() == 5_000
    assert desk.ask("POST", "imports/1/undo").json() == {"withdrawn": 5_000, "restored": 0, "kept": []}
    store.close()


def test_an_import_is_undone_once_and_what_was_changed_since_is_kept(desk: Desk) -> None:
    desk.imported(duplicates="replace")
    desk.store.update(replace(desk.store.get(2), answer="4"), by="li")
    assert desk.ask("POST", "imports/1/undo").json() == {"withdrawn": 1, "restored": 0, "kept": [2]}
    assert refused(desk.ask("POST", "imports/1/undo")) == (409, "already_undone")
    assert refused(desk.ask("POST", "imports/7/undo")) == (404, "not_found")
    assert refused(desk.ask("POST", f"imports/{10**20}/undo")) == (400, "invalid")


def test_the_format_and_the_language_are_those_that_are_asked_for(desk: Desk) -> None:
    seen = desk.look(b"Question\tAnswer\nWo?\tHier.\n", name="a.tsv", format="qnamaker", language="zh").json()
    assert (seen["format"], seen["sample"][0]["language"]) == ("qnamaker", "zh")
    assert refused(desk.look(name="a.csv", format="maxkb")) == (400, "invalid")
    assert refused(desk.look(format="excel")) == (400, "invalid")


def test_what_an_answers_writer_should_be_told_is_told_and_hinders_nothing(store: PairStore, tmp_path: Path) -> None:
    desk = Desk(
        store, tmp_path / "uploads", problems=lambda answer: ["HTML is shown as text."] if "<" in answer else []
    )
    seen = desk.look(b"question,answer\nA?,x\nB?,<b>x</b>\n").json()
    assert (seen["warnings"], seen["error_count"]) == ([{"line": 3, "message": "HTML is shown as text."}], 0)
    assert desk.finished(desk.start(seen["token"]).json()["job"])["state"] == "done"


# -- who may


def every_request(desk: Desk) -> dict[tuple[str, str], Any]:
    """A good request to each route, by somebody of the role that it is called with."""
    token, another = (desk.look().json()["token"] for _ in range(2))
    job = desk.start(token).json()["job"]
    desk.finished(job)
    return {
        ("POST", "/imports/preview"): lambda role: desk.look(role=role),
        ("POST", "/imports"): lambda role: desk.start(another, role=role),
        ("GET", "/imports/jobs/{job}"): lambda role: desk.job(job, role),
        ("GET", "/imports"): lambda role: desk.ask("GET", "imports", role),
        ("POST", "/imports/{import_id}/undo"): lambda role: desk.ask("POST", "imports/1/undo", role),
        ("GET", "/export"): lambda role: desk.ask("GET", "export", role),
    }


def test_every_route_is_tried(desk: Desk) -> None:
    assert set(every_request(desk)) == every_route([desk.routes])


@pytest.mark.parametrize("role", ROLES_AND_NOBODY)
def test_every_route_is_for_editors(desk: Desk, role: str) -> None:
    others = {"/imports", "/imports/jobs/{job}"} if role == "admin" else set()  # an editor's upload is not an admin's
    for (method, path), request in every_request(desk).items():
        wanted = 404 if path in others and (method, path) != ("GET", "/imports") else expected(role, "editor")
        assert request(role).status_code == wanted, (method, path)


def test_nothing_is_kept_of_a_file_from_somebody_who_may_not(desk: Desk) -> None:
    for role in ("", "agent"):
        assert desk.look(role=role).status_code in (401, 403)
    assert desk.uploads() == []


def test_a_change_needs_the_consoles_header(desk: Desk) -> None:
    for path in ("imports/preview?name=a.csv", "imports", "imports/1/undo"):
        answer = desk.client.post(f"/{path}", headers={"role": "editor"}, content=FAQ)
        assert refused(answer) == (403, "no_header")


def test_another_persons_preview_and_job_are_not_there(desk: Desk) -> None:
    token = desk.look().json()["token"]
    assert refused(desk.start(token, role="admin")) == (404, "not_found")
    job = desk.start(token).json()["job"]
    assert desk.finished(job)["state"] == "done"
    assert refused(desk.job(job, "admin")) == (404, "not_found")
    assert refused(desk.job("none")) == (404, "not_found")


def test_one_preview_makes_one_import(desk: Desk) -> None:
    token = desk.look().json()["token"]
    assert desk.start(token).status_code == 200
    assert refused(desk.start(token)) == (404, "not_found")
    assert refused(desk.start("x" * 300)) == (400, "invalid")
    assert refused(desk.start(token, "refuse")) == (400, "invalid")


# -- what cannot be imported


def test_a_file_with_errors_is_not_imported(desk: Desk) -> None:
    seen = desk.look(b"question,answer\nA?,\n" + b"B?,b\n" + b",x\n" * 150).json()
    assert seen["errors"][:2] == [
        {"line": 2, "message": "answer is empty."},
        {"line": 4, "message": "question is empty."},
    ]
    assert (len(seen["errors"]), seen["error_count"], seen["rows"]) == (100, 151, 152)
    assert refused(desk.start(seen["token"])) == (409, "has_errors")
    assert desk.store.count() == 2


def test_what_changed_since_the_preview_is_not_written_over(desk: Desk) -> None:
    token = desk.look().json()["token"]
    desk.store.update(replace(desk.store.get(2), answer="4"), by="li")
    told = desk.finished(desk.start(token, "replace").json()["job"])
    assert (told["state"], told["import_id"]) == ("failed", None)
    assert told["message"].startswith("Pair 2 was changed by li on ")
    assert (desk.store.count(), desk.audited, desk.uploads()) == (2, [], [])


def test_a_fault_of_the_program_ends_the_job(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = desk.look().json()["token"]
    monkeypatch.setattr(desk.store, "import_pairs", lambda *_: 1 // 0)
    told = desk.finished(desk.start(token).json()["job"])
    assert (told["state"], told["message"]) == ("failed", "The program failed. Nothing was imported.")
    assert desk.uploads() == []


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"PK\x03\x04", b"a,b\nc,d\n", b'question,answer\n"x,y\n'])
def test_a_file_that_is_none_is_refused_and_not_kept(desk: Desk, data: bytes) -> None:
    answer = desk.look(data)
    assert refused(answer) == (400, "invalid")
    assert answer.json()["error"]["message"].startswith("faq.csv ")
    assert desk.uploads() == []


@pytest.mark.parametrize("name", ["faq.pdf", "faq", ".csv", "faq.csv.exe", "faq.xls", "x/", "faq.csv\x00.html"])
def test_a_wrong_ending_is_refused_before_the_file_is_read(desk: Desk, name: str) -> None:
    assert refused(desk.look(name=name)) == (400, "invalid")
    assert refused(desk.look(name="")) == (400, "invalid")
    assert not desk.folder.exists()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/cron.d/faq.csv", "faq.csv"),
        ("C:\\Users\\mei\\常见问题.CSV", "常见问题.CSV"),
        ("a\r\nSet-Cookie: x\u202e.csv", "aSet-Cookie: x.csv"),
        ("x" * 300 + ".csv", "x" * 95 + "….csv"),
    ],
)
def test_a_name_is_only_shown_and_never_a_place(desk: Desk, name: str, shown: str) -> None:
    desk.imported(name=name)
    assert desk.ask("GET", "imports").json()["imports"][0]["name"] == shown
    assert not [path for path in desk.folder.parent.rglob("*.csv") if "faq" in path.name]


# -- uploads


def test_an_upload_has_a_name_of_chance_is_read_by_nobody_else_and_goes_after_use(desk: Desk) -> None:
    token = desk.look().json()["token"]
    (path,) = desk.uploads()
    assert re.fullmatch(r"[0-9a-f]{32}\.csv", path.name)
    assert (path.stat().st_mode & 0o777, desk.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert token not in path.name
    desk.finished(desk.start(token).json()["job"])
    assert desk.uploads() == []


def test_an_upload_goes_after_an_hour(desk: Desk) -> None:
    token = desk.look().json()["token"]
    (desk.folder / "left-by-a-process-that-is-gone.csv").write_bytes(b"x")
    desk.late = KEPT + 10
    assert refused(desk.start(token)) == (404, "not_found")
    assert desk.uploads() == []


def test_of_many_uploads_of_one_person_the_last_are_kept(desk: Desk) -> None:
    tokens = [desk.look().json()["token"] for _ in range(5)]
    other = desk.look(role="admin").json()["token"]
    assert len(desk.uploads()) == 4
    assert [desk.start(token, "skip").status_code for token in tokens] == [404, 404, 200, 200, 200]
    assert desk.start(other, role="admin").status_code == 200


class Sender:
    """Sends a request to an app as a server would, block by block, and counts what is taken of it."""

    def __init__(self, block: bytes, blocks: int, declared: int | None = None, breaks_off: bool = False) -> None:
        self.taken = 0
        self.status = 0
        self._block, self._blocks, self._breaks_off = block, blocks, breaks_off
        length = [] if declared is None else [(b"content-length", str(declared).encode())]
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": "/imports/preview",
            "raw_path": b"/imports/preview",
            "query_string": b"name=faq.csv",
            "root_path": "",
            "scheme": "http",
            "headers": [(b"x-frontdesk", b"1"), (b"role", b"editor"), *length],
        }

    async def receive(self) -> dict[str, Any]:
        if self.taken == self._blocks:
            if self._breaks_off:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": b"", "more_body": False}
        self.taken += 1
        return {"type": "http.request", "body": self._block, "more_body": True}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)

    def to(self, desk: Desk) -> Sender:
        with ThreadPoolExecutor(1) as beside:  # a browser's tests leave an event loop running in this thread
            beside.submit(asyncio.run, desk.app(cast(Any, self.scope), cast(Any, self.receive), self.send)).result()
        return self


MEGABYTE = 1_000_000


def test_two_hundred_megabytes_are_refused_without_being_read(desk: Desk) -> None:
    sender = Sender(b"x" * MEGABYTE, 200, declared=200 * MEGABYTE).to(desk)
    assert (sender.status, sender.taken) == (413, 0)


def test_two_hundred_megabytes_that_are_not_announced_are_refused_at_the_limit(desk: Desk) -> None:
    tracemalloc.start()
    try:
        sender = Sender(b"x" * MEGABYTE, 200).to(desk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (sender.status, sender.taken) == (413, 101)
    assert peak < 10 * MEGABYTE
    assert desk.uploads() == []


def test_a_server_refuses_what_is_too_large_before_it_is_sent(desk: Desk) -> None:
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="critical", lifespan="off"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        with socket.create_connection(listening.getsockname(), timeout=60) as connection:
            connection.sendall(
                b"POST /imports/preview?name=faq.csv HTTP/1.1\r\nHost: x\r\nX-Frontdesk: 1\r\nRole: editor\r\n"
                b"Content-Length: 200000000\r\n\r\n"
            )
            assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    finally:
        server.should_exit = True
        thread.join()
    assert not desk.folder.exists()


def test_an_upload_that_breaks_off_is_not_kept(desk: Desk) -> None:
    assert Sender(b"question,answer\nx,y\n", 3, breaks_off=True).to(desk).status == 400
    assert desk.uploads() == []


def test_a_disk_that_is_full_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.folder.parent.joinpath("uploads").write_bytes(b"")  # a file where the folder should be
    answer = desk.look()
    assert refused(answer) == (507, "disk")


# -- exports


@pytest.mark.parametrize("format", ENDINGS)
def test_an_export_gives_back_what_was_imported(desk: Desk, format: ExportFormat, tmp_path: Path) -> None:
    desk.store.add(
        Pair("=cmd|' /C calc'!A0", "+1 🎁\n\n“三天”", ("00123?", "-x"), "a|b", "zh", state="draft", owner="mei")
    )
    answer = desk.ask("GET", "export", params={"format": format})
    assert answer.status_code == 200
    name = re.fullmatch(
        r'attachment; filename="(frontdesk-pairs-\d{4}-\d\d-\d\d\.\w+)"', answer.headers["content-disposition"]
    )
    assert name is not None
    assert Path(name[1]).suffix == ENDINGS[format]
    assert answer.headers["content-type"] == MEDIA[format]
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    (tmp_path / name[1]).write_bytes(answer.content)
    stored = [replace(pair, id=0) for pair in desk.store.list(limit=-1)[::-1]]
    assert read_pairs(tmp_path / name[1]) == stored
    seen = desk.look(answer.content, name=name[1]).json()
    assert (seen["same"], seen["new"], seen["changed_count"]) == (3, 0, 0)
    assert desk.audited == [("ed", "pair.exported", format, "3 pairs")]
    assert [path.suffix for path in desk.uploads()] == [ENDINGS[format]]  # the upload; what was sent is gone


def test_an_export_holds_what_the_filters_let_through(desk: Desk) -> None:
    desk.store.add_many(
        [
            Pair("Refund?", "x", (), "money", "zh"),
            Pair("Fee?", "x", (), "money", "en", state="draft"),
            Pair("Any?", "x"),
        ]
    )
    for asked, questions in {
        "search=refund": ["Refund?"],
        "category=money&state=draft": ["Fee?"],
        "language=en": ["Same?", "Old?", "Fee?"],
        "language=-": ["Any?"],
        "category=-&language=&state=": ["Same?", "Old?", "Any?"],
    }.items():
        text = desk.ask("GET", f"export?{asked}").content.decode("utf-8-sig")
        assert [line.split(",")[0] for line in io.StringIO(text)][1:] == questions
    assert refused(desk.ask("GET", "export?format=pdf")) == (400, "invalid")
    assert refused(desk.ask("GET", "export?state=gone")) == (400, "invalid")


def test_roles_are_named_as_the_tests_of_other_routes_name_them() -> None:
    assert set(NAMES) == set(get_args(Role))
