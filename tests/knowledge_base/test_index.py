from __future__ import annotations

import json
import logging
import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from knowledge_base import generations
from knowledge_base.encoder import Vectors
from knowledge_base.errors import DimensionMismatch, KnowledgeBaseError
from knowledge_base.index import FEW, KnowledgeIndex
from knowledge_base.pairs import Pair
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import PairStore, Wanted
from tests.fakes import HashingEncoder

TODAY = date(2025, 6, 15)


def many(count: int, start: int = 0, language: str = "en") -> list[Pair]:
    numbers = range(start, start + count)
    return [Pair(f"Question number {number}?", f"Answer {number}.", language=language) for number in numbers]


def found(index: KnowledgeIndex, text: str, k: int = 5, wanted: Wanted | None = None) -> list[int]:
    hits = index.snapshot.search(index.encoder.encode([text])[0], k, wanted or Wanted(TODAY))
    return [id_ for id_, _ in hits]


def wait_until(true: object, seconds: float = 10) -> None:
    give_up = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_only_what_changed_is_embedded(store: PairStore, index: KnowledgeIndex, encoder: HashingEncoder) -> None:
    store.add_many(many(5))
    assert (index.refresh(), encoder.calls) == (5, 10)  # five questions, and each with its answer
    store.update(replace(store.get(1), similar=("Another wording",)))
    store.withdraw(2)
    assert (index.refresh(), index.refresh()) == (1, 0)
    store.restore(2)
    assert index.refresh() == 1  # its vector was dropped from the delta


def test_a_restored_pair_of_the_base_is_not_embedded_again(store: PairStore, index: KnowledgeIndex) -> None:
    store.add_many(many(5))
    index.refresh()
    index.fold()
    store.withdraw(2)
    index.refresh()
    assert 2 not in found(index, "Question number 1?")
    store.restore(2)
    assert index.refresh() == 0
    assert found(index, "Question number 1?")[0] == 2


def test_progress_is_reported(store: PairStore, index: KnowledgeIndex) -> None:
    store.add_many(many(600))
    steps: list[tuple[int, int]] = []
    index.refresh(lambda done, total: steps.append((done, total)))
    assert steps == [(256, 600), (512, 600), (600, 600)]


def test_what_may_not_be_served_takes_no_place_in_the_top(store: PairStore, index: KnowledgeIndex) -> None:
    store.add_many(many(400, language="zh"))
    store.add_many(many(6, language="en"))
    store.add(Pair("Question number any?", "x", category="other"))
    store.add(replace(many(1, 900)[0], valid_until=date(2025, 6, 14)))
    store.add(replace(many(1, 901)[0], valid_from=date(2025, 6, 16)))
    index.refresh()
    english = {401, 402, 403, 404, 405, 406, 407}
    assert set(found(index, "Question number 12?", 7, Wanted(TODAY, "en"))) == english
    assert set(found(index, "Question number 12?", 50, Wanted(TODAY, "en"))) == english
    assert found(index, "Question number 12?", 50, Wanted(TODAY, "en", "other")) == [407]
    assert found(index, "Question number 12?", 50, Wanted(TODAY, "en", "none such")) == []


def test_validity_is_looked_at_anew_each_day(store: PairStore, index: KnowledgeIndex) -> None:
    store.add(Pair("Summer sale?", "Yes.", valid_from=date(2025, 6, 16), valid_until=date(2025, 6, 17)))
    index.refresh()
    index.fold()
    days = [14, 15, 16, 17, 18]
    assert [len(found(index, "sale", 5, Wanted(date(2025, 6, day)))) for day in days] == [0, 0, 1, 1, 0]


@pytest.mark.parametrize("withdrawn", [3, 300])
def test_search_is_exact_with_few_and_with_many_excluded(
    store: PairStore, index: KnowledgeIndex, encoder: HashingEncoder, withdrawn: int
) -> None:
    store.add_many(many(700))
    index.refresh()
    for pair_id in range(1, withdrawn + 1):
        store.withdraw(pair_id)
    store.add_many(many(20, 700))
    index.refresh()
    phrasings = store.phrasings()
    query = encoder.encode(["question number 707"])[0]
    mixed = encoder.encode([p.text for p in phrasings]) + 0.6 * encoder.encode([p.context for p in phrasings])
    cosines = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)) @ query
    hits = index.snapshot.search(query, 10, Wanted(TODAY))
    assert [score for _, score in hits] == pytest.approx(sorted(cosines, reverse=True)[:10], abs=1e-5)
    assert len(index.snapshot.base.ids) == 700
    ids = [hit[0] for hit in hits]
    assert index.snapshot.cosines(query, [*ids, 1, 10_000]) == pytest.approx(dict(hits), abs=1e-5)


