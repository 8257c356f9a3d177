from __future__ import annotations

import pytest

from chatbot.accounts.errors import InvalidAccount
from chatbot.accounts.people import ROLES, checked_name, checked_role
from chatbot.web.staff import answers


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Mei", "mei"),
        ("  mei ", "mei"),
        ("Mei.Lin-2@shop_cn", "mei.lin-2@shop_cn"),
        ("ＭＥＩ２", "mei2"),  # typed with a Chinese keyboard
        ("小梅", "小梅"),
        ("Straße", "strasse"),
        ("x" * 64, "x" * 64),
    ],
)
def test_a_name_is_kept_in_one_form(given: str, kept: str) -> None:
    assert checked_name(given) == kept
    assert checked_name(kept) == kept


@pytest.mark.parametrize("given", ["", " ", "x" * 65, "mei lin", "a/b", ".", "..", "-mei", "a\0b", "<b>", "\ud800"])
def test_what_is_no_name_is_refused_in_a_sentence_that_can_be_sent(given: str) -> None:
    with pytest.raises(InvalidAccount, match="allowed are 1 to 64 letters, digits or") as refused:
        checked_name(given)
    assert str(refused.value).encode()


def test_a_role_is_one_of_three() -> None:
    assert [checked_role(role) for role in ("agent", "editor", "admin")] == ["agent", "editor", "admin"]
    with pytest.raises(InvalidAccount, match="The role is 'root'; allowed are agent, editor, admin"):
        checked_role("root")


def test_the_console_knows_the_same_roles_in_the_same_order() -> None:
    assert answers.ROLES == ROLES
