from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import SmallDesk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDesk]:
    """The demo shop in a folder of its own; its actions are told of the folder as they are in a program."""
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path))
    desk = SmallDesk(tmp_path)
    yield desk
    desk.close()
