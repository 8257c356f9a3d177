"""What was changed, when and by whom: every revision of a pair, and whole imports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from sqlite_utils import Database

from knowledge_base.errors import RevisionNotFound
from knowledge_base.pairs import Pair, Stored

Kind = Literal["earlier", "added", "updated", "withdrawn", "restored", "back", "imported", "undone"]

_DAYS = ("valid_from", "valid_until", "review_by")
_SELECT = "SELECT pair_id, revision, at, who, kind, pair, import_id FROM revisions WHERE pair_id = ? "


@dataclass(frozen=True, slots=True)
class Change:
    """What is being done to pairs, and by whom. import_id: of the import that does it, or that is undone by it."""

    kind: Kind
    by: str
    import_id: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """A pair as one change left it.

    kind: 'earlier' is as it was when histories began, 'back' as an earlier revision again, 'imported' added or replaced
    by an import, 'undone' by the undo of one. at: ISO 8601, UTC. by: '' if that is not known.
    """

    pair_id: int
    revision: int
    at: str
    by: str
    kind: Kind
    pair: Pair
    import_id: int | None


@dataclass(frozen=True, slots=True)
class Import:
    """Pairs that came in together. name: of their file; skipped: rows that were left out, as duplicates or as equal.

    at, undone_at: ISO 8601, UTC; undone_at is None as long as it is not undone.
    """

    id: int
    at: str
    by: str
    name: str
    added: int
    replaced: int
    skipped: int
    undone_at: str | None
    undone_by: str


@dataclass(frozen=True, slots=True)
class Undone:
    """How many pairs the undo of an import withdrew and restored; kept: ids of those that it left as they are."""

    withdrawn: int
    restored: int
    kept: tuple[int, ...]


def record(db: Database, stored: Stored, change: Change) -> None:
    """Keep the state that a change has just given a pair."""
    row = [stored.pair.id, stored.revision, stored.updated_at, stored.updated_by, change.kind]
    db.execute("INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?)", [*row, as_json(stored.pair), change.import_id])


def record_earlier(db: Database, stored: Stored) -> None:
    """Keep the state that a pair has from before histories began; does nothing if it is kept already."""
    row = [stored.pair.id, stored.revision, stored.updated_at, stored.updated_by, as_json(stored.pair)]
    db.execute("INSERT OR IGNORE INTO revisions VALUES (?, ?, ?, ?, 'earlier', ?, NULL)", row)


def revisions_of(db: Database, now: Stored) -> list[Revision]:
    """All revisions of a pair, newest first; the present one is always there."""
    found = [_revision_of(row) for row in db.execute(_SELECT + "ORDER BY revision DESC", [now.pair.id])]
    return found or [Revision(now.pair.id, now.revision, now.updated_at, now.updated_by, "earlier", now.pair, None)]


def pair_in(db: Database, now: Stored, revision: int) -> Pair:
    """The pair as it was in this revision. Raises RevisionNotFound."""
    if revision == now.revision:
        return now.pair
    row = db.execute(_SELECT + "AND revision = ?", [now.pair.id, revision]).fetchone()
    if row is None:
        raise RevisionNotFound(now.pair.id, revision)
    return _revision_of(row).pair


def as_json(pair: Pair) -> str:
    """All of a pair but its id."""
    values = {name: value for name, value in asdict(pair).items() if name != "id"}
    return json.dumps(values, ensure_ascii=False, default=date.isoformat)


def of_json(text: str, pair_id: int) -> Pair:
    """The pair that `as_json` wrote; what a pair had not yet when that was written is as by default."""
    values: dict[str, Any] = json.loads(text)
    days = {name: date.fromisoformat(values[name]) for name in _DAYS if values.get(name)}
    return Pair(**values | days | {"similar": tuple(values["similar"]), "id": pair_id})


def _revision_of(row: Sequence[Any]) -> Revision:
    pair_id, revision, at, who, kind, pair, import_id = row
    return Revision(pair_id, revision, at, who, kind, of_json(pair, pair_id), import_id)
