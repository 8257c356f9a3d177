"""Encryption of the live store. The key lies in `secret.key` (0600) or in the environment, never in the database."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
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
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    text = path.read_text("ascii").strip()
    if not text:
        raise ConversationError(f"{path} is empty. Restore it, or remove it: kept conversations are then unreadable.")
    return text


def derived(secret: str, purpose: str) -> str:
    """A key for one purpose, so that no two uses share one."""
    return hashlib.sha256(f"{purpose}\0{secret}".encode()).hexdigest()


class Seal:
    """JSON values in, ciphertext out, and back (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, secret: str) -> None:
        self.fernet = Fernet(base64.urlsafe_b64encode(bytes.fromhex(derived(secret, "live store"))))

    def close(self, value: Mapping[str, Any]) -> bytes:
        """The value, sealed."""
        return self.fernet.encrypt(json.dumps(value, ensure_ascii=False).encode())

    def open(self, sealed: bytes) -> dict[str, Any]:
        """The value. Raises ConversationError if it was sealed with another key."""
        try:
            value: dict[str, Any] = json.loads(self.fernet.decrypt(sealed))
        except InvalidToken as error:
            raise ConversationError(
                "A conversation was sealed with another key. Restore secret.key (or CHATBOT_SECRET_KEY) as it was."
            ) from error
        return value
