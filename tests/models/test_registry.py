"""Serving follows `current`, which names a complete folder at every moment."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from chatbot.errors import ModelError
from chatbot.models.folder import ENCODER_FILES, MODEL_FILES, Labels, write_labels
from chatbot.models.registry import Registry, fingerprint_of
from chatbot.understanding.confidence import Calibration

FILES = (*MODEL_FILES, *ENCODER_FILES)
LABELS = Labels(("a", "b"), True, Calibration(1.0, 1.0, (1.0,) * 4, (0.0,) * 4, (1.0,) * 4, 0.0))


def version(registry: Registry, name: str, *left_out: str) -> Path:
    """A folder with every file but those left out."""
    folder = registry.folder / name
    folder.mkdir(parents=True)
    for file in FILES:
        (folder / file).write_text("x")
    write_labels(folder, LABELS)
    for file in left_out:
        (folder / file).unlink()
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def test_nothing_is_current_before_the_first_promotion(registry: Registry) -> None:
    assert registry.current() is None
    version(registry, "one")
    assert registry.current() is None  # it is never guessed


def test_what_was_promoted_last_is_current(registry: Registry) -> None:
    one, two = version(registry, "one"), version(registry, "two")
    registry.promote("two")
    assert registry.current() == two
    registry.promote("one")
    assert registry.current() == one
    assert (registry.folder / "current").read_text() == "one\n"


@pytest.mark.parametrize("file", FILES)
def test_an_incomplete_folder_is_refused_and_the_old_one_stays(registry: Registry, file: str) -> None:
    old = version(registry, "old")
    version(registry, "new", file)
    registry.promote("old")
    with pytest.raises(ModelError, match=re.escape(file)):
        registry.promote("new")
    assert registry.current() == old


def test_a_folder_that_is_not_there_is_refused(registry: Registry) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        registry.promote("nowhere")
    assert registry.current() is None


@pytest.mark.parametrize("damage", ["gone", "", "\n"])
def test_a_current_that_names_no_complete_folder_is_told(registry: Registry, damage: str) -> None:
    version(registry, "one")
    (registry.folder / "current").write_text(damage)
    with pytest.raises(ModelError, match="missing or empty"):
        registry.current()


def test_a_reader_sees_one_or_the_other_and_never_half(registry: Registry) -> None:
    both = {version(registry, name) for name in ("one", "two")}
    registry.promote("one")
    seen: set[Path | None] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(registry.current())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        registry.promote(("one", "two")[turn % 2])
    stop.set()
    reader.join()
    assert seen <= both
    assert sorted(path.name for path in registry.folder.iterdir()) == ["current", "one", "two"]


def test_a_switch_that_fails_leaves_the_old_one_and_no_litter(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    version(registry, "one")
    version(registry, "two")
    registry.promote("one")
    current, before = registry.folder / "current", (registry.folder / "current").stat().st_ino
    renamed: list[Path] = []

    def full(draft: Path, target: Path) -> None:
        assert draft.read_text() == "two\n"  # whole before it takes the place
        renamed.append(target)
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        registry.promote("two")
    assert renamed == [current]
    assert current.read_text() == "one\n"
    assert current.stat().st_ino == before
    assert sorted(path.name for path in registry.folder.iterdir()) == ["current", "one", "two"]


def test_a_new_version_sorts_by_time_and_makes_nothing(registry: Registry) -> None:
    fingerprint = fingerprint_of(["a", "b"])
    folder = registry.new_version(fingerprint)
    assert re.fullmatch(rf"\d{{8}}T\d{{6}}-{fingerprint[:8]}", folder.name)
    assert not registry.folder.exists()


def test_a_fingerprint_is_of_the_rows_and_not_of_their_order() -> None:
    assert fingerprint_of(["a", "b"]) == fingerprint_of(["b", "a"])
    assert fingerprint_of(["a", "b"]) != fingerprint_of(["a", "b", "b"])
