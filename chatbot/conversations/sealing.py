"""Encryption of the live store. The key lies in `secret.key` (0600) or in the environment, never in the database."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from chatbot.errors import ConversationError


def secret(home: Path) -> str:
    """The installation's secret; made at the first start. CHATBOT_SECRET_KEY, where set, is used instead of the file.

    Several processes may start at once: the first to make the file wins.
    """
    given = os.environ.get("CHATBOT_SECRET_KEY", "")
    if given:
        return given
    path = home / "secret.key"
    home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        written_once(path, Fernet.generate_key() + b"\n")
    text = path.read_text("ascii").strip()
    if not text:
        raise ConversationError(f"{path} is empty. Restore it, or remove it: kept conversations are then unreadable.")
    return text


def written_once(path: Path, content: bytes) -> None:
    """The file (0600) holds the content, unless another process was faster; nobody ever reads half of it."""
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)  # unlike a rename it never replaces
    finally:
        Path(draft).unlink()


def derived(secret: str, purpose: str) -> str:
    """A key for one purpose, so that no two uses share one."""
    return hashlib.sha256(f"{purpose}\0{secret}".encode()).hexdigest()


class Seal:
    """JSON values in, ciphertext out, and back (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, secret: str) -> None:
        self.fernet = Fernet(base64.urlsafe_b64encode(bytes.fromhex(derived(secret, "live store"))))

    def close(self, value: Mapping[str, Any]) -> bytes:
        """The value, sealed."""
        return self.fernet.encrypt(json.dumps(value).encode())  # ASCII: a customer may send half a surrogate pair

    def open(self, sealed: bytes) -> dict[str, Any]:
        """The value. Raises ConversationError if it was sealed with another key."""
        try:
            value: dict[str, Any] = json.loads(self.fernet.decrypt(sealed))
        except InvalidToken as error:
            raise ConversationError(
                "A conversation was sealed with another key. Restore secret.key (or CHATBOT_SECRET_KEY) as it was."
            ) from error
        return value
