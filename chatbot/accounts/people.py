"""The nouns of the accounts, and what a name may be."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from chatbot.accounts.errors import InvalidAccount

Role = Literal["agent", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may."""
NAME_LENGTH = 64
MARKS = "._-@"


@dataclass(frozen=True, slots=True)
class Person:
    """One of the staff. Times are ISO 8601, UTC; last_seen: None for somebody who never signed in."""

    name: str
    role: Role
    active: bool
    created_at: str
    last_seen: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has just begun. value: what the browser keeps of it, a secret."""

    person: Person
    value: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to which subject. what: a dotted name (pair.updated); who: '' for nobody who is known."""

    id: int
    at: str
    who: str
    what: str
    subject: str
    detail: str


def folded(name: str) -> str:
    """The name as it is compared: capitals, width of characters and surrounding blanks do not matter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())


def checked_name(name: str) -> str:
    """The name as it is kept. Raises InvalidAccount if it is none."""
    kept = folded(name)
    allowed = all(character.isalnum() or character in MARKS for character in kept)
    if not 1 <= len(kept) <= NAME_LENGTH or not allowed or not kept[0].isalnum():
        raise InvalidAccount(
            f"The name is '{printable(name, NAME_LENGTH)}'; allowed are 1 to {NAME_LENGTH} letters, digits or {MARKS}, "
            "beginning with a letter or a digit."
        )
    return kept


def checked_role(role: str) -> Role:
    """The role. Raises InvalidAccount if it is none."""
    for one in ROLES:
        if one == role:
            return one
    raise InvalidAccount(f"The role is '{printable(role, 20)}'; allowed are {', '.join(ROLES)}.")


def printable(text: str, length: int) -> str:
    """The text as it can be stored and sent: cut, and half a surrogate pair replaced by a question mark."""
    return text[:length].encode(errors="replace").decode()


def utc_now() -> datetime:
    """Now, with its time zone."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
