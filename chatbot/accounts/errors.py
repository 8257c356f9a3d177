"""What can be wrong with an account, a sign-in or a first link."""

# ruff: noqa: N818 - an error is named for what is wrong, as in knowledge_base.errors
from __future__ import annotations

from chatbot.errors import FrontdeskError


class AccountError(FrontdeskError):
    """Something about the accounts of staff is not allowed or not there."""


class InvalidAccount(AccountError):
    """A name, a role or a password breaks a rule; the sentence never holds the password."""


class NameTaken(AccountError):
    """There is an account of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is an account '{name}' already. Choose another name, or change that account.")


class NoSuchAccount(AccountError):
    """There is no account of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no account '{name}'. List the team to see the names.")


class LastAdmin(AccountError):
    """Nobody would be left who may manage the accounts."""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' is the last active admin. Make somebody else admin first.")


class WrongCredentials(AccountError):
    """Name and password do not belong together; which of the two is wrong is not told."""

    def __init__(self) -> None:
        super().__init__("Name or password is wrong.")


class Throttled(AccountError):
    """Too many sign-ins failed; retry_after_s: seconds, at least 1, until the next is looked at."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"Too many sign-ins failed. Try again in {retry_after_s} seconds.")


class TokenRefused(AccountError):
    """The token of a first link was used, is too old, or was never made."""

    def __init__(self) -> None:
        super().__init__("This link was used, is too old or unknown. Make a new one: chatbot staff link")
