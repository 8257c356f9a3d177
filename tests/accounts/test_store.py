"""Accounts, their sessions, the first admin and the audit log."""

from __future__ import annotations

import logging
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlite_utils import Database

from chatbot.accounts.errors import (
    InvalidAccount,
    LastAdmin,
    NameTaken,
    NoSuchAccount,
    TokenRefused,
    WrongCredentials,
)
from chatbot.accounts.people import Entry, Person, stamp
from chatbot.accounts.store import Accounts
from knowledge_base.errors import SchemaTooNew, StoreError
from tests.accounts.small import ELSEWHERE, HERE, KEY, PASSWORD, QUICK, Clock, everything_in, opened, with_team

BEGAN = "2026-03-02T09:00:00.000+00:00"


def signed_in(accounts: Accounts, name: str = "ann", address: str = HERE) -> str:
    return accounts.sign_in(name, PASSWORD, address).value


def told(accounts: Accounts) -> list[tuple[str, str, str, str]]:
    """The audit log, oldest first."""
    return [(one.who, one.what, one.subject, one.detail) for one in reversed(accounts.entries())]


# -- accounts


def test_somebody_who_was_added_signs_in_however_the_name_is_written(empty: Accounts) -> None:
    added = empty.add("Mei.Lin", PASSWORD, "editor", by="ada")
    assert added == Person("mei.lin", "editor", True, BEGAN, None)
    assert empty.sign_in(" MEI.lin", PASSWORD, HERE).person == Person("mei.lin", "editor", True, BEGAN, BEGAN)


def test_a_name_is_given_once(accounts: Accounts) -> None:
    with pytest.raises(NameTaken, match="There is an account 'ann' already"):
        accounts.add("ANN", PASSWORD, "admin", by="ada")
    assert [(person.name, person.role) for person in accounts.staff()] == [
        ("ada", "admin"),
        ("ann", "agent"),
        ("ed", "editor"),
    ]


@pytest.mark.parametrize(
    ("name", "password", "role"), [("a b", PASSWORD, "agent"), ("mei", "short", "agent"), ("mei", PASSWORD, "owner")]
)
def test_what_is_not_allowed_adds_nobody(empty: Accounts, name: str, password: str, role: str) -> None:
    with pytest.raises(InvalidAccount):
        empty.add(name, password, role, by="ada")
    assert (empty.staff(), empty.entries()) == ([], [])


@pytest.mark.parametrize("name", ["nobody", "", "a b", "x" * 500, "\ud800", "ann' OR 1 --"])
def test_a_wrong_name_is_told_like_a_wrong_password(accounts: Accounts, name: str) -> None:
    with pytest.raises(WrongCredentials) as wrong_name:
        accounts.sign_in(name, PASSWORD, HERE)
    with pytest.raises(WrongCredentials) as wrong_password:
        accounts.sign_in("ann", "a wrong password", HERE)
    assert str(wrong_name.value) == str(wrong_password.value)


def test_an_old_hash_is_renewed_at_the_next_sign_in(tmp_path: Path, clock: Clock) -> None:
    older = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    before = with_team(Accounts(tmp_path / "accounts.db", KEY, now=clock, hasher=older))
    before.close()
    after = opened(tmp_path, clock)
    for _ in range(2):
        after.sign_in("ann", PASSWORD, HERE)
    with after.connections.reading() as db:
        costs = {
            name: extract_parameters(kept).time_cost for name, kept in db.execute("SELECT name, password FROM staff")
        }
    assert costs == {"ann": 1, "ed": 2, "ada": 2}
    after.close()


def test_only_their_owner_reads_the_files(accounts: Accounts, tmp_path: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("accounts.db*")}
    assert modes == dict.fromkeys(("accounts.db", "accounts.db-wal", "accounts.db-shm"), 0o600)


