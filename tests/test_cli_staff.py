"""`chatbot staff`, in this process, on real files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chatbot.accounts.errors import InvalidAccount, LastAdmin
from chatbot.cli_staff import staff
from chatbot.settings import load_settings
from chatbot.wiring_staff import staff_accounts

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path))
    monkeypatch.delenv("CHATBOT_SECRET_KEY", raising=False)
    return tmp_path


def said(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(staff, words, input=typed)


def listed() -> dict[str, tuple[str, bool]]:
    return {person["name"]: (person["role"], person["active"]) for person in json.loads(said("list", "--json").output)}


def test_somebody_who_was_added_can_sign_in_and_is_listed(home: Path) -> None:
    assert "as editor" in said("add", "Mei", "--role", "editor", typed=PASSWORD + "\n").output
    assert listed() == {"mei": ("editor", True)}
    assert "mei" in said("list").output
    accounts = staff_accounts(load_settings())
    assert accounts.sign_in("MEI", PASSWORD, "127.0.0.1").person.role == "editor"
    accounts.close()


def test_the_link_makes_one_admin_and_is_no_more_then() -> None:
    link = said("link").output.strip()
    accounts = staff_accounts(load_settings())
    accounts.add_first(link.partition("#first=")[2], "ann", PASSWORD)
    accounts.close()
    assert listed() == {"ann": ("admin", True)}
    assert "There is an admin already" in said("link").output


def test_role_password_and_access_can_be_changed_but_not_the_last_admins() -> None:
    for name, role in (("ann", "admin"), ("mei", "agent")):
        said("add", name, "--role", role, typed=PASSWORD + "\n")
    assert said("change", "mei", "--role", "editor", "--inactive").output == "mei: editor, not active.\n"
    assert said("change", "mei", "--active", "--password", typed="another horse entirely\n").exit_code == 0
    accounts = staff_accounts(load_settings())
    assert accounts.sign_in("mei", "another horse entirely", "127.0.0.1").person.active
    accounts.close()
    assert isinstance(said("change", "ann", "--role", "agent").exception, LastAdmin)
    assert listed()["ann"] == ("admin", True)


@pytest.mark.parametrize("words", [("add", "mei"), ("add", "mei", "--role", "king"), ("add", "../mei")])
def test_what_is_no_account_is_refused(words: tuple[str, ...]) -> None:
    typed = "short\n" if words == ("add", "mei") else PASSWORD + "\n"
    assert isinstance(said(*words, typed=typed).exception, InvalidAccount)
    assert listed() == {}
