from __future__ import annotations

import stat
from pathlib import Path

import pytest

from chatbot import files
from chatbot.files import replace_text, written_beside


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_whole_when_the_block_has_ended(tmp_path: Path) -> None:
    target = tmp_path / "new" / "target"
    with written_beside(target) as draft:
        (draft / "sub").mkdir()
        (draft / "sub" / "file").write_text("text")
        assert not target.exists()
        assert draft.parent == target.parent
    assert (target / "sub" / "file").read_text() == "text"
    assert names(target.parent) == ["target"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def break_off(target: Path) -> None:
    with written_beside(target) as draft:
        (draft / "file").write_text("half")
        raise KeyboardInterrupt


def test_a_block_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        break_off(tmp_path / "target")
    assert names(tmp_path) == []


def write_over(target: Path, while_writing: bool) -> None:
    with written_beside(target) as draft:
        (draft / "file").write_text("ours")
        if while_writing:
            target.mkdir()
            (target / "file").write_text("theirs")


@pytest.mark.parametrize("unseen", [False, True], ids=["seen before the rename", "made just before the rename"])
def test_what_another_process_made_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unseen: bool
) -> None:
    target = tmp_path / "target"
    with monkeypatch.context() as patched:
        if unseen:
            patched.setattr(files.Path, "exists", lambda self: False)
        with pytest.raises(FileExistsError, match=r"target exists already\."):
            write_over(target, while_writing=True)
    assert (target / "file").read_text() == "theirs"
    assert names(tmp_path) == ["target"]


def test_an_empty_folder_is_not_taken_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(FileExistsError):
        write_over(tmp_path / "target", while_writing=False)
    assert names(tmp_path / "target") == []


def test_a_text_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "current"
    replace_text(path, "一\n")
    replace_text(path, "二\n")
    assert (path.read_text("utf-8"), names(path.parent)) == ("二\n", ["current"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_text(path, "三\n")
    assert (path.read_text("utf-8"), names(path.parent)) == ("二\n", ["current"])