def test_a_database_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "accounts.db") as db:
        db.execute("INSERT INTO migrations VALUES (99, 'm099_later', '2030-01-01')")
    db.close()
    with pytest.raises(SchemaTooNew, match="schema 99"):
        opened(tmp_path)


def test_without_a_key_nothing_is_opened(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="key is empty"):
        opened(tmp_path, key="")


# -- sessions


def test_a_session_belongs_to_who_signed_in(accounts: Accounts) -> None:
    ann, ada = signed_in(accounts, "ann"), signed_in(accounts, "ada")
    assert [person and person.name for person in map(accounts.signed_in, (ann, ada))] == ["ann", "ada"]


def test_a_session_lasts_twelve_hours_after_its_last_use(accounts: Accounts, clock: Clock) -> None:
    value = signed_in(accounts)
    for _ in range(3):
        clock.go(hours=11, minutes=59)
        assert accounts.signed_in(value)
    clock.go(hours=12)
    assert accounts.signed_in(value) is None


def test_a_session_that_is_always_used_ends_after_seven_days(accounts: Accounts, clock: Clock) -> None:
    value = signed_in(accounts)
    for _ in range(7 * 24 - 1):
        clock.go(hours=1)
        assert accounts.signed_in(value)
    clock.go(hours=1)
    assert accounts.signed_in(value) is None


def test_the_lifetimes_can_be_chosen(tmp_path: Path, clock: Clock) -> None:
    short = timedelta(minutes=5)
    accounts = with_team(
        Accounts(tmp_path / "accounts.db", KEY, now=clock, hasher=QUICK, idle=short, longest=short * 2)
    )
    value = signed_in(accounts)
    clock.go(minutes=4)
    assert accounts.signed_in(value)
    clock.go(minutes=5)
    assert accounts.signed_in(value) is None
    accounts.close()


def test_a_session_that_was_signed_out_is_no_more_and_the_others_go_on(accounts: Accounts) -> None:
    first, second = signed_in(accounts), signed_in(accounts)
    accounts.sign_out(first)
    accounts.sign_out(first)
    assert accounts.signed_in(first) is None
    assert accounts.signed_in(second)
    assert told(accounts)[-1] == ("ann", "session.closed", "ann", "")
    assert [what for _, what, _, _ in told(accounts)].count("session.closed") == 1


@pytest.mark.parametrize("value", ["", ".", "a.b", "é.é", "\ud800.x"])
def test_what_was_never_given_is_nobodys(accounts: Accounts, value: str) -> None:
    assert accounts.signed_in(value) is None
    accounts.sign_out(value)


def test_each_changed_character_of_a_session_makes_it_nobodys_without_reading_the_database(
    accounts: Accounts,
) -> None:
    value = signed_in(accounts)
    accounts.close()  # whoever reads it now gets an error
    for place in range(len(value)):
        changed = value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]
        assert accounts.signed_in(changed) is None
        accounts.sign_out(changed)
    with pytest.raises(StoreError):
        accounts.signed_in(value)


def test_a_session_of_another_installation_is_nobodys(tmp_path: Path, clock: Clock) -> None:
    one = with_team(opened(tmp_path, clock))
    value = signed_in(one)
    one.close()
    other = opened(tmp_path, clock, key="another key")
    assert other.signed_in(value) is None
    other.close()


def test_the_database_opens_no_session_to_a_thief(accounts: Accounts, tmp_path: Path) -> None:
    value = signed_in(accounts)
    token, signature = value.rsplit(".", 1)
    kept = everything_in(tmp_path)
    assert token.encode() not in kept
    assert signature.encode() not in kept
    with accounts.connections.reading() as db:
        hashes = [row[0] for row in db.execute("SELECT hash FROM sessions")]
    assert [accounts.signed_in(hash_) for hash_ in hashes] == [None]


def test_sessions_that_have_run_out_are_cleared_away(accounts: Accounts, clock: Clock) -> None:
    for _ in range(3):
        signed_in(accounts)
    clock.go(hours=12)
    signed_in(accounts, "ed")
    with accounts.connections.reading() as db:
        assert db.execute("SELECT name FROM sessions").fetchall() == [("ed",)]


