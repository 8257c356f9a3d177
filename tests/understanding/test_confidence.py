"""Confidence: one number for the best answer, the rest for the others; what nobody knows goes out of scope."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chatbot.understanding.confidence import (
    SIGNS,
    SUREST,
    Calibration,
    Reading,
    confidences,
    log_odds,
    pooled,
    shares_of,
    signs,
    softmax,
    sure,
)
from chatbot.understanding.ngrams import Floats

PLAIN = Calibration(
    tuned=1.0,
    linear=1.0,
    weights=(1.0, 0.5, 0.5, 2.0),
    centre=(3.0, 2.0, 2.0, 0.6),
    spread=(2.0, 2.0, 1.0, 0.2),
    bias=1.0,
)
INSIDE = (0, 2, 3)
"""Of four labels the second is out of scope."""
OUTSIDE = 1

numbers = st.floats(-40, 40, width=32)
some_logits = arrays(np.float32, (5, 4), elements=numbers)
some_nearness = arrays(np.float32, (5,), elements=st.floats(-1, 1.5, width=32))
spreads = st.floats(0.05, 5)
calibrations = st.builds(
    Calibration,
    tuned=st.floats(0.2, 5),
    linear=st.floats(0.2, 5),
    weights=st.tuples(*[st.floats(0, 5)] * 4),
    centre=st.tuples(*[st.floats(-8, 8)] * 4),
    spread=st.tuples(*[spreads] * 4),
    bias=st.floats(-10, 10),
)


def row(*values: float) -> Floats:
    return np.array([values], np.float32)


def reading(tuned: Floats | None, linear: Floats, nearness: float) -> Reading:
    return Reading(tuned, linear, np.full(len(linear), nearness, np.float32))


# --- shares of two readers -------------------------------------------------------------------------------------------


@given(arrays(np.float32, (3, 4), elements=st.floats(-1e4, 1e4, width=32)))
def test_a_softmax_is_shares_whatever_the_size_of_the_logits(logits: Floats) -> None:
    shares = softmax(logits)
    assert shares.sum(1) == pytest.approx(np.ones(3), abs=1e-5)
    assert (shares >= 0).all()


def test_two_readers_are_pooled_by_the_geometric_mean() -> None:
    assert pooled(row(0.8, 0.2), row(0.2, 0.8))[0] == pytest.approx([0.5, 0.5])
    assert pooled(row(0.9, 0.1), row(0.5, 0.5))[0] == pytest.approx([0.75, 0.25])
    assert pooled(row(0.5, 0.5, 0.0), row(0.0, 0.5, 0.5))[0] == pytest.approx([0.0, 1.0, 0.0])


def test_readers_that_have_no_label_in_common_give_no_shares_and_no_error() -> None:
    assert pooled(row(1.0, 0.0), row(0.0, 1.0)).tolist() == [[0.0, 0.0]]


def test_without_a_tuned_encoder_the_linear_reader_speaks_for_both() -> None:
    linear = row(2.0, 0.0, 1.0, -1.0)
    one, other = shares_of(reading(None, linear, 0.5), 3.0, 0.5)
    assert np.array_equal(one, other)
    assert np.array_equal(other, softmax(linear / 0.5))


def test_log_odds_are_the_same_either_way_and_have_a_most() -> None:
    assert log_odds(np.array([0.0, 0.25, 0.5, 0.75, 1.0], np.float32)) == pytest.approx(
        [-SUREST, -np.log(3), 0.0, np.log(3), SUREST]
    )


# --- the best label and how sure it is -------------------------------------------------------------------------------


def test_the_signs_are_how_sure_each_reader_is_how_strong_the_words_are_and_how_near_the_examples() -> None:
    best, values = signs(reading(row(2, 9, 0, 0), row(0, 0, 3, 0), 0.7), 1.0, 2.0, INSIDE)
    one, other = softmax(row(2, 9, 0, 0)), softmax(row(0, 0, 1.5, 0))
    assert best.tolist() == [0]  # of those in scope
    assert values.shape == (1, len(SIGNS))
    assert values[0] == pytest.approx([*log_odds(one[:, 0]), *log_odds(other[:, 0]), 3.0, 0.7])


def test_at_the_centre_it_is_as_sure_as_the_bias_says_and_every_sign_adds_its_weight() -> None:
    centre = np.array(PLAIN.centre, np.float32)
    above = centre + np.eye(4, dtype=np.float32) * np.array(PLAIN.spread, np.float32)
    odds = [PLAIN.bias, *(PLAIN.bias + weight for weight in PLAIN.weights)]
    assert sure(np.stack([centre, *above]), PLAIN) == pytest.approx([1 / (1 + np.exp(-each)) for each in odds])


def test_no_sign_is_so_far_away_that_it_overflows() -> None:
    values = np.array([[-8, -8, -1e3, -1], [8, 8, 1e3, 1.5]], np.float32)
    assert sure(values, Calibration(1, 1, (9, 9, 9, 9), (0, 0, 0, 0), (1e-3,) * 4, 0)) == pytest.approx([0, 1])


def test_the_best_label_has_the_probability_that_it_is_right() -> None:
    some = reading(row(2, 1, 0, 0), row(2, 0, 3, 0), 0.7)
    best, values = signs(some, 1.0, 1.0, INSIDE)
    shares = confidences(some, PLAIN, INSIDE)
    assert shares[0, best[0]] == sure(values, PLAIN)[0]


# --- the rest --------------------------------------------------------------------------------------------------------


@given(some_logits, some_logits, some_nearness, calibrations)
def test_rows_sum_to_one_at_most(tuned: Floats, linear: Floats, nearness: Floats, calibration: Calibration) -> None:
    shares = confidences(Reading(tuned, linear, nearness), calibration, INSIDE)
    assert shares.shape == (5, 4)
    assert (shares >= 0).all()
    assert shares.sum(1).max() <= 1 + 1e-5


@given(some_logits, some_logits, some_nearness, calibrations)
def test_the_best_label_in_scope_stays_before_all_others_in_scope(
    tuned: Floats, linear: Floats, nearness: Floats, calibration: Calibration
) -> None:
    some = Reading(tuned, linear, nearness)
    best, _ = signs(some, calibration.tuned, calibration.linear, INSIDE)
    shares = confidences(some, calibration, INSIDE)[:, INSIDE]
    assert [INSIDE[at] for at in shares.argmax(1)] == best.tolist()


@given(some_logits, some_nearness, calibrations)
def test_with_all_labels_in_scope_the_readers_order_is_the_order_of_confidence(
    linear: Floats, nearness: Floats, calibration: Calibration
) -> None:
    shares = confidences(Reading(None, linear, nearness), calibration, (0, 1, 2, 3))
    likely = pooled(*shares_of(Reading(None, linear, nearness), calibration.tuned, calibration.linear))
    for have, wanted in zip(shares, likely, strict=True):
        assert (np.diff(have[np.argsort(-wanted, kind="stable")]) <= 1e-6).all()


def test_what_is_clear_and_near_is_answered() -> None:
    shares = confidences(reading(row(8, 0, 0, 0), row(6, 0, 0, 0), 1.2), PLAIN, INSIDE)[0]
    assert shares[0] > 0.99


def test_what_nobody_is_sure_of_goes_to_the_label_out_of_scope() -> None:
    shares = confidences(reading(row(0, 0, 0, 0), row(0, 0, 0, 0), 0.1), PLAIN, INSIDE)[0]
    assert shares.argmax() == OUTSIDE
    assert shares[list(INSIDE)].max() < 0.05


def test_without_such_a_label_what_is_unsure_is_left_to_nobody() -> None:
    shares = confidences(reading(row(0, 0, 0, 0), row(0, 0, 0, 0), 0.1), PLAIN, (0, 1, 2, 3))[0]
    assert shares.max() < 0.05
    assert shares.sum() < 0.2


@pytest.mark.parametrize("more", [0.3, 0.6, 0.9])
def test_the_nearer_an_example_the_surer_the_best_label(more: float) -> None:
    logits = row(2, 1, 0, 0)
    far, close = (confidences(reading(logits, logits, near), PLAIN, INSIDE)[0, 0] for near in (0.2, 0.2 + more))
    assert far < close


def test_no_texts_have_no_confidences() -> None:
    assert confidences(reading(None, np.zeros((0, 4), np.float32), 0.0), PLAIN, INSIDE).shape == (0, 4)
