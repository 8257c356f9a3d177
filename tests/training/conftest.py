"""The real base models, converted once for all tests of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.training.base_models import checkpoint


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def english(home: Path) -> Path:
    return checkpoint("english", home)


@pytest.fixture(scope="session")
def multilingual(home: Path) -> Path:
    return checkpoint("multilingual", home)


@pytest.fixture(scope="session")
def multilingual_full(home: Path) -> Path:
    return checkpoint("multilingual-full", home)
