"""Who did what, when: it is only ever added to."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from chatbot.accounts.people import Entry, folded, printable, stamp

LONGEST = 1000
"""Characters of a subject or a detail; what is longer is cut, for an entry is never refused."""


def write(db: Database, at: datetime, who: str, what: str, subject: str, detail: str) -> None:
    """One more entry, in the transaction of what it tells of."""
    texts = [printable(text, LONGEST) for text in (folded(who), what, subject, detail)]
    db.execute("INSERT INTO audit (at, who, what, subject, detail) VALUES (?, ?, ?, ?, ?)", [stamp(at), *texts])


def read(db: Database, before: int | None, limit: int, who: str, what: str) -> list[Entry]:
    """The newest first, with an id below `before`.

    who: by one person only; what: of this name, or of those that begin with it (pair: pair.updated, pair.added);
    '' for all.
    """
    clauses, values = ["1"], list[object]()
    if before is not None:
        clauses.append("id < ?")
        values.append(before)
    if who:
        clauses.append("who = ?")
        values.append(folded(who))
    if what:
        clauses.append("(what = ? OR substr(what, 1, ?) = ?)")
        values += [what, len(what) + 1, f"{what}."]
    where = " AND ".join(clauses)
    query = f"SELECT id, at, who, what, subject, detail FROM audit WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
    return [Entry(*row) for row in db.execute(query, [*values, limit]).fetchall()]
