"""Tokens: chance that is given away once, and of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_token() -> str:
    """256 bits of chance, for a URL or a cookie."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What is kept of a token. It is chance, so a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class Signer:
    """Signs with the installation's key (HMAC-SHA256, RFC 2104)."""

    def __init__(self, key: str) -> None:
        """key: a secret of this use alone; it never lies in the database. Raises ValueError if it is empty."""
        if not key:
            raise ValueError("the key is empty; with it anybody could sign")
        self.key = key.encode()

    def signed(self, token: str) -> str:
        """token.signature"""
        return f"{token}.{self.digest('session', token)}"

    def opened(self, value: str) -> str | None:
        """The token of a signed value; None if the signature is not ours."""
        token, _, signature = value.rpartition(".")
        ours = self.digest("session", token)
        return token if hmac.compare_digest(signature.encode(errors="replace"), ours.encode()) else None

    def digest(self, purpose: str, text: str) -> str:
        """The keyed hash of a text, hexadecimal; another one for another purpose."""
        return hmac.new(self.key, f"{purpose}\0{text}".encode(errors="replace"), hashlib.sha256).hexdigest()