def test_a_full_disk_does_not_sign_anybody_out(
    accounts: Accounts, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    value = signed_in(accounts)
    clock.go(hours=1)
    with accounts.connections.reading() as db:
        db.execute("CREATE TEMP TRIGGER full BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    with caplog.at_level(logging.WARNING):
        assert accounts.signed_in(value)
    assert "disk is full" in caplog.text


# -- changes


def test_a_new_password_of_ones_own_ends_all_other_sessions_and_begins_one(accounts: Accounts) -> None:
    values = [signed_in(accounts), signed_in(accounts), signed_in(accounts, "ed")]
    begun = accounts.change_own_password("ann", PASSWORD, "another maple in moss", HERE)
    assert [accounts.signed_in(value) is None for value in values] == [True, True, False]
    assert accounts.signed_in(begun.value) == begun.person
    with pytest.raises(WrongCredentials):
        signed_in(accounts)
    accounts.sign_in("ann", "another maple in moss", HERE)


def test_a_new_password_needs_the_old_one_and_has_to_be_a_good_one(accounts: Accounts) -> None:
    value = signed_in(accounts)
    with pytest.raises(WrongCredentials):
        accounts.change_own_password("ann", "a wrong password", "another maple in moss", HERE)
    with pytest.raises(InvalidAccount):
        accounts.change_own_password("ann", PASSWORD, "password123", HERE)
    assert accounts.signed_in(value)
    assert signed_in(accounts)


@pytest.mark.parametrize("change", [{"role": "editor"}, {"active": False}, {"password": "another maple in moss"}])
def test_each_change_by_an_admin_ends_all_sessions_of_the_person(
    accounts: Accounts, change: dict[str, str | bool]
) -> None:
    values = [signed_in(accounts), signed_in(accounts), signed_in(accounts, "ed")]
    accounts.change("ann", "ada", **change)  # type: ignore[arg-type]
    assert [accounts.signed_in(value) is None for value in values] == [True, True, False]


def test_a_change_to_what_is_already_so_changes_nothing(accounts: Accounts) -> None:
    value, before = signed_in(accounts), told(accounts)
    accounts.change("ann", "ada", role="agent", active=True)
    assert accounts.signed_in(value)
    assert told(accounts) == before


def test_who_is_not_active_cannot_sign_in_until_activated(accounts: Accounts) -> None:
    assert accounts.change("ann", "ada", active=False).active is False
    with pytest.raises(WrongCredentials):
        signed_in(accounts)
    accounts.change("ann", "ada", active=True)
    assert signed_in(accounts)


def test_a_session_of_who_is_not_active_is_nobodys_even_if_it_was_left(accounts: Accounts) -> None:
    value = signed_in(accounts)
    with accounts.connections.writing() as db:
        db.execute("UPDATE staff SET active = 0 WHERE name = 'ann'")
    assert accounts.signed_in(value) is None


@pytest.mark.parametrize("change", [{"role": "editor"}, {"active": False}, {"role": "agent", "active": False}])
def test_the_last_admin_stays(accounts: Accounts, change: dict[str, str | bool]) -> None:
    value = signed_in(accounts, "ada")
    with pytest.raises(LastAdmin, match="'ada' is the last active admin"):
        accounts.change("ada", "ada", **change)  # type: ignore[arg-type]
    assert accounts.signed_in(value)
    accounts.change("ed", "ada", role="admin")
    accounts.change("ada", "ed", **change)  # type: ignore[arg-type]
    with pytest.raises(LastAdmin):  # an admin who is not active does not count
        accounts.change("ed", "ed", active=False)


def test_a_change_of_nobody_is_refused(accounts: Accounts) -> None:
    with pytest.raises(NoSuchAccount, match="There is no account 'nobody'"):
        accounts.change("nobody", "ada", active=False)


# -- the first admin


def test_the_first_admin_is_added_by_a_token_that_is_good_once(empty: Accounts) -> None:
    token = empty.first_token()
    assert token
    assert empty.first_needed()
    begun = empty.add_first(token, "Ada", PASSWORD)
    assert begun.person == Person("ada", "admin", True, BEGAN, BEGAN)
    assert empty.signed_in(begun.value) == begun.person
    assert not empty.first_needed()
    with pytest.raises(TokenRefused):
        empty.add_first(token, "eve", PASSWORD)
    assert empty.first_token() is None


def test_a_token_is_good_for_a_day(empty: Accounts, clock: Clock) -> None:
    first = empty.first_token()
    clock.go(hours=23, minutes=59)
    second = empty.first_token()
    clock.go(minutes=1)
    with pytest.raises(TokenRefused):
        empty.add_first(first or "", "ada", PASSWORD)
    empty.add_first(second or "", "ada", PASSWORD)


def test_every_process_may_tell_a_token_of_its_own_and_the_first_use_ends_all(empty: Accounts) -> None:
    one, other = empty.first_token(), empty.first_token()
    empty.add_first(one or "", "ada", PASSWORD)
    with pytest.raises(TokenRefused):
        empty.add_first(other or "", "eve", PASSWORD)


@pytest.mark.parametrize("role", ["added", "promoted"])
def test_a_token_is_void_as_soon_as_there_is_an_admin(empty: Accounts, role: str) -> None:
    token = empty.first_token()
    if role == "added":
        empty.add("ada", PASSWORD, "admin", by="command line")
    else:
        empty.add("ada", PASSWORD, "agent", by="command line")
        empty.change("ada", "command line", role="admin")
    with pytest.raises(TokenRefused):
        empty.add_first(token or "", "eve", PASSWORD)


def test_a_mistake_does_not_cost_the_token(empty: Accounts) -> None:
    empty.add("ann", PASSWORD, "agent", by="command line")
    token = empty.first_token() or ""
    for name, password, error in (("a b", PASSWORD, InvalidAccount), ("ada", "short", InvalidAccount)):
        with pytest.raises(error):
            empty.add_first(token, name, password)
    with pytest.raises(NameTaken):
        empty.add_first(token, "ann", PASSWORD)
    assert empty.add_first(token, "ada", PASSWORD).person.role == "admin"


@pytest.mark.parametrize("token", ["", "x", "\ud800"])
def test_a_token_that_was_never_made_is_refused(empty: Accounts, token: str) -> None:
    empty.first_token()
    with pytest.raises(TokenRefused):
        empty.add_first(token, "eve", PASSWORD)


def test_a_token_is_not_in_the_database(empty: Accounts, tmp_path: Path) -> None:
    assert (empty.first_token() or "").encode() not in everything_in(tmp_path)


# -- the audit log


def test_what_is_done_with_accounts_is_written_down(empty: Accounts, clock: Clock) -> None:
    empty.add_first(empty.first_token() or "", "ada", PASSWORD)
    empty.add("ann", PASSWORD, "agent", by="ada")
    for name in ("ann", "oops-my-password"):
        with pytest.raises(WrongCredentials):
            empty.sign_in(name, "a wrong password", ELSEWHERE)
    value = signed_in(empty)
    empty.change_own_password("ann", PASSWORD, "another maple in moss", HERE)
    empty.sign_out(value)
    empty.change("ann", "ada", role="editor", password=PASSWORD)
    empty.change("ann", "ada", active=False)
    with pytest.raises(WrongCredentials):
        signed_in(empty)
    assert told(empty) == [
        ("", "first.offered", "", f"until {stamp(clock() + timedelta(days=1))}"),
        ("ada", "staff.added", "ada", "admin, by the first link"),
        ("ada", "session.opened", "ada", "by the first link"),
        ("ada", "staff.added", "ann", "agent"),
        ("", "session.refused", "ann", f"wrong password, from {ELSEWHERE}"),
        ("", "session.refused", "", f"unknown name, from {ELSEWHERE}"),
        ("ann", "session.opened", "ann", f"from {HERE}"),
        ("ann", "password.changed", "ann", ""),
        ("ada", "staff.changed", "ann", "role agent to editor, new password"),
        ("ada", "staff.changed", "ann", "deactivated"),
        ("", "session.refused", "ann", f"not active, from {HERE}"),
    ]
    assert [entry.id for entry in reversed(empty.entries())] == list(range(1, 12))


def test_no_password_is_in_the_database(empty: Accounts, tmp_path: Path) -> None:
    given = ["first maple in moss", "second maple in moss", "third maple in moss", "wrong maple in moss"]
    empty.add("ada", given[0], "admin", by="command line")
    empty.change_own_password("ada", given[0], given[1], HERE)
    empty.change("ada", "ada", password=given[2])
    with pytest.raises(WrongCredentials):
        empty.sign_in("ada", given[3], HERE)
    kept = everything_in(tmp_path)
    assert [password for password in given if password.encode() in kept] == []
    assert b"$argon2id$" in kept


def test_entries_are_read_newest_first_in_pages_and_by_who_and_what(empty: Accounts, clock: Clock) -> None:
    for number in range(1, 8):
        empty.audit(
            "mei" if number % 2 else "ann", "pair.updated" if number < 6 else "pair.added", str(number), "answer"
        )
        clock.go(seconds=1)
    assert [entry.id for entry in empty.entries(limit=3)] == [7, 6, 5]
    assert [entry.id for entry in empty.entries(before=5, limit=3)] == [4, 3, 2]
    assert [entry.id for entry in empty.entries(who=" MEI")] == [7, 5, 3, 1]
    assert [entry.id for entry in empty.entries(what="pair.added")] == [7, 6]
    assert [entry.id for entry in empty.entries(what="pair", who="ann")] == [6, 4, 2]
    assert empty.entries(what="pai") == empty.entries(what="%") == empty.entries(who="nobody") == []
    assert empty.entries(before=2) == [Entry(1, BEGAN, "mei", "pair.updated", "1", "answer")]


def test_an_entry_is_never_refused_for_its_text(empty: Accounts) -> None:
    empty.audit("mei", "pair.updated", "218", "x" * 5000 + "\ud800")
    empty.audit("mei", "pair.updated", "\ud800", "退款")
    assert [len(entry.detail) for entry in empty.entries()] == [2, 1000]


def test_nobody_rewrites_what_was_done(accounts: Accounts) -> None:
    before = accounts.entries()

    def attempt(statement: str) -> None:
        with accounts.connections.writing() as db:
            db.execute(statement)

    for statement in ("UPDATE audit SET who = 'somebody else'", "DELETE FROM audit"):
        with pytest.raises(StoreError, match="what was done cannot be"):
            attempt(statement)
    assert accounts.entries() == before


def test_a_change_that_fails_leaves_no_entry(accounts: Accounts) -> None:
    before = accounts.entries()
    with pytest.raises(LastAdmin):
        accounts.change("ada", "ada", role="agent")
    with pytest.raises(NameTaken):
        accounts.add("ann", PASSWORD, "agent", by="ada")
    assert accounts.entries() == before


def test_times_are_written_in_utc_so_that_their_text_is_in_order() -> None:
    assert stamp(datetime(2026, 3, 2, 9, tzinfo=UTC)) == BEGAN


def test_deleting_a_member_with_sessions_is_refused_by_the_schema(accounts: Accounts) -> None:
    signed_in(accounts)

    def delete() -> None:
        with accounts.connections.writing() as db:
            assert isinstance(db, Database)
            db.execute("DELETE FROM staff WHERE name = 'ann'")

    with pytest.raises(StoreError, match="FOREIGN KEY"):
        delete()
