from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.errors import ProjectError
from chatbot.messages import Entity
from chatbot.understanding.masking import Masker
from chatbot.understanding.text import MAX_CHARACTERS, normalised
from tests.fakes import PATTERNS

MASKER = Masker(PATTERNS)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mei.tan+shop@mail.example.com", "[email]"),
        ("write to mei@example.com, please.", "write to [email], please."),
        ("我的邮箱是mei@example.com谢谢", "我的邮箱是[email]谢谢"),
        ("mei ＠ example．com", "[email]"),
        ("josé.muñoz@example.com", "[email]"),
        # Singapore
        ("call 81234821", "call [number]"),
        ("call 8123 4821", "call [number]"),
        ("+65 8123 4821", "[number]"),
        ("(65) 8123-4821", "[number]"),
        # China
        ("手机13812345678", "手机[number]"),
        ("138 1234 5678", "[number]"),
        ("138–1234–5678", "[number]"),
        ("+86-138-1234-5678", "[number]"),
        # elsewhere
        ("+44 (0)20 7946 0958", "[number]"),
        ("+1-202-555-0147", "[number]"),
        ("8 1 2 3 4 8 2 1", "[number]"),
        ("8123 - 4821", "[number] - [number]"),
        # cards, identities, orders
        ("card 4111 1111 1111 1111 ok", "card [number] ok"),
        ("4111-1111-1111-1111", "[number]"),
        ("NRIC S1234567D", "NRIC [identity]"),
        ("s1234567d", "[identity]"),
        ("110105194912310021", "[number]"),
        ("order 100234", "order [order]"),
        ("订单100234在哪", "订单[order]在哪"),
        ("订单１００２３４", "订单[order]"),
        ("手机１３８１２３４５６７８", "手机[number]"),
        ("#100234/100235", "#[order]/[order]"),
        ("last digits 4821", "last digits [number]"),
        # one beside another: neither may hide the other
        ("100234 81234821", "[order] [number]"),
        ("81234821 100234", "[number] [order]"),
        ("100234 8123 4821 mei@example.com", "[order] [number] [email]"),
        ("100234@example.com 100234", "[email] [order]"),
        ("mei@example.com81234821", "[email]"),
        ("mei@example.com+jo@example.com", "[email][email]"),
    ],
)
def test_personal_data_is_replaced_by_its_kind(text: str, masked: str) -> None:
    assert MASKER.masked(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "S$80",
        "S$1000",
        "S$ 1000",
        "€2500",
        "120 cm",
        "160 x 200 cm",
        "1000元",
        "1000 元",
        "2000块",
        "1500 kg",
        "1600 cm",
        "2000mm",
        "1000新元",
        "1000 SGD",
        "2500 euros",
        "1500 dollars",
        "48 hours, 30 days, 9:00 to 21:00",
        "size 42, 100% cotton, 2.5 m",
        "[order] [email]",
        "@home",
        "a@b",
    ],
)
def test_prices_and_sizes_stay(text: str) -> None:
    assert MASKER.masked(text) == text


def test_entities_tell_name_value_and_place_in_order() -> None:
    text = "I am mei@example.com, order 100234, phone 8123 4821"
    found = MASKER.entities(text)
    assert found == (
        Entity("email", "mei@example.com", 5, 20),
        Entity("order_number", "100234", 28, 34),
        Entity("number", "8123 4821", 42, 51),
    )
    assert [text[entity.start : entity.end] for entity in found] == [entity.value for entity in found]


def test_patterns_of_ones_own_go_before_the_general_ones_and_read_any_case() -> None:
    masker = Masker({"voucher": (r"MM-\d{5}",), "order_number": (r"\d{8}",)})
    assert masker.masked("mm-12345 and 81234821") == "[voucher] and [order]"


def test_a_pattern_that_matches_nothing_at_all_masks_nothing() -> None:
    assert Masker({"odd": (r"x*",)}).masked("a xx b") == "a [odd] b"


def test_a_pattern_that_reads_over_another_does_not_tear_it_apart() -> None:
    assert Masker({"rest": (r"I am .*",)}).masked("I am mei@example.com") == "I am [email]"


def test_a_pattern_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ProjectError) as refusal:
        Masker({"order_number": (r"(\d{6}",)})
    assert str(refusal.value) == (
        "Regex 'order_number' in the NLU data: '(\\d{6}' is no regular expression: "
        "missing ), unterminated subpattern at position 0."
    )


PERSONAL = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "100234",
                "81234821",
                "4821",
                "a@b.co",
                "S1234567D",
                "+65",
                "[order]",
                "$",
                "元",
                "x",
                " ",
                "-",
                "@",
                ".com",
            ]
        ),
        st.text("0123456789 -./()+@.aS＠１é\u200b\u0301元$", max_size=6),
    ),
    max_size=12,
).map("".join)


@given(st.one_of(PERSONAL, st.text()))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = MASKER.masked(text)
    assert MASKER.masked(once) == once


@given(PERSONAL)
def test_nothing_that_was_found_is_left_and_nothing_overlaps(text: str) -> None:
    clean = normalised(text)
    found = MASKER.entities(clean)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert all(clean[entity.start : entity.end] == entity.value for entity in found)
    assert MASKER.entities(MASKER.masked(text)) == ()


def test_a_text_of_many_numbers_stays_within_the_length_that_is_read() -> None:
    masked = MASKER.masked("a1234 " * 1000)
    assert len(masked) <= MAX_CHARACTERS
    assert MASKER.masked(masked) == masked
    assert "1234" not in masked
