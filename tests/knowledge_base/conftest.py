"""A store, an index and a search on real files, one set for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge_base.index import KnowledgeIndex
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import PairStore
from tests.fakes import HashingEncoder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PairStore]:
    store = PairStore(tmp_path / "knowledge.db")
    yield store
    store.close()


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def index(store: PairStore, encoder: HashingEncoder, tmp_path: Path) -> Iterator[KnowledgeIndex]:
    index = KnowledgeIndex(store, encoder, tmp_path / "index")
    yield index
    index.close()


@pytest.fixture
def knowledge(store: PairStore, index: KnowledgeIndex) -> KnowledgeBase:
    return KnowledgeBase(store, index)
