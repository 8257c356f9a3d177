from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pytest

from chatbot.accounts.errors import Throttled, WrongCredentials
from chatbot.accounts.passwords import LINE
from chatbot.accounts.store import Accounts
from chatbot.accounts.throttle import BY_ADDRESS, BY_NAME, LONGEST, WAITS
from tests.accounts.small import ELSEWHERE, HERE, PASSWORD, Clock, everything_in, opened


def fail(accounts: Accounts, name: str = "ann", address: str = HERE, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            accounts.sign_in(name, "a wrong password", address)


def wait_told(accounts: Accounts, name: str = "ann", address: str = HERE, password: str = PASSWORD) -> int:
    with pytest.raises(Throttled) as refused:
        accounts.sign_in(name, password, address)
    assert f"Try again in {refused.value.retry_after_s} seconds" in str(refused.value)
    return refused.value.retry_after_s


def test_five_failures_are_free_then_even_the_right_password_waits(accounts: Accounts, clock: Clock) -> None:
    fail(accounts, times=5)
    assert wait_told(accounts) == 30
    clock.go(seconds=29.2)
    assert wait_told(accounts) == 1
    clock.go(seconds=0.8)
    assert accounts.sign_in("ann", PASSWORD, HERE).person.name == "ann"


def test_the_waits_grow_to_a_quarter_of_an_hour(accounts: Accounts, clock: Clock) -> None:
    fail(accounts, times=4)
    told = []
    for _ in range(9):
        fail(accounts)
        told.append(wait_told(accounts))
        clock.go(seconds=told[-1])
    assert told == [30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert WAITS[-1] == 900


def test_attempts_while_one_has_to_wait_do_not_make_the_wait_longer(accounts: Accounts) -> None:
    fail(accounts, times=5)
    assert {wait_told(accounts) for _ in range(20)} == {30}


def test_a_success_lets_the_name_begin_anew(accounts: Accounts) -> None:
    for _ in range(3):
        fail(accounts, times=4)
        accounts.sign_in("ann", PASSWORD, HERE)


def test_a_success_resets_what_failed_with_the_name_at_other_addresses_too(accounts: Accounts) -> None:
    fail(accounts, "ann", ELSEWHERE, times=4)
    accounts.sign_in("ann", PASSWORD, HERE)
    fail(accounts, "ann", HERE, times=5)
    assert wait_told(accounts) == 30


def test_who_finds_a_long_line_is_not_counted(accounts: Accounts) -> None:
    accounts.passwords.places.line.extend(Lock() for _ in range(LINE))
    for _ in range(10):
        assert wait_told(accounts) == 5
    accounts.passwords.places.line.clear()
    accounts.sign_in("ann", PASSWORD, HERE)


def test_the_name_is_counted_from_all_addresses_and_however_it_is_written(accounts: Accounts) -> None:
    for number, name in enumerate(("ann", "Ann", " ANN ", "ａｎｎ", "ann")):
        fail(accounts, name, f"192.0.2.{number}")
    assert wait_told(accounts, "ann", ELSEWHERE) == 30
    fail(accounts, "ed", ELSEWHERE)  # another name is not held up


def test_the_address_is_counted_over_all_names_and_a_success_does_not_reset_it(accounts: Accounts) -> None:
    for number in range(BY_ADDRESS.free - 1):
        fail(accounts, f"guess{number}", HERE)
    accounts.sign_in("ann", PASSWORD, HERE)
    fail(accounts, "another guess", HERE)
    assert wait_told(accounts, "ed", HERE) == 30
    accounts.sign_in("ed", PASSWORD, ELSEWHERE)


def test_an_office_that_signs_in_well_is_never_held_up(accounts: Accounts) -> None:
    for _ in range(BY_ADDRESS.free + 5):
        fail(accounts, "ann", HERE)
        accounts.sign_in("ann", PASSWORD, HERE)


def test_a_success_elsewhere_does_not_clear_the_address_that_guessed(accounts: Accounts) -> None:
    fail(accounts, "ann", HERE, times=4)
    accounts.sign_in("ann", PASSWORD, ELSEWHERE)
    for number in range(BY_ADDRESS.free - 4):
        fail(accounts, f"guess{number}", HERE)
    assert wait_told(accounts, "ed", HERE) == 30


def test_failures_are_forgotten_after_a_day_by_name_and_after_an_hour_by_address(
    accounts: Accounts, clock: Clock
) -> None:
    fail(accounts, times=4)
    clock.time += BY_NAME.within
    fail(accounts, times=5)
    assert wait_told(accounts) == 30
    for number in range(BY_ADDRESS.free - 5):
        fail(accounts, f"guess{number}", HERE)
    assert wait_told(accounts, "ed", HERE) == 30
    clock.time += BY_ADDRESS.within
    fail(accounts, "ed", HERE)


def test_a_name_that_nobody_has_is_held_up_like_one_that_somebody_has(accounts: Accounts) -> None:
    fail(accounts, "nobody", HERE, times=5)
    assert wait_told(accounts, "nobody", HERE) == 30


def test_what_was_typed_as_a_name_is_not_in_the_database(accounts: Accounts, tmp_path: Path) -> None:
    fail(accounts, "oops-my-password", HERE)
    assert b"oops-my-password" not in everything_in(tmp_path)


def test_guesses_at_the_same_moment_are_counted_one_by_one(accounts: Accounts) -> None:
    def guess(_: int) -> str:
        try:
            accounts.sign_in("ann", "a wrong password", HERE)
        except (WrongCredentials, Throttled) as error:
            return type(error).__name__
        return "signed in"

    with ThreadPoolExecutor(12) as threads:
        outcomes = list(threads.map(guess, range(24)))
    assert (outcomes.count("WrongCredentials"), outcomes.count("Throttled")) == (5, 19)


def test_another_connection_to_the_file_counts_on(accounts: Accounts, tmp_path: Path, clock: Clock) -> None:
    fail(accounts, times=5)
    other = opened(tmp_path, clock)
    assert wait_told(other) == 30
    other.close()


def test_a_new_password_by_an_admin_ends_the_wait(accounts: Accounts) -> None:
    fail(accounts, times=5)
    accounts.change("ann", "ada", password="another maple in moss")
    accounts.sign_in("ann", "another maple in moss", HERE)


def test_wrong_old_passwords_are_counted_too(accounts: Accounts) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            accounts.change_own_password("ann", "a wrong password", "another maple in moss", HERE)
    with pytest.raises(Throttled):
        accounts.change_own_password("ann", PASSWORD, "another maple in moss", HERE)


def test_what_is_no_address_is_counted_by_its_first_characters(accounts: Accounts) -> None:
    for ending in range(20):
        fail(accounts, f"guess{ending}", "x" * LONGEST + str(ending))
    assert wait_told(accounts, "guess", "x" * LONGEST) == 30
