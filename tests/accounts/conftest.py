from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.accounts.store import Accounts
from tests.accounts.small import Clock, opened, with_team


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock) -> Iterator[Accounts]:
    accounts = with_team(opened(tmp_path, clock))
    yield accounts
    accounts.close()


@pytest.fixture
def empty(tmp_path: Path, clock: Clock) -> Iterator[Accounts]:
    accounts = opened(tmp_path, clock)
    yield accounts
    accounts.close()
