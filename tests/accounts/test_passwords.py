from __future__ import annotations

import threading
import time

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from chatbot.accounts import passwords as passwords_module
from chatbot.accounts.errors import InvalidAccount, Throttled
from chatbot.accounts.passwords import COMMONEST, LINE, LONGEST, SHORTEST, Passwords, checked_password
from tests.accounts.small import PASSWORD, QUICK


def test_the_parameters_are_those_of_the_library_and_the_algorithm_is_argon2id() -> None:
    made, library = extract_parameters(Passwords().hashed(PASSWORD)), PasswordHasher()
    assert made.type is Type.ID
    assert (made.memory_cost, made.time_cost) == (library.memory_cost, library.time_cost)


def test_only_the_password_itself_matches() -> None:
    passwords = Passwords(QUICK)
    kept = passwords.hashed(PASSWORD)
    assert PASSWORD not in kept
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, PASSWORD + " ")
    assert not passwords.matches(kept, "")
    assert not passwords.matches(None, PASSWORD)
    assert not passwords.matches("not a hash", PASSWORD)


def test_two_hashes_of_one_password_differ() -> None:
    passwords = Passwords(QUICK)
    assert passwords.hashed(PASSWORD) != passwords.hashed(PASSWORD)


def test_a_password_is_the_same_on_a_keyboard_with_wide_characters() -> None:
    passwords = Passwords(QUICK)
    assert passwords.matches(passwords.hashed("１２３moss maple"), "123moss maple")


def test_half_a_surrogate_pair_is_a_character_like_any_other() -> None:
    passwords = Passwords(QUICK)
    odd = checked_password("mei", "maple \ud800 moss")
    assert passwords.matches(passwords.hashed(odd), odd)


def test_a_name_that_nobody_has_costs_the_same_work() -> None:
    """Processor time, with a hash that is dear enough to measure: half would already tell them apart."""
    dear = PasswordHasher(time_cost=20, memory_cost=8192, parallelism=1)
    passwords = Passwords(dear)
    kept = passwords.hashed(PASSWORD)
    assert extract_parameters(passwords.nobodys) == extract_parameters(kept)

    def work(of: str | None) -> float:
        began = time.process_time()
        assert not passwords.matches(of, "a wrong password")
        return time.process_time() - began

    known, unknown = min(work(kept) for _ in range(3)), min(work(None) for _ in range(3))
    assert known / 2 < unknown < known * 2


def test_a_hash_of_other_parameters_is_renewed_and_one_of_the_same_is_not() -> None:
    passwords = Passwords(QUICK)
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    renewed = passwords.renewed(old, PASSWORD)
    assert extract_parameters(renewed).time_cost == 1
    assert passwords.matches(renewed, PASSWORD)
    assert passwords.renewed(renewed, PASSWORD) == renewed


@pytest.mark.parametrize("password", ["four words in a row", "x1Yz" * 50, "一二三四五六七八九十", "1029384757"])
def test_a_password_that_is_long_enough_is_allowed(password: str) -> None:
    assert checked_password("mei", password) == password


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("too short", "has 9 characters; allowed are 10 to 200"),
        ("", "has 0 characters"),
        ("x1Yz" * 50 + "!", "has 201 characters"),
        ("Mei.Lin@Shop", "is the name"),
        ("Password123", "one of the commonest"),
        ("woaini1314", "one of the commonest"),
        ("１２３４５６７８９０", "one of the commonest"),
        ("aaaaaaaaaaaaaaa", "one of the commonest"),
    ],
)
def test_a_weak_password_is_refused_without_repeating_it(password: str, reason: str) -> None:
    with pytest.raises(InvalidAccount, match=reason) as refused:
        checked_password("mei.lin@shop", password)
    assert not password or password not in str(refused.value)


def test_the_list_of_the_commonest_holds_only_what_would_be_allowed_otherwise() -> None:
    listed = COMMONEST.split()
    assert len(listed) == len(set(listed))
    assert [one for one in listed if not SHORTEST <= len(one) <= LONGEST or one != one.lower()] == []


def test_a_flood_is_told_to_come_later_instead_of_filling_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords_module, "AT_ONCE", 1)
    passwords = Passwords(QUICK)
    passwords.wait_outside()
    passwords.places.take()  # somebody is being looked at
    waiting = [threading.Thread(target=passwords.matches, args=(None, PASSWORD)) for _ in range(LINE)]
    for thread in waiting:
        thread.start()
    deadline = time.monotonic() + 30
    while len(passwords.places.line) < LINE:
        assert time.monotonic() < deadline
    with pytest.raises(Throttled) as refused:
        passwords.wait_outside()
    assert refused.value.retry_after_s == 5
    passwords.places.give()
    for thread in waiting:
        thread.join(30)
    passwords.wait_outside()
