from __future__ import annotations

import stat
from pathlib import Path

import pytest

from chatbot.conversations import sealing
from chatbot.conversations.sealing import Seal, derived, secret
from chatbot.errors import ConversationError


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHATBOT_SECRET_KEY", raising=False)


def test_the_secret_is_made_once_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    first = secret(home)
    assert len(first) == 44
    assert secret(home) == first
    assert (home / "secret.key").read_text() == first + "\n"
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600
    assert secret(tmp_path / "other") != first


def test_a_secret_made_by_a_faster_process_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking for the file and making it, another process makes it."""
    make = sealing.Fernet.generate_key

    def beaten() -> bytes:
        (tmp_path / "secret.key").write_text("theirs\n")
        return make()

    monkeypatch.setattr(sealing.Fernet, "generate_key", beaten)
    assert secret(tmp_path) == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_the_environment_wins_over_the_file_and_writes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_SECRET_KEY", "from the environment")
    assert secret(tmp_path) == "from the environment"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_key_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("\n")
    with pytest.raises(ConversationError) as refusal:
        secret(tmp_path)
    assert str(refusal.value) == (
        f"{tmp_path}/secret.key is empty. Restore it, or remove it: kept conversations are then unreadable."
    )


@pytest.mark.parametrize("text", ["mei@example.com", "订单 100234", "half a pair \ud83d", "\x00 \u2028"])
def test_what_was_sealed_opens_again_and_does_not_show(text: str) -> None:
    sealed = Seal("a secret").close({"text": text})
    assert Seal("a secret").open(sealed) == {"text": text}
    assert b"example" not in sealed
    assert Seal("a secret").close({"text": text}) != sealed


def test_another_key_is_told_in_a_sentence() -> None:
    sealed = Seal("a secret").close({"text": "hello"})
    for broken in (sealed, b"not sealed at all"):
        with pytest.raises(ConversationError) as refusal:
            Seal("another secret").open(broken)
        assert str(refusal.value) == (
            "A conversation was sealed with another key. Restore secret.key (or CHATBOT_SECRET_KEY) as it was."
        )


def test_keys_for_two_purposes_differ() -> None:
    assert derived("a", "live store") != derived("a", "browser")
    assert derived("a", "browser") != derived("b", "browser")
