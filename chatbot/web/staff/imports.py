"""The routes of importing and exporting pairs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import Field

from chatbot.web.staff.answers import Audit, Problem, Signed, needs
from chatbot.web.staff.import_jobs import ImportJobs
from chatbot.web.staff.pair_values import LARGEST, Body, Json, pair_json
from chatbot.web.staff.pairs import wanted
from chatbot.web.staff.uploads import Clock, Uploads, ending_of, shown_name
from knowledge_base.errors import AlreadyUndone, ImportNotFound
from knowledge_base.exporting import BOM, ENDINGS, ExportFormat, lines, write_pairs
from knowledge_base.history import Import
from knowledge_base.importing import AnyFormat
from knowledge_base.imports import Duplicates, Preview, Progress, Source, preview, run
from knowledge_base.pairs import Pair, PairState
from knowledge_base.spreadsheets import MAX_FILE
from knowledge_base.store import PairStore

Editor = Annotated[Signed, Depends(needs("editor"))]
Words = Annotated[str, Query(max_length=500)]
Problems = Callable[[str], Sequence[str]]
"""What is wrong with an answer in Markdown, a sentence each."""
MEDIA: dict[ExportFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "qnamaker": "text/tab-separated-values; charset=utf-8",
    "maxkb": "text/csv; charset=utf-8",
}
_BLOCK = 65_536  # bytes or characters sent at once
_PATIENCE = 60.0  # seconds to wait for another's file to be read


class StartBody(Body):
    """The preview that is to be imported."""

    token: Annotated[str, Field(max_length=200)]
    duplicates: Duplicates


def import_routes(
    store: PairStore,
    folder: Path,
    audit: Audit,
    problems: Problems | None = None,
    *,
    largest: int = MAX_FILE,
    clock: Clock | None = None,
) -> APIRouter:
    """The routes. folder: for uploads, made when it is needed. largest: bytes of an upload; clock: see Uploads."""
    routes = APIRouter()
    uploads = Uploads(folder, largest, clock) if clock else Uploads(folder, largest)
    importing(routes, store, uploads, audit, problems)
    undoing(routes, store, audit)
    exporting(routes, store, uploads, audit)
    return routes


def importing(routes: APIRouter, store: PairStore, uploads: Uploads, audit: Audit, problems: Problems | None) -> None:
    """A file is sent and looked at, then imported in the background."""
    jobs = ImportJobs()
    one_at_a_time = threading.Lock()  # a file's pairs may take some hundred megabytes

    def look(source: Source) -> Preview:
        try:
            with in_turn(one_at_a_time):
                return preview(store, source, problems)
        except BaseException:
            source.path.unlink(missing_ok=True)
            raise

    @routes.post("/imports/preview")
    async def sent(
        request: Request,
        signed: Editor,  # and the body is not read before it is known that it may be
        name: Annotated[str, Query(min_length=1, max_length=500)],
        format: AnyFormat = "auto",
        language: Literal["", "en", "zh"] = "",
    ) -> Json:
        shown = shown_name(name)
        source = Source(await uploads.receive(request, ending_of(shown)), shown, format, language)
        found = await run_in_threadpool(look, source)
        return {"token": uploads.keep(signed.name, source, found), **preview_json(found)}

    @routes.post("/imports")
    def start(body: StartBody, signed: Editor) -> Json:
        seen = uploads.take(body.token, signed.name)

        def work(progress: Progress) -> Import:
            with one_at_a_time:
                done = run(store, seen.source, body.duplicates, signed.name, seen.preview.since, progress)
            audit(signed.name, "pair.imported", str(done.id), counts(done))
            return done

        remove = seen.source.path.unlink
        return {"job": jobs.start(signed.name, seen.preview.rows, work, lambda: remove(missing_ok=True))}

    @routes.get("/imports/jobs/{job}")
    def far(job: str, signed: Editor) -> Json:
        found = asdict(jobs.job(job, signed.name))
        del found["owner"]
        return found


@contextmanager
def in_turn(lock: threading.Lock) -> Iterator[None]:
    """Waits for the lock, but not for ever. Raises Problem 503."""
    if not lock.acquire(timeout=_PATIENCE):
        raise Problem(503, "busy", "Another file is being read. Try again in a minute.")
    try:
        yield
    finally:
        lock.release()


def undoing(routes: APIRouter, store: PairStore, audit: Audit) -> None:
    """What was imported, and how to take it back."""

    @routes.get("/imports")
    def listed(_: Editor) -> Json:
        return {"imports": [asdict(each) for each in store.imports()]}

    @routes.post("/imports/{import_id}/undo")
    def undo(import_id: Annotated[int, InPath(ge=1, le=LARGEST)], signed: Editor) -> Json:
        try:
            undone = store.undo(import_id, signed.name)
        except ImportNotFound as error:
            raise Problem(404, "not_found", str(error)) from error
        except AlreadyUndone as error:
            raise Problem(409, "already_undone", str(error)) from error
        detail = f"{undone.withdrawn} withdrawn, {undone.restored} restored, {len(undone.kept)} kept"
        audit(signed.name, "pair.import_undone", str(import_id), detail)
        return {"withdrawn": undone.withdrawn, "restored": undone.restored, "kept": list(undone.kept)}


def exporting(routes: APIRouter, store: PairStore, uploads: Uploads, audit: Audit) -> None:
    """All pairs that the filters let through, as a file."""

    @routes.get("/export")
    def export(
        signed: Editor,
        format: ExportFormat = "csv",
        search: Words = "",
        category: Words = "",
        language: Literal["", "en", "zh", "-"] = "",
        state: Literal["", PairState] = "",
    ) -> StreamingResponse:
        pairs = store.list(search, wanted(category), wanted(language), state or None, limit=-1)[::-1]
        audit(signed.name, "pair.exported", format, f"{len(pairs)} pairs")
        name = f"frontdesk-pairs-{datetime.now(UTC):%Y-%m-%d}{ENDINGS[format]}"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Type": MEDIA[format],
            "X-Content-Type-Options": "nosniff",
        }
        if format != "xlsx":
            return StreamingResponse(text(pairs, format), headers=headers)
        path = uploads.new_file(ENDINGS["xlsx"])  # a workbook has to be whole before its first byte is known
        write_pairs(path, pairs, "xlsx")
        return StreamingResponse(once(path), headers=headers)


def text(pairs: Sequence[Pair], format: ExportFormat) -> Iterator[bytes]:
    """The lines of a text file, many at once."""
    block = BOM
    for line in lines(pairs, format):
        block += line
        if len(block) > _BLOCK:
            yield block.encode()
            block = ""
    yield block.encode()


def once(path: Path) -> Iterator[bytes]:
    """A file's bytes; afterwards it is gone."""
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    finally:
        path.unlink(missing_ok=True)


def preview_json(found: Preview) -> Json:
    """What the file holds, for the browser."""
    told = [{"line": line, "message": message} for line, message in found.errors]
    warned = [{"line": line, "message": message} for line, message in found.warnings]
    changed = [{**asdict(change), "fields": list(change.fields)} for change in found.changed]
    return {
        "format": found.format,
        "rows": found.rows,
        "new": found.new,
        "same": found.same,
        "changed": changed,
        "changed_count": found.changed_count,
        "repeats": [asdict(repeat) for repeat in found.repeats],
        "repeat_count": found.repeat_count,
        "errors": told,
        "error_count": found.error_count,
        "warnings": warned,
        "sample": [pair_json(pair) for pair in found.sample],
    }


def counts(done: Import) -> str:
    """An import in numbers, for the audit."""
    return f"{done.name}: {done.added} added, {done.replaced} replaced, {done.skipped} skipped"
