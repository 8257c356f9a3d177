"""Changes of pairs inside one transaction: of one pair, of many at once, of a whole import, and its undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from sqlite_utils import Database

from knowledge_base import rows, serving
from knowledge_base.errors import AlreadyUndone, Duplicate, DuplicateQuestion, ImportNotFound, PairChanged
from knowledge_base.history import Change, Import, Undone, pair_in
from knowledge_base.pairs import Pair, Stored

OnDuplicate = Literal["refuse", "skip", "keep"]
Progress = Callable[[int, int], None]  # pairs written, and to write in all

T = TypeVar("T")

TRIES = 5
"""Of one change, while others save the same pair."""

_EVERY = 200  # pairs between two reports of progress: a tenth of a second
_SELECT_IMPORT = "SELECT id, at, who, name, added, replaced, skipped, undone_at, undone_by FROM imports "
_SELECT_MADE = """SELECT pair_id, min(revision), max(revision) FROM revisions
    WHERE import_id = ? AND kind = 'imported' GROUP BY pair_id"""


def until_saved(change: Callable[[], T]) -> T:
    """What the change returns. It reads a pair, works out a new one, saves it; after PairChanged it does so again.

    Raises the last PairChanged if others save that pair all the time.
    """
    for left in reversed(range(TRIES)):
        try:
            return change()
        except PairChanged:
            if not left:
                raise
    raise AssertionError("The last try has returned or raised.")


def unchanged(db: Database, pair_id: int, revision: int | None) -> Stored:
    """The pair as it is stored. Raises PairNotFound; PairChanged if this is not its revision (None: any is right)."""
    now = rows.stored(db, pair_id)
    if revision not in (None, now.revision):
        raise PairChanged(now)
    return now


def replaced(db: Database, old: Stored, new: Pair, change: Change, on_duplicate: OnDuplicate) -> Pair:
    """Write a pair over the stored one; what is stored already is not written again.

    Raises DuplicateQuestion if on_duplicate is 'refuse', unless the pair was a kept duplicate before.
    """
    if new == old.pair:
        return new
    if on_duplicate == "refuse" and (found := _newly_taken(db, old.pair, new)):
        raise DuplicateQuestion((_duplicate(0, *found[0], {}),))
    return rows.replace_pair(db, old, new, change).pair


@dataclass(frozen=True, slots=True)
class Arrival:
    """The pairs of a file, checked: new ones, and those that are written over stored ones.

    skipped: how many rows of the file are not among them.
    """

    name: str
    by: str
    new: Sequence[Pair]
    replaced: Sequence[Pair]
    skipped: int


class Many:
    """Writes many pairs, and gathers those whose question is taken, to refuse or to skip them.

    places: where among those given each pair is that was written, by its id. done: called after each pair.
    """

    def __init__(
        self, db: Database, on_duplicate: OnDuplicate, change: Change, done: Callable[[], None] = lambda: None
    ) -> None:
        self.places: dict[int, int] = {}
        self.refused: list[Duplicate] = []
        self._db, self._on_duplicate, self._change, self._done = db, on_duplicate, change, done

    def add(self, place: int, pair: Pair) -> bool:
        """Add a pair, unless its question is taken; whether it was added."""
        if free := self._is_free(place, rows.taken(self._db, pair) if self._on_duplicate != "keep" else []):
            self.places[rows.insert(self._db, pair, self._change).pair.id] = place
        self._done()
        return free

    def replace(self, place: int, pair: Pair) -> bool:
        """Write a pair over the stored one, unless its question is taken or nothing changes; whether it was written."""
        old = rows.stored(self._db, pair.id)
        written = pair != old.pair and self._is_free(
            place, _newly_taken(self._db, old.pair, pair) if self._on_duplicate != "keep" else []
        )
        if written:
            rows.replace_pair(self._db, old, pair, self._change)
            self.places[pair.id] = place
        self._done()
        return written

    def finish(self) -> None:
        """Raises DuplicateQuestion naming each pair whose question is taken, if these are to be refused."""
        if self.refused and self._on_duplicate == "refuse":
            raise DuplicateQuestion(tuple(sorted(self.refused, key=lambda duplicate: duplicate.position)))

    def _is_free(self, place: int, taken: Sequence[tuple[str, int]]) -> bool:
        if taken:
            self.refused.append(_duplicate(place, *taken[0], self.places))
        return not taken


def bring_in(db: Database, arrival: Arrival, on_duplicate: OnDuplicate, progress: Progress | None) -> Import:
    """Write the pairs of a file as one import."""
    sql = "INSERT INTO imports (at, who, name, added, replaced, skipped, undone_by) VALUES (?, ?, ?, 0, 0, 0, '')"
    import_id = int(db.execute(sql, [rows.now(), arrival.by, arrival.name]).lastrowid or 0)
    new, over = arrival.new, arrival.replaced
    total = len(new) + len(over)
    many = Many(db, on_duplicate, Change("imported", arrival.by, import_id), _counted(progress, total))
    # first those that are written over: one of the new may have the question that one of these gives up
    replaced = sum(many.replace(place, pair) for place, pair in enumerate(over, start=len(new)))
    added = sum(many.add(place, pair) for place, pair in enumerate(new))
    many.finish()
    row = [added, replaced, arrival.skipped + total - added - replaced, import_id]
    db.execute("UPDATE imports SET added = ?, replaced = ?, skipped = ? WHERE id = ?", row)
    return import_of(db, import_id)


def refuse_changed(db: Database, pairs: Sequence[Pair], since: int) -> None:
    """Raises PairChanged for the first of these pairs that changed after this change."""
    changed = serving.changed_since(db, since)
    for pair in pairs:
        if pair.id in changed:
            raise PairChanged(rows.stored(db, pair.id))


def import_of(db: Database, import_id: int) -> Import:
    """The import of this id. Raises ImportNotFound."""
    row = db.execute(_SELECT_IMPORT + "WHERE id = ?", [import_id]).fetchone()
    if row is None:
        raise ImportNotFound(import_id)
    return Import(*row)


def imports(db: Database, limit: int) -> list[Import]:
    """The latest imports, newest first."""
    return [Import(*row) for row in db.execute(_SELECT_IMPORT + "ORDER BY id DESC LIMIT ?", [limit])]


def undo(db: Database, import_id: int, by: str) -> Undone:
    """Withdraw what an import added, and make what it replaced as it was; see PairStore.undo."""
    if (done := import_of(db, import_id)).undone_at:
        raise AlreadyUndone(done)
    change = Change("undone", by, import_id)
    withdrawn, back, kept = 0, dict[int, int](), list[int]()
    for pair_id, first, last in db.execute(_SELECT_MADE, [import_id]).fetchall():
        now = rows.stored(db, pair_id)
        if now.revision != last and now.pair != pair_in(db, now, last):
            kept.append(pair_id)
        elif first == 1:
            rows.replace_pair(db, now, replace(now.pair, state="withdrawn"), change)
            withdrawn += 1
        else:
            back[pair_id] = first - 1
    for pair_id, revision in back.items():
        now = rows.stored(db, pair_id)
        before = pair_in(db, now, revision)
        # of those that go back together none takes another's question: they stood beside each other before
        if any(other not in back for _, other in _newly_taken(db, now.pair, before)):
            kept.append(pair_id)
        else:
            rows.replace_pair(db, now, before, change)
    db.execute("UPDATE imports SET undone_at = ?, undone_by = ? WHERE id = ?", [rows.now(), by, import_id])
    return Undone(withdrawn, len(back.keys() - set(kept)), tuple(sorted(kept)))


def _newly_taken(db: Database, old: Pair, new: Pair) -> list[tuple[str, int]]:
    """Which phrasings of the new pair others have; none if that was so before, for then the duplicate was wanted."""
    found = rows.taken(db, new)
    return [] if found and rows.taken(db, old) else found


def _duplicate(place: int, question: str, pair_id: int, places: Mapping[int, int]) -> Duplicate:
    if pair_id in places:
        return Duplicate(place, question, other_position=places[pair_id])
    return Duplicate(place, question, pair_id)


def _counted(progress: Progress | None, total: int) -> Callable[[], None]:
    """Something to call after each pair; it reports now and then, and after the last."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress and (done % _EVERY == 0 or done == total):
            progress(done, total)

    return count