def test_a_new_process_embeds_nothing_that_is_on_disk(
    store: PairStore, index: KnowledgeIndex, encoder: HashingEncoder, tmp_path: Path
) -> None:
    store.add_many(many(FEW + 1))
    index.refresh()  # many: a generation is written without asking
    assert index.version == f"000001+{FEW + 1}"
    encoder.calls = 0
    other = KnowledgeIndex(store, encoder, tmp_path / "index")
    assert (other.lacking, other.refresh(), encoder.calls) == (0, 0, 0)
    assert other.version == index.version


def test_a_process_adopts_what_another_has_embedded(store: PairStore, index: KnowledgeIndex, tmp_path: Path) -> None:
    store.add_many(many(3))
    index.refresh()
    store.add_many(many(FEW + 50, 3))
    other = KnowledgeIndex(store, HashingEncoder(), tmp_path / "index")
    other.refresh()
    index.encoder = other.encoder = encoder = HashingEncoder()
    assert (index.refresh(), index.lacking, encoder.calls) == (0, 0, 0)
    assert index.version == other.version
    store.add_many(many(1, 900))
    assert index.refresh() == 1


def test_while_another_process_embeds_much_this_one_goes_on(store: PairStore, index: KnowledgeIndex) -> None:
    store.add_many(many(FEW + 1))
    with generations.building(index.folder, wait=True):
        assert index.refresh(wait=False) == 0
    assert index.refresh(wait=False) == FEW + 1


