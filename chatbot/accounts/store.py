"""Staff accounts in SQLite: everything that the console and the command line do with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from sqlite_utils import Database

from chatbot.accounts import audit
from chatbot.accounts.errors import LastAdmin, NameTaken, NoSuchAccount, TokenRefused, WrongCredentials
from chatbot.accounts.migrations import MIGRATIONS
from chatbot.accounts.passwords import Passwords, checked_password
from chatbot.accounts.people import (
    NAME_LENGTH,
    Entry,
    Opened,
    Person,
    checked_name,
    checked_role,
    folded,
    printable,
    stamp,
    utc_now,
)
from chatbot.accounts.sessions import PERSON, Sessions, end, end_all, person_from
from chatbot.accounts.signing import Signer, hash_of, new_token
from chatbot.accounts.throttle import Throttle
from knowledge_base.connections import Connections

LINK_LASTS = timedelta(hours=24)
"""A link for the first admin."""
NO_ADMIN = "SELECT NOT EXISTS (SELECT 1 FROM staff WHERE role = 'admin' AND active)"
GOOD_TOKEN = f"SELECT 1 FROM first_tokens WHERE hash = ? AND until > ? AND ({NO_ADMIN})"  # noqa: S608


class Accounts:
    """Who may work at the console. Safe for several threads and several processes.

    Every change is written with its entry in the audit log, in one transaction. A password is nowhere but in the hash.
    """

    def __init__(
        self,
        path: Path,
        key: str,
        *,
        now: Callable[[], datetime] = utc_now,
        hasher: PasswordHasher | None = None,
        idle: timedelta = timedelta(hours=12),
        longest: timedelta = timedelta(days=7),
    ) -> None:
        """key: signs what browsers keep; see `sealing.derived`. idle, longest: after which a session ends.

        Raises SchemaTooNew if a newer version of this program has written the file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)  # the hashes are for nobody else here; SQLite gives its other files the same mode
        self.connections = Connections(path, MIGRATIONS, synchronous="FULL")
        self.now, self.passwords, signer = now, Passwords(hasher), Signer(key)
        self.throttle = Throttle(self.connections, signer, now)
        self.sessions = Sessions(self.connections, signer, now, idle, longest)

    # -- signing in

    def sign_in(self, name: str, password: str, address: str) -> Opened:
        """A new session. address: where the request comes from, for throttling.

        Raises WrongCredentials for a wrong name, a wrong password and an account that is not active alike, and
        Throttled (tell `retry_after_s`) after too many of them.
        """
        name = folded(name)
        kept = self.verified(name, password, address, "session.refused")
        renewed = self.passwords.renewed(kept, password)
        with self.connections.writing() as db:
            self.keep_password(db, name, kept, renewed)
            self.throttle.forgive(db, name, address)
            self.write(db, name, "session.opened", name, f"from {address}")
            return self.begun(db, name)

    def verified(self, name: str, password: str, address: str, refused: str) -> str:
        """The hash that was kept, if the password is the one of an active account.

        refused: what the audit log calls it if not. Raises WrongCredentials and Throttled.
        """
        self.passwords.wait_outside()
        self.throttle.take(name, address)
        with self.connections.reading() as db:
            row = db.execute("SELECT password, active FROM staff WHERE name = ?", [printable(name, 256)]).fetchone()
        kept, active = row or (None, False)
        matches = self.passwords.matches(kept, password)
        if kept is None or not matches or not active:
            # a name that nobody has may be a password in the wrong field: it is not written down
            reason = "unknown name" if kept is None else "not active" if matches else "wrong password"
            with self.connections.writing() as db:
                self.write(db, "", refused, name if kept else "", f"{reason}, from {address}")
            raise WrongCredentials
        return str(kept)

    def signed_in(self, value: str) -> Person | None:
        """Who the value of a session belongs to; None for a forged one and for one that has ended."""
        return self.sessions.find(value)

    def sign_out(self, value: str) -> None:
        """Ends the session; nothing happens if it has ended, or the value is forged."""
        token = self.sessions.signer.opened(value)
        if token is None:
            return
        with self.connections.writing() as db:
            if name := end(db, token):
                self.write(db, name, "session.closed", name)

    def change_own_password(self, name: str, old: str, new: str, address: str) -> Opened:
        """Ends all sessions of the person and begins a new one, for whoever has just shown that they know the old one.

        Raises InvalidAccount, WrongCredentials and Throttled.
        """
        name = folded(name)
        checked_password(name, new)
        kept = self.verified(name, old, address, "password.refused")
        hashed = self.passwords.hashed(new)
        with self.connections.writing() as db:
            self.keep_password(db, name, kept, hashed)
            self.throttle.forgive(db, name, address)
            end_all(db, name)
            self.write(db, name, "password.changed", name)
            return self.begun(db, name)

    def keep_password(self, db: Database, name: str, kept: str, hashed: str) -> None:
        """Raises WrongCredentials if the account was changed while the password was looked at."""
        values = [hashed, name, kept]
        if not db.execute("UPDATE staff SET password = ? WHERE name = ? AND password = ? AND active", values).rowcount:
            raise WrongCredentials

    def begun(self, db: Database, name: str) -> Opened:
        """A new session of the person."""
        value = self.sessions.open(db, name)
        return Opened(one(db, name), value)

    # -- the first admin

    def first_needed(self) -> bool:
        """Whether nobody can manage the accounts yet."""
        with self.connections.reading() as db:
            return bool(db.execute(NO_ADMIN).fetchone()[0])

    def first_token(self) -> str | None:
        """A token with which the first admin can be added once, within a day; None if there is an admin.

        Those made before stay good, for several processes may each have told theirs.
        """
        token, now = new_token(), self.now()
        with self.connections.writing() as db:
            if not db.execute(NO_ADMIN).fetchone()[0]:
                return None
            db.execute("DELETE FROM first_tokens WHERE until <= ?", [stamp(now)])
            db.execute("INSERT INTO first_tokens VALUES (?, ?)", [hash_of(token), stamp(now + LINK_LASTS)])
            self.write(db, "", "first.offered", "", f"until {stamp(now + LINK_LASTS)}")
        return token

    def add_first(self, token: str, name: str, password: str) -> Opened:
        """The first admin, signed in. All tokens are void then.

        Raises TokenRefused; InvalidAccount and NameTaken, after which the token is still good.
        """
        good = [hash_of(token), stamp(self.now())]
        with self.connections.reading() as db:  # first, so that strangers do not make us hash passwords
            if not db.execute(GOOD_TOKEN, good).fetchone():
                raise TokenRefused
        name = checked_name(name)
        hashed = self.passwords.hashed(checked_password(name, password))
        with self.connections.writing() as db:
            if not db.execute(GOOD_TOKEN, good).fetchone():
                raise TokenRefused
            self.insert(db, name, hashed, "admin", by=name, how=", by the first link")
            self.write(db, name, "session.opened", name, "by the first link")
            return self.begun(db, name)

    # -- the team

    def add(self, name: str, password: str, role: str, by: str) -> Person:
        """A new account. by: who adds it, for the audit log. Raises InvalidAccount and NameTaken."""
        name = checked_name(name)
        checked = checked_role(role)
        hashed = self.passwords.hashed(checked_password(name, password))
        with self.connections.writing() as db:
            return self.insert(db, name, hashed, checked, by)

    def insert(self, db: Database, name: str, hashed: str, role: str, by: str, how: str = "") -> Person:
        """The row and its entry; an admin makes all first tokens void. Raises NameTaken."""
        if db.execute("SELECT 1 FROM staff WHERE name = ?", [name]).fetchone():
            raise NameTaken(name)
        values = [name, hashed, role, stamp(self.now())]
        db.execute("INSERT INTO staff (name, password, role, created_at) VALUES (?, ?, ?, ?)", values)
        if role == "admin":
            db.execute("DELETE FROM first_tokens")
        self.write(db, by, "staff.added", name, role + how)
        return one(db, name)

    def change(
        self, name: str, by: str, *, role: str | None = None, active: bool | None = None, password: str | None = None
    ) -> Person:
        """What is given is changed; then all sessions of the person end, and failed sign-ins are forgotten.

        Raises NoSuchAccount, InvalidAccount, and LastAdmin if nobody could manage the accounts afterwards.
        """
        name = folded(name)
        new_role = checked_role(role) if role is not None else None
        hashed = self.passwords.hashed(checked_password(name, password)) if password is not None else None
        with self.connections.writing() as db:
            before = one(db, name)
            after_role, after_active = new_role or before.role, before.active if active is None else active
            done = [f"role {before.role} to {after_role}"] if after_role != before.role else []
            if after_active != before.active:
                done.append("activated" if after_active else "deactivated")
            if hashed is not None:
                done.append("new password")
                db.execute("UPDATE staff SET password = ? WHERE name = ?", [hashed, name])
            if not done:
                return before
            db.execute("UPDATE staff SET role = ?, active = ? WHERE name = ?", [after_role, after_active, name])
            if before.active and before.role == "admin" and db.execute(NO_ADMIN).fetchone()[0]:
                raise LastAdmin(name)
            end_all(db, name)
            self.throttle.reset(db, name)
            self.write(db, by, "staff.changed", name, ", ".join(done))
            return one(db, name)

    def staff(self) -> list[Person]:
        """Everybody, by name; also those who are not active."""
        with self.connections.reading() as db:
            rows = db.execute(f"SELECT {PERSON} FROM staff ORDER BY name").fetchall()  # noqa: S608
        return [person_from(row) for row in rows]

    # -- the audit log

    def audit(self, who: str, what: str, subject: str, detail: str = "") -> None:
        """Keeps who did what: ("mei", "pair.updated", "218", "answer"). detail: no password, no customer's raw text."""
        with self.connections.writing() as db:
            self.write(db, who, what, subject, detail)

    def write(self, db: Database, who: str, what: str, subject: str, detail: str = "") -> None:
        """An entry, in the transaction of what it tells of."""
        audit.write(db, self.now(), who, what, subject, detail)

    def entries(self, before: int | None = None, limit: int = 100, who: str = "", what: str = "") -> list[Entry]:
        """The newest first; see `audit.read`."""
        with self.connections.reading() as db:
            return audit.read(db, before, limit, who, what)

    def close(self) -> None:
        """Closes the file."""
        self.connections.close()


def one(db: Database, name: str) -> Person:
    """The person of this name. Raises NoSuchAccount."""
    row = db.execute(f"SELECT {PERSON} FROM staff WHERE name = ?", [printable(name, 256)]).fetchone()  # noqa: S608
    if row is None:
        raise NoSuchAccount(printable(name, NAME_LENGTH))
    return person_from(row)
