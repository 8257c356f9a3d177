"""What is promised of the split: each example held out once, conversations whole, the unknown unknown."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.errors import TrainingError
from chatbot.training.splits import FEW_A_LABEL, FOLDED, FOLDS, LEFT_OUT, folds, planned, split, usable
from tests.samples import EXAMPLES
from training_data.examples import OUT_OF_SCOPE, Example


def example(text: str, intent: str, group: str = "") -> Example:
    return Example(text, intent, "en", "test", group)


def rows_of(**counts: int) -> list[Example]:
    return [example(f"{intent} {n}", intent) for intent, count in counts.items() for n in range(count)]


def intents_of(rows: list[Example], places: tuple[int, ...]) -> Counter[str]:
    return Counter(rows[place].intent for place in places)


def groups_of(rows: list[Example], places: tuple[int, ...]) -> set[str]:
    return {rows[place].group for place in places} - {""}


@st.composite
def some_rows(draw: st.DrawFn) -> list[Example]:
    """Two to eight intents, at least two examples each; some in conversations."""
    intents = draw(st.lists(st.sampled_from([*"abcdefg", "oos"]), min_size=2, max_size=8, unique=True))
    rows = []
    for intent in intents:
        for number in range(draw(st.integers(2, 20))):
            group = draw(st.sampled_from(["", "", "c1", "c2", "c3", "c4"]))
            rows.append(example(f"{intent} {number}", intent, group))
    return rows


# --- what is used ----------------------------------------------------------------------------------------------------


def test_examples_are_masked_and_each_text_is_used_once() -> None:
    rows = [
        example("Order 100234", "a", "c1"),
        example("order 555123", "b"),  # the same, once it is masked
        example("x", "a"),
        example("y", "b"),
        example("z", "b"),
        example("  ", "b"),
    ]

    def masked(text: str) -> str:
        return re.sub(r"\d+", "[order]", text).strip()

    assert usable(rows, masked) == [
        example("Order [order]", "a", "c1"),
        example("x", "a"),
        example("y", "b"),
        example("z", "b"),
    ]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "0 examples of 0 intent"),
        ([example("x", "a"), example("y", "a")], "2 examples of 1 intent"),
        ([example("x", "a"), example("y", "a"), example("z", "b")], "Intent b has one example only"),
    ],
)
def test_too_few_examples_are_refused(rows: list[Example], sentence: str) -> None:
    with pytest.raises(TrainingError, match=re.escape(sentence)):
        usable(rows, str.strip)


# --- one round -------------------------------------------------------------------------------------------------------


@given(some_rows(), st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_the_split_keeps_conversations_whole_and_every_intent_in_training(rows: list[Example], chance: int) -> None:
    try:
        one = split(rows, 0.1, chance)
    except TrainingError:  # nothing could be set aside
        assert any(row.group for row in rows)
        return
    assert sorted(one.learned + one.held) == list(range(len(rows)))
    assert not groups_of(rows, one.learned) & groups_of(rows, one.held)
    assert set(intents_of(rows, one.learned)) == {row.intent for row in rows}
    assert one.unknown == frozenset()
    assert 0 < len(one.held) <= len(rows) * 0.1 + 8


def test_the_split_takes_the_wanted_share_of_each_intent() -> None:
    rows = rows_of(a=40, b=80)
    assert intents_of(rows, split(rows, 0.1, 13).held) == {"a": 4, "b": 8}


def test_another_seed_is_another_split() -> None:
    assert split(EXAMPLES, 0.1, 1) == split(EXAMPLES, 0.1, 1)
    assert split(EXAMPLES, 0.1, 1) != split(EXAMPLES, 0.1, 2)


def test_one_long_conversation_is_too_little_to_validate_on() -> None:
    rows = [example(f"{intent} {n}", intent, "the only one") for intent in "ab" for n in range(9)]
    with pytest.raises(TrainingError, match="None of the 1 conversations can be set aside"):
        split(rows, 0.1, 13)


# --- folds -----------------------------------------------------------------------------------------------------------


@given(some_rows(), st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_every_example_is_held_out_once_and_no_conversation_is_split(rows: list[Example], chance: int) -> None:
    try:
        rounds = folds(rows, chance)
    except TrainingError:  # neither folds nor a split
        assert any(row.group for row in rows) or len({row.intent for row in rows} - OUT_OF_SCOPE) < 2
        return
    for each in rounds:
        assert not set(each.learned) & set(each.held)
        assert not groups_of(rows, each.learned) & groups_of(rows, each.held)
        assert len(set(intents_of(rows, each.learned))) >= 2
    held = [place for each in rounds for place in each.held]
    assert len(held) == len(set(held))
    assert len(rounds) in (1, FOLDS)
    if len(rounds) == FOLDS:
        assert sorted(held) == list(range(len(rows)))


@given(some_rows(), st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_an_intent_is_either_learned_or_unknown_and_what_is_known_is_learned_from(
    rows: list[Example], chance: int
) -> None:
    try:
        rounds = folds(rows, chance)
    except TrainingError:
        return
    everything = {row.intent for row in rows}
    for each in rounds:
        assert set(intents_of(rows, each.learned)) == everything - each.unknown
        left = set(range(len(rows))) - set(each.learned) - set(each.held)
        assert {rows[place].intent for place in left} <= each.unknown


def test_single_examples_are_dealt_evenly_to_the_folds() -> None:
    rows = rows_of(a=9, b=12, c=7)
    held = [intents_of(rows, each.held) for each in folds(rows, 3)]
    assert [(each["a"], each["b"]) for each in held] == [(3, 4)] * 3
    assert sorted(each["c"] for each in held) == [2, 2, 3]


@pytest.mark.parametrize(("intents", "each_round"), [(5, 0), (6, 1), (11, [2, 2, 2]), (18, 3)])
def test_of_six_intents_one_is_unknown_in_each_round_and_another_one_each_time(
    intents: int, each_round: int | list[int]
) -> None:
    rows = rows_of(**{f"intent{n}": 6 for n in range(intents)}, out_of_scope=6)
    rounds = folds(rows, 1)
    assert LEFT_OUT == 6
    assert [len(each.unknown) for each in rounds] == (
        each_round if isinstance(each_round, list) else [each_round] * FOLDS
    )
    together = [name for each in rounds for name in each.unknown]
    assert len(together) == len(set(together))
    assert "out_of_scope" not in together


def test_what_one_conversation_alone_shows_is_unknown_where_that_is_held_out() -> None:
    rows = [*rows_of(a=6, b=6, c=6), *(example(f"d {n}", "d", "the only one") for n in range(4))]
    rounds = folds(rows, 1)
    assert [each.unknown for each in rounds if "d" in intents_of(rows, each.held)] == [frozenset({"d"})]
    assert [each.unknown for each in rounds if "d" not in intents_of(rows, each.held)] == [frozenset()] * 2


def test_where_a_fold_would_leave_one_intent_only_there_is_one_round() -> None:
    rows = rows_of(a=9, out_of_scope=9)
    assert folds(rows, 1) == (split(rows, 1 / FOLDS, 1),)


# --- the plan --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a_label", "tuned"), [(FEW_A_LABEL - 1, False), (FEW_A_LABEL, True)])
def test_the_encoder_is_tuned_from_eight_examples_of_a_middling_intent(a_label: int, tuned: bool) -> None:
    assert FEW_A_LABEL == 8
    rows = rows_of(a=2, b=a_label, c=50, out_of_scope=200)
    assert planned(rows, 0.1, 13).tuned is tuned


@pytest.mark.parametrize(("examples", "rounds"), [(FOLDED - 1, FOLDS), (FOLDED, 1)])
def test_little_data_is_learned_in_three_rounds_and_all_of_it_served_much_in_one(examples: int, rounds: int) -> None:
    rows = rows_of(a=examples // 2, b=examples - examples // 2)
    plan = planned(rows, 0.1, 13)
    assert (len(plan.rounds), plan.folded) == (rounds, rounds > 1)


@pytest.mark.parametrize(
    ("examples", "validation", "held"),
    [
        (1500, 0.1, 300),  # no more than a fifth
        (3000, 0.1, 400),  # at least so many
        (10_000, 0.1, 1000),  # the share that was asked for
        (30_000, 0.1, 2000),  # at most so many
    ],
)
def test_what_is_set_aside_of_much_data_suffices_to_certify_a_budget(
    examples: int, validation: float, held: int
) -> None:
    (one,) = planned(rows_of(a=examples // 2, b=examples // 2), validation, 13).rounds
    assert len(one.held) == held
