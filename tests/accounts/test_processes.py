"""Four processes, or four threads, on one file."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chatbot.accounts.store import Accounts
from tests.accounts.small import PASSWORD, opened
from tests.accounts.workers import act

PROCESSES = multiprocessing.get_context("spawn")


def four(home: Path, what: str, given: str = "") -> Counter[str]:
    """What happened to four processes that did it at once."""
    ready = PROCESSES.Barrier(4)
    started = [PROCESSES.Process(target=act, args=(home, ready, what, given, number)) for number in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
    assert [process.exitcode for process in started] == [0, 0, 0, 0]
    return Counter((home / "journal").read_text().split())


def test_four_processes_open_the_same_new_database_and_one_name_is_given_once(tmp_path: Path) -> None:
    assert four(tmp_path, "add", "mei") == {"done": 1, "NameTaken": 3}
    accounts = opened(tmp_path)
    assert [person.name for person in accounts.staff()] == ["mei"]
    accounts.close()


def test_four_threads_open_the_same_new_database(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def add(number: int) -> Accounts:
        together.wait(30)
        accounts = opened(tmp_path)
        accounts.add(f"mei{number}", PASSWORD, "agent", by="tests")
        return accounts

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(add, range(4)))
    assert [person.name for person in found[0].staff()] == ["mei0", "mei1", "mei2", "mei3"]
    for accounts in found:
        accounts.close()


def test_a_first_token_that_four_processes_use_at_once_makes_one_admin(tmp_path: Path) -> None:
    accounts = opened(tmp_path)
    token = accounts.first_token() or ""
    assert four(tmp_path, "first", token) == {"done": 1, "TokenRefused": 3}
    assert [person.role for person in accounts.staff()] == ["admin"]
    accounts.close()


def test_four_admins_who_step_down_at_once_leave_one(tmp_path: Path) -> None:
    accounts = opened(tmp_path)
    for number in range(4):
        accounts.add(f"admin{number}", PASSWORD, "admin", by="tests")
    assert four(tmp_path, "demote") == {"done": 3, "LastAdmin": 1}
    assert sorted(person.role for person in accounts.staff()) == ["admin", "agent", "agent", "agent"]
    accounts.close()


def test_four_processes_count_the_same_failures(tmp_path: Path) -> None:
    accounts = opened(tmp_path)
    accounts.add("mei", PASSWORD, "agent", by="tests")
    assert four(tmp_path, "guess", "mei") == {"WrongCredentials": 5, "Throttled": 11}
    accounts.close()