def test_a_full_delta_goes_into_the_base(
    store: PairStore, index: KnowledgeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge_base.index._DELTA_LIMIT", 300)
    monkeypatch.setattr("knowledge_base.index.FEW", 1000)
    store.add_many(many(700))
    index.refresh()
    assert (len(index.snapshot.base.ids), len(index.snapshot.delta.ids)) == (512, 188)
    assert found(index, "Question number 77?")[0] == 78


def test_old_generations_are_removed_but_one(store: PairStore, index: KnowledgeIndex) -> None:
    (index.folder / ".000099.tmp").mkdir(parents=True)  # of a process that was killed
    store.add_many(many(2))
    index.refresh()
    names = [index.fold() for _ in range(4)]
    assert names == ["000001", "000002", "000003", "000004"]
    assert sorted(path.name for path in index.folder.iterdir() if path.is_dir()) == ["000003", "000004"]
    assert json.loads((index.folder / "000004" / "meta.json").read_text()) | {"sha256": None} == {
        "encoder": "hashing-1", "dim": 256, "seq": 2, "count": 2, "sha256": None,
    }  # fmt: skip


@pytest.mark.parametrize("file", ["index.faiss", "phrasings.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "empty"])
def test_damaged_files_are_built_anew(
    store: PairStore, index: KnowledgeIndex, tmp_path: Path, file: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.add_many(many(3))
    index.refresh()
    index.fold()
    path = index.folder / "000001" / file
    data = path.read_bytes()
    middle = len(data) // 2
    path.unlink()
    if damage != "gone":
        flipped = data[:middle] + bytes([data[middle] ^ 0x80]) + data[middle + 1 :]
        path.write_bytes({"cut": data[:middle], "flipped": flipped, "empty": b""}[damage])
    with caplog.at_level(logging.WARNING):
        other = KnowledgeIndex(store, HashingEncoder(), tmp_path / "index")
    assert "will be built anew" in caplog.text
    assert other.refresh() == 3
    assert found(other, "Question number 1?")[0] == 2
    assert KnowledgeIndex(store, HashingEncoder(), tmp_path / "index2").fold() == "000001"
    other.fold()
    assert KnowledgeIndex(store, HashingEncoder(), tmp_path / "index").lacking == 0


def test_a_running_process_goes_on_with_its_own_when_another_writes_damaged_files(
    store: PairStore, index: KnowledgeIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.add_many(many(3))
    index.refresh()
    store.add_many(many(FEW + 50, 3))
    other = KnowledgeIndex(store, HashingEncoder(), tmp_path / "index")
    other.refresh()
    (index.folder / "000001" / "index.faiss").write_bytes(b"half of a file")
    with caplog.at_level(logging.WARNING):
        assert index.refresh() == FEW + 50
    assert "index.faiss is damaged. The index will be built anew." in caplog.text
    assert (index.lacking, index.snapshot.generation) == (0, "000002")
    assert found(index, "Question number 1?")[0] == 2
    assert KnowledgeIndex(store, HashingEncoder(), tmp_path / "index").lacking == 0


@pytest.mark.parametrize("current", ["", "000777", "../..", "\xff"])
def test_a_damaged_name_of_the_current_generation_is_survived(
    store: PairStore, index: KnowledgeIndex, tmp_path: Path, current: str
) -> None:
    store.add_many(many(3))
    index.refresh()
    index.fold()
    (index.folder / "current").write_bytes(current.encode("latin-1"))
    assert KnowledgeIndex(store, HashingEncoder(), tmp_path / "index").refresh() == 3


def test_another_encoder_has_everything_embedded_anew(
    store: PairStore, index: KnowledgeIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.add_many(many(3))
    index.refresh()
    index.fold()
    with caplog.at_level(logging.WARNING):
        other = KnowledgeIndex(store, HashingEncoder(32, "hashing-2"), tmp_path / "index")
    assert "built with 'hashing-1' (256 dimensions); settings name 'hashing-2' (32)" in caplog.text
    assert other.refresh() == 3
    assert other.fold() == "000002"
    assert KnowledgeIndex(store, HashingEncoder(32, "hashing-2"), tmp_path / "index").lacking == 0


def test_a_query_of_another_length_is_refused(index: KnowledgeIndex) -> None:
    with pytest.raises(DimensionMismatch, match="The query has 3 dimensions, the index 256"):
        index.snapshot.search(np.ones(3, dtype=np.float32), 5, Wanted(TODAY))


class BrokenEncoder(HashingEncoder):
    """Fails as long as `broken` says so; 'shape' and 'nan' give what no encoder should."""

    broken = ""

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.broken == "raises":
            raise RuntimeError("out of memory")
        vectors = super().encode(texts)
        if self.broken == "shape":
            return vectors[:, 1:]
        return vectors * np.float32("nan") if self.broken == "nan" else vectors


@pytest.mark.parametrize(("broken", "message"), [("shape", "gave shape"), ("nan", "no numbers")])
def test_what_an_encoder_gives_is_checked(store: PairStore, tmp_path: Path, broken: str, message: str) -> None:
    encoder = BrokenEncoder()
    encoder.broken = broken
    store.add_many(many(1))
    with pytest.raises(KnowledgeBaseError, match=message):
        KnowledgeIndex(store, encoder, tmp_path / "index").refresh()


def test_watching_outlives_failures(store: PairStore, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    encoder = BrokenEncoder()
    encoder.broken = "raises"
    index = KnowledgeIndex(store, encoder, tmp_path / "index")
    index.watch(0.02)
    store.add_many(many(1))
    wait_until(lambda: "trying again: out of memory" in caplog.text)
    encoder.broken = ""
    wait_until(lambda: not index.lacking)
    index.close()


def test_watching_folds_a_large_delta(store: PairStore, index: KnowledgeIndex) -> None:
    index.watch(0.02)
    for start in range(0, 400, 100):
        store.add_many(many(100, start))
        wait_until(lambda start=start: len(index.snapshot.rows) == start + 100 and not index.lacking)
    wait_until(lambda: index.snapshot.generation)
    assert (index.folder / "current").exists()


def test_searches_and_changes_at_once_never_fail(
    store: PairStore, index: KnowledgeIndex, encoder: HashingEncoder
) -> None:
    store.add_many(many(300))
    index.refresh()
    knowledge, errors, stop = KnowledgeBase(store, index), list[Exception](), threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                assert len(knowledge.search("question number 5", language="en")) == 5
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(40):
        store.add_many(many(1, 1000 + number))
        store.withdraw(number + 10)
        index.refresh()
        if number % 10 == 0:
            index.fold()
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


def _serve(folder: Path, questions: Connection) -> None:
    """Another process with an index of its own: waits until a question is found by its meaning, and says when."""
    store = PairStore(folder / "knowledge.db")
    index = KnowledgeIndex(store, HashingEncoder(), folder / "index")
    index.watch()
    knowledge = KnowledgeBase(store, index)
    questions.send("ready")
    while asked := questions.recv():
        question, wording = asked
        while not any(hit.pair.question == question and hit.dense > 0 for hit in knowledge.search(wording)):
            time.sleep(0.01)
        questions.send(time.time())
    index.close()
    store.close()


def test_a_saved_pair_is_found_within_a_second_by_another_process(store: PairStore, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    other = spawn.Process(target=_serve, args=(tmp_path, there))
    other.start()
    assert here.recv() == "ready"
    for question, wording in (("Do you repair bicycles?", "do you repair a bicycle"), ("怎么退款", "退款怎么退")):
        saved = time.time()
        store.add(Pair(question, "Yes."))
        here.send((question, wording))
        assert here.recv() - saved < 1
    here.send(None)
    other.join(10)
    assert other.exitcode == 0


def test_the_nouns_and_the_store_load_without_faiss() -> None:
    code = (
        "import sys, knowledge_base, knowledge_base.pairs, knowledge_base.importing; sys.exit('faiss' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_damaged_lock_keeps_nobody_from_building(tmp_path: Path) -> None:
    (tmp_path / "lock.db").write_bytes(b"no database " * 100)
    with generations.building(tmp_path, wait=False) as alone:
        assert alone
