"""The company's pairs in SQLite: the truth, of which the index is only a copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from knowledge_base import changing, history, listing, rows, serving
from knowledge_base.changing import Arrival, OnDuplicate, Progress
from knowledge_base.checking import checked
from knowledge_base.connections import Connections
from knowledge_base.history import Change, Import, Revision, Undone
from knowledge_base.listing import Filters, Page, Sort
from knowledge_base.pairs import Pair, PairState, Phrasing, Stored
from knowledge_base.serving import Wanted
from knowledge_base.text import normalise_question

__all__ = ["OnDuplicate", "PairStore", "Wanted"]

Refusing = Literal["refuse", "keep"]
Pairs = list[Pair]  # inside PairStore the name `list` is its method
Revisions = list[Revision]
Imports = list[Import]

_ALL = Filters()


class PairStore:
    """Question-answer pairs in one SQLite file, for several threads and processes at once.

    What a method has written is on the disk when it returns, with a revision of each pair that changed; `by` names who
    did it. A `revision` is the one that somebody looked at before changing it: if the pair has another one by now,
    PairChanged is raised. Raises StoreError if SQLite fails, SchemaTooNew if the file was written by a newer version.
    A file of an older version that has pairs is copied before it is migrated: see migrations.migrate.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connections = Connections(self.path, precious="pairs")

    def close(self) -> None:
        """Close the connections of all threads."""
        self._connections.close()

    # ---- writing

    def add(self, pair: Pair, on_duplicate: OnDuplicate = "refuse", by: str = "") -> Pair:
        """Store a new pair, and return it with its id ('skip': as it was given, if its question is taken).

        Raises InvalidPair; DuplicateQuestion if it is published and a published pair of its language (or of any)
        that is valid on the same days has one of its phrasings already.
        """
        return (self.add_many([pair], on_duplicate, by) or [pair])[0]

    def add_many(self, pairs: Iterable[Pair], on_duplicate: OnDuplicate = "refuse", by: str = "") -> Pairs:
        """Store many in one transaction, all or nothing; returns those stored, with their ids.

        on_duplicate: 'refuse' raises DuplicateQuestion naming each; 'skip' leaves out a pair of which one phrasing is
        taken; 'keep' stores it beside the other: both are found by search, neither by exact match if they differ.
        """
        clean = [checked(replace(pair, id=0)) for pair in pairs]
        with self._connections.writing() as db:
            many = changing.Many(db, on_duplicate, Change("added", by))
            for place, pair in enumerate(clean):
                many.add(place, pair)
            many.finish()
        return [replace(clean[place], id=pair_id) for pair_id, place in many.places.items()]

    def update(self, pair: Pair, on_duplicate: Refusing = "refuse", revision: int | None = None, by: str = "") -> Pair:
        """Replace the stored pair of the same id, its state included.

        Raises PairNotFound, PairChanged, InvalidPair; DuplicateQuestion as `add`, unless the pair was a kept duplicate
        before.
        """
        pair = checked(pair)
        with self._connections.writing() as db:
            old = changing.unchanged(db, pair.id, revision)
            return changing.replaced(db, old, pair, Change("updated", by), on_duplicate)

    def withdraw(self, pair_id: int, revision: int | None = None, by: str = "") -> Pair:
        """Take a pair out of service; it stays stored. Not an error if it is withdrawn already."""
        with self._connections.writing() as db:
            old = changing.unchanged(db, pair_id, revision)
            return changing.replaced(db, old, replace(old.pair, state="withdrawn"), Change("withdrawn", by), "keep")

    def restore(
        self, pair_id: int, on_duplicate: Refusing = "refuse", revision: int | None = None, by: str = ""
    ) -> Pair:
        """Publish a pair that was withdrawn or a draft. Raises DuplicateQuestion if its question is taken now."""
        with self._connections.writing() as db:
            old = changing.unchanged(db, pair_id, revision)
            return changing.replaced(
                db, old, replace(old.pair, state="published"), Change("restored", by), on_duplicate
            )

    def back(
        self, pair_id: int, to: int, revision: int | None = None, by: str = "", on_duplicate: Refusing = "refuse"
    ) -> Pair:
        """Make a pair, its state included, what it was in revision `to`; that is a new revision.

        Raises PairNotFound, RevisionNotFound, PairChanged; DuplicateQuestion if its question is taken now.
        """
        with self._connections.writing() as db:
            old = changing.unchanged(db, pair_id, revision)
            before = checked(history.pair_in(db, old, to))
            return changing.replaced(db, old, before, Change("back", by), on_duplicate)

    # ---- writing, whole imports

    def import_pairs(
        self,
        name: str,
        new: Sequence[Pair],
        replaced: Sequence[Pair] = (),
        on_duplicate: OnDuplicate = "refuse",
        by: str = "",
        skipped: int = 0,
        since: int | None = None,
        progress: Progress | None = None,
    ) -> Import:
        """Add the new pairs and write the others over those of their ids, all or nothing, as one import.

        name: of the file. replaced: whole pairs, with state, owner and review_by as they are to be; one that equals the
        stored one is skipped. skipped: rows that were left out before. on_duplicate: as `add_many`; a position counts
        through the new ones, then the others. since: the `latest_change` when it was decided what to replace.
        progress: called now and then with the pairs written and all of them; an error that it raises undoes all.
        Raises InvalidPair, PairNotFound, DuplicateQuestion; PairChanged if one of `replaced` changed after `since`.
        """
        new = [checked(replace(pair, id=0)) for pair in new]
        replaced = [checked(pair) for pair in replaced]
        with self._connections.writing() as db:
            if since is not None:
                changing.refuse_changed(db, replaced, since)
            return changing.bring_in(db, Arrival(name, by, new, replaced, skipped), on_duplicate, progress)

    def undo(self, import_id: int, by: str = "") -> Undone:
        """Withdraw the pairs that an import added, and make those that it replaced what they were before.

        A pair that has been changed since is kept as it is, unless it is back at what the import made of it; so is one
        whose former question another pair has by now. Raises ImportNotFound, AlreadyUndone.
        """
        with self._connections.writing() as db:
            return changing.undo(db, import_id, by)

    # ---- reading, for staff

    def get(self, pair_id: int) -> Pair:
        """The pair in any state. Raises PairNotFound."""
        return self.stored(pair_id).pair

    def stored(self, pair_id: int) -> Stored:
        """The pair in any state, with its revision. Raises PairNotFound."""
        with self._connections.reading() as db:
            return rows.stored(db, pair_id)

    def pairs(self, ids: Iterable[int]) -> dict[int, Pair]:
        """The pairs of these ids as they are now, in any state; unknown ids are left out."""
        with self._connections.reading() as db:
            return rows.pairs_of(db, [*ids])

    def history(self, pair_id: int) -> Revisions:
        """All revisions of a pair, newest first; the first of them is the present. Raises PairNotFound."""
        with self._connections.snapshot() as db:
            return history.revisions_of(db, rows.stored(db, pair_id))

    def imports(self, limit: int = 100) -> Imports:
        """The latest imports, newest first."""
        with self._connections.reading() as db:
            return changing.imports(db, limit)

    def page(
        self,
        filters: Filters = _ALL,
        sort: Sort = "id",
        descending: bool = False,
        limit: int = 50,
        offset: int = 0,
        today: date | None = None,
    ) -> Page:
        """The pairs that the filters let through, in order, from `offset` on; a tie is decided by id.

        Those without review_by come last in the order 'review', both ways. today: for Filters.due (None: today, UTC).
        """
        with self._connections.snapshot() as db:
            return listing.page(db, filters, sort, descending, limit, offset, today or _today())

    def list(
        self,
        search: str = "",
        category: str | None = None,
        language: str | None = None,
        state: PairState | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Pairs:
        """Pairs, newest first. search: a part of a question or of the answer; None: any; limit -1: all."""
        filters = Filters(search, category, language, state)
        with self._connections.snapshot() as db:
            ids = listing.found_ids(db, filters, "id", True, _today())
            end = None if limit < 0 else offset + limit
            return [*rows.pairs_of(db, ids[offset:end]).values()]

    def count(
        self,
        search: str = "",
        category: str | None = None,
        language: str | None = None,
        state: PairState | None = None,
    ) -> int:
        """How many pairs `list` would give without a limit."""
        with self._connections.snapshot() as db:
            return listing.count(db, Filters(search, category, language, state), _today())

    def categories(self) -> tuple[str, ...]:
        """The categories that stored pairs have, in order."""
        with self._connections.reading() as db:
            return listing.distinct(db, "category")

    def owners(self) -> tuple[str, ...]:
        """The owners that stored pairs have, in order."""
        with self._connections.reading() as db:
            return listing.distinct(db, "owner")

    def with_question(self, questions: Iterable[str]) -> Mapping[str, Sequence[int]]:
        """Normalised questions (text.normalise_question), with the ids of all pairs that have each, lowest first.

        In any state and language, as their question or as a similar one; what no pair has is left out.
        """
        with self._connections.snapshot() as db:
            return listing.with_question(db, questions)

    # ---- reading, for answers

    def exact(self, text: str, language: str | None = None, today: date | None = None) -> Pair | None:
        """The pair of which a phrasing equals this text when both are normalised; None if there is none.

        Only what is published and valid today (UTC). None also if several pairs have it with different answers: then
        the words alone do not decide.
        """
        match = self.exact_match(text, Wanted(today or _today(), language))
        return match[0] if match else None

    def exact_match(self, text: str, wanted: Wanted, without: Iterable[int] = ()) -> tuple[Pair, str] | None:
        """As `exact`, with the stored wording. without: ids of phrasings that do not count."""
        if not (normalised := normalise_question(text)):
            return None
        with self._connections.snapshot() as db:
            return serving.exact_match(db, normalised, wanted, without)

    def served_phrasings(self, ids: Iterable[int], wanted: Wanted) -> dict[int, tuple[int, str]]:
        """Of these phrasings, by id, the pair's id and the text of those that may be served."""
        with self._connections.reading() as db:
            return serving.served_phrasings(db, ids, wanted)

    def phrasings_with(self, words: Sequence[str], wanted: Wanted, limit: int) -> Sequence[int]:
        """Ids of the phrasings that have any of these words and may be served, best first by BM25."""
        with self._connections.reading() as db:
            return serving.phrasings_with(db, words, wanted, limit)

    def word_counts(self, words: Iterable[str]) -> Mapping[str, int]:
        """In how many published phrasings each of these words is; a word that is in none is left out."""
        with self._connections.reading() as db:
            return serving.word_counts(db, words)

    def words_like(self, pattern: str) -> Mapping[str, int]:
        """The words that a pattern of SQL's LIKE fits ('退_', '_款'), with in how many published phrasings each is."""
        with self._connections.reading() as db:
            return serving.words_like(db, pattern)

    # ---- reading, for the index

    def latest_change(self) -> int:
        """The number of the latest change; 0: none yet."""
        with self._connections.reading() as db:
            return serving.latest_change(db)

    def changes_since(self, seq: int) -> tuple[int, set[int]]:
        """The number of the latest change (0: none yet), and the ids of the pairs changed after `seq`."""
        with self._connections.snapshot() as db:
            latest = serving.latest_change(db)
            return latest, serving.changed_since(db, seq) if latest != seq else set()

    def phrasings(self, pair_ids: Iterable[int] | None = None) -> Sequence[Phrasing]:
        """The published phrasings (of these pairs; None: of all), by id; those not yet or no longer valid, too."""
        with self._connections.reading() as db:
            return serving.phrasings(db, pair_ids)


def _today() -> date:
    return datetime.now(UTC).date()
