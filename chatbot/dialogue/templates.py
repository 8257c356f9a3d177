"""The domain's responses as staff have edited them: a store beside the project, which is never written to."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from chatbot.dialogue.domain import Domain, Variant, read_variants
from chatbot.dialogue.responses import flaws_of_edit, warnings_of_edit, written
from chatbot.errors import FrontdeskError, ProjectError
from knowledge_base.connections import Connections
from knowledge_base.errors import StoreError
from knowledge_base.migrations import Migration

EVERY = 0.2
"""Seconds between two looks at the store: an edit of another process is said well within a second."""
log = logging.getLogger(__name__)


class TemplateError(FrontdeskError):
    """An edit of a response is refused."""


class UnknownTemplateError(TemplateError):
    """The domain has no such response, or the response no such revision."""


class TemplateRefusedError(TemplateError):
    """An edit breaks a rule of responses; flaws holds a sentence for each."""

    def __init__(self, flaws: Sequence[str]) -> None:
        self.flaws = tuple(flaws)
        super().__init__(" ".join(flaws))


class TemplateChangedError(TemplateError):
    """Somebody else was faster; now is the response as they left it."""

    def __init__(self, now: Template) -> None:
        self.now = now
        super().__init__(
            f"Response '{now.name}' was changed by {now.updated_by} meanwhile (revision {now.revision}). "
            "Look at it as it is now, and save again."
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A response with its variants as they are now.

    revision: 0 for one that was never edited; it never goes back, so that two people can be told apart. edited: whether
    the variants are staff's and not the file's. unfit: why an edit is not said, since the file has changed under it;
    the file's variants are said then.
    """

    name: str
    variants: tuple[Variant, ...]
    revision: int = 0
    edited: bool = False
    updated_at: str | None = None
    updated_by: str = ""
    unfit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save has made. warnings: what was accepted, and may be a mistake all the same."""

    template: Template
    warnings: tuple[str, ...] = ()


def m001_revisions(db: Database) -> None:
    """Every edit of every response; only appended to."""
    db.executescript(
        """
        CREATE TABLE revisions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- the sequence by which processes see that something changed
            name TEXT NOT NULL,
            revision INTEGER NOT NULL,
            variants TEXT CHECK (variants IS NULL OR json_valid(variants)),  -- NULL: the file's, from here on
            at TEXT NOT NULL,
            by TEXT NOT NULL,
            UNIQUE (name, revision)
        ) STRICT;
        """
    )


MIGRATIONS: list[Migration] = [m001_revisions]
COLUMNS = "SELECT name, revision, variants, at, by FROM revisions "
LATEST = COLUMNS + "WHERE id IN (SELECT max(id) FROM revisions GROUP BY name)"  # noqa: S608 - constants
Row = tuple[str, int, str | None, str, str]


class Templates:
    """Edited responses in one SQLite file, for several threads and processes at once.

    What a method has written is on the disk when it returns, and what is read is never older than EVERY. Raises
    StoreError if SQLite fails, SchemaTooNew if the file was written by a newer version.
    """

    def __init__(self, path: Path, domain: Domain, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds that only go forward."""
        self.domain, self.clock = domain, clock
        self.connections = Connections(path, MIGRATIONS)
        self.guard = threading.Lock()
        self.served: Mapping[str, tuple[Variant, ...]] = domain.responses
        self.sequence = 0  # of the newest revision in `served`
        self.look_again = 0.0  # on the clock
        self.failing = False
        self.read()

    def close(self) -> None:
        """Closes the file."""
        self.connections.close()

    # ---- for the bot

    def responses(self) -> Mapping[str, tuple[Variant, ...]]:
        """The domain's responses with the edited ones over them; cheap enough for every reply.

        Never raises: if the store cannot be read, what was read last goes on being said, and the log tells.
        """
        if self.clock() >= self.look_again and self.guard.acquire(blocking=False):
            try:
                self.look_again = self.clock() + EVERY
                self.read()
                self.failing = False
            except StoreError:
                if not self.failing:
                    log.exception("the edited responses cannot be read; those read before go on being said")
                self.failing = True
            finally:
                self.guard.release()
        return self.served

    def read(self) -> None:
        """Reads the edits, if there are new ones."""
        with self.connections.reading() as db:
            sequence = db.execute("SELECT coalesce(max(id), 0) FROM revisions").fetchone()[0]
            if sequence == self.sequence:
                return
            rows: list[Row] = db.execute(LATEST).fetchall()
        said = {template.name: template.variants for template in self.edits(rows) if not template.unfit}
        self.served, self.sequence = {**self.domain.responses, **said}, sequence

    def edits(self, rows: Sequence[Row]) -> list[Template]:
        """The templates of rows that hold variants of staff; those of responses that the file has no more left out."""
        found = [self.template_of(row) for row in rows if row[0] in self.domain.responses]
        for template in found:
            if template.unfit:
                log.warning(
                    "the edited response %s does not fit domain.yml any more: %s", template.name, template.unfit
                )
        return [template for template in found if template.edited]

    def template_of(self, row: Row) -> Template:
        """The template that a row holds."""
        name, revision, stored, at, by = row
        if stored is None:
            return Template(name, self.domain.responses[name], revision, False, at, by)
        try:
            variants = read_variants(name, json.loads(stored))
            unfit = tuple(flaw.what for flaw in flaws_of_edit(name, variants, self.domain))
        except ProjectError as error:  # a rule that came later
            variants, unfit = self.domain.responses[name], (str(error),)
        return Template(name, variants, revision, True, at, by, unfit)

    # ---- for staff

    def all(self) -> list[Template]:
        """Every response of the domain, in the file's order."""
        with self.connections.reading() as db:
            rows = {row[0]: row for row in db.execute(LATEST).fetchall()}
        return [
            self.template_of(rows[name]) if name in rows else Template(name, variants)
            for name, variants in self.domain.responses.items()
        ]

    def get(self, name: str) -> Template:
        """A response as it is now. Raises UnknownTemplateError."""
        self.check_name(name)
        with self.connections.reading() as db:
            return self.latest(db, name)

    def history(self, name: str) -> list[Template]:
        """All revisions of a response, newest first; the last is 0, the file's. Raises UnknownTemplateError."""
        self.check_name(name)
        with self.connections.reading() as db:
            rows = db.execute(COLUMNS + "WHERE name = ? ORDER BY revision DESC", [name]).fetchall()
        return [*map(self.template_of, rows), Template(name, self.domain.responses[name])]

    def save(self, name: str, variants: Sequence[Variant], revision: int, by: str) -> Saved:
        """Says these variants from now on; the file's own again, if they are the same.

        revision: the one that was edited. Nothing is written where nothing changes.
        Raises UnknownTemplateError, TemplateRefusedError if they break a rule, TemplateChangedError if the revision is
        not the newest.
        """
        self.check_name(name)
        given = self.checked(name, variants)
        own = self.domain.responses[name]
        stored = None if stored_as(given) == stored_as(own) else stored_as(given)
        return Saved(self.append(name, stored, revision, by), tuple(warnings_of_edit(name, given, self.domain)))

    def back(self, name: str, to: int, revision: int, by: str) -> Saved:
        """Says what an earlier revision said, as a new revision; to 0: what the file says, today and later.

        Raises as save, and UnknownTemplateError if there is no such revision.
        """
        wanted = next((template for template in self.history(name) if template.revision == to), None)
        if wanted is None:
            raise UnknownTemplateError(f"Response '{name}' has no revision {to}. Choose one of its history.")
        if wanted.unfit:
            raise TemplateRefusedError(wanted.unfit)
        return self.save(name, wanted.variants, revision, by)

    def checked(self, name: str, variants: Sequence[Variant]) -> tuple[Variant, ...]:
        """The variants as they are stored, texts trimmed. Raises TemplateRefusedError."""
        try:
            read = read_variants(name, written(variants))
        except ProjectError as error:
            raise TemplateRefusedError([str(error)]) from error
        flaws = flaws_of_edit(name, read, self.domain)
        if flaws and stored_as(read) != stored_as(self.domain.responses[name]):  # the file's own are the file's matter
            raise TemplateRefusedError([flaw.what for flaw in flaws])
        return read

    def append(self, name: str, stored: str | None, revision: int, by: str) -> Template:
        """The newest revision: a new one, unless it would say the same as before. Raises TemplateChangedError."""
        with self.connections.writing() as db:
            now = self.latest(db, name)
            if revision != now.revision:
                raise TemplateChangedError(now)
            if stored == (stored_as(now.variants) if now.edited else None):
                return now
            row: Row = (name, revision + 1, stored, datetime.now(UTC).isoformat(timespec="milliseconds"), by)
            db.execute("INSERT INTO revisions (name, revision, variants, at, by) VALUES (?, ?, ?, ?, ?)", row)
        with self.guard:
            self.read()
        return self.template_of(row)

    def latest(self, db: Database, name: str) -> Template:
        """The newest revision of a response."""
        row = db.execute(COLUMNS + "WHERE name = ? ORDER BY revision DESC LIMIT 1", [name]).fetchone()
        return self.template_of(row) if row else Template(name, self.domain.responses[name])

    def check_name(self, name: str) -> None:
        """Raises UnknownTemplateError for a name that nothing would say."""
        if name not in self.domain.responses:
            raise UnknownTemplateError(f"There is no response '{name}'. New ones are made in domain.yml, with a rule.")


def stored_as(variants: Sequence[Variant]) -> str:
    """The variants as JSON, equal for equal ones."""
    return json.dumps(written(variants), ensure_ascii=False)
