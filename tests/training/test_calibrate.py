"""A calibration makes confidence mean something; known values, and what must hold of all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from chatbot.training.calibrate import (
    HIGHEST,
    LEAST,
    LOWEST,
    WEIGHTS,
    WEIGHTS_TAUGHT,
    expected_calibration_error,
    fitted,
    fitted_temperature,
    logistic,
)
from chatbot.understanding.confidence import SIGNS, Reading, confidences, softmax

Logits = NDArray[np.float32]


def sample(temperature: float, rows: int = 3000) -> tuple[Logits, NDArray[np.int64]]:
    """Logits, and targets drawn from their softmax at this temperature: it is the right one by construction."""
    chance = np.random.default_rng(5)
    logits = chance.normal(0, 4, (rows, 5)).astype(np.float32)
    targets = [chance.choice(5, p=shares / shares.sum()) for shares in softmax(logits / temperature).astype(float)]
    return logits, np.array(targets, np.int64)


def loss(logits: Logits, targets: NDArray[np.int64]) -> float:
    """Negative log-likelihood."""
    return float(-np.log(softmax(logits)[np.arange(len(targets)), targets]).mean())


@pytest.mark.parametrize("wanted", [0.5, 1.0, 2.0, 4.0])
def test_the_temperature_that_the_data_have_is_found(wanted: float) -> None:
    assert fitted_temperature(*sample(wanted)) == pytest.approx(wanted, rel=0.15)


def test_the_fitted_temperature_makes_an_overconfident_model_honest() -> None:
    logits, targets = sample(3.0)
    temperature = fitted_temperature(logits, targets)
    assert loss(logits / temperature, targets) < 0.8 * loss(logits, targets)
    right = logits.argmax(1) == targets
    before = expected_calibration_error(softmax(logits).max(1), right)
    after = expected_calibration_error(softmax(logits / temperature).max(1), right)
    assert after < before / 3
    assert after < 0.03


@given(
    arrays(np.float32, st.tuples(st.integers(1, 20), st.just(4)), elements=st.floats(-20, 20, width=32)),
    st.integers(0, 2**31),
)
def test_no_fitted_temperature_is_worse_than_none(logits: Logits, chance: int) -> None:
    targets = np.random.default_rng(chance).integers(0, 4, len(logits))
    assert loss(logits / fitted_temperature(logits, targets), targets) <= loss(logits, targets) + 1e-5


def test_a_few_right_answers_do_not_make_it_certain() -> None:
    logits = np.eye(3, dtype=np.float32)
    assert fitted_temperature(logits, np.arange(3)) == pytest.approx(LOWEST)
    assert fitted_temperature(-logits, np.arange(3)) == pytest.approx(HIGHEST)


def test_no_rows_leave_the_logits_as_they_are() -> None:
    assert fitted_temperature(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)) == 1.0


@pytest.mark.parametrize(
    ("confidence", "right", "error"),
    [
        ([], [], 0.0),
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [False, False], 1.0),
        ([0.75, 0.75, 0.75, 0.75], [True, True, True, False], 0.0),
        ([0.95, 0.95, 0.55, 0.55], [True, False, True, False], 0.5 * 0.45 + 0.5 * 0.05),
        ([0.0, 1.0], [False, True], 0.0),  # both ends have a bin
        ([0.9], [True], 0.1),
    ],
)
def test_calibration_error_on_known_values(confidence: list[float], right: list[bool], error: float) -> None:
    got = expected_calibration_error(np.array(confidence, np.float32), np.array(right, bool))
    assert got == pytest.approx(error, abs=1e-6)


# --- the signs together ----------------------------------------------------------------------------------------------

INSIDE = (0, 1, 2)
OUTSIDE = 3


def messages(count: int, chance: int, tuned: bool = True) -> tuple[Reading, NDArray[np.int64]]:
    """Readings of messages, and what is right: a fifth is out of scope, and of the rest some look like another label.

    The readers are far too sure of themselves: their logits are five times what they know. A message in scope is nearer
    to the examples, by about one and a half standard deviations.
    """
    draw = np.random.default_rng(chance)
    outside = draw.random(count) < 0.2
    truth = np.where(outside, OUTSIDE, draw.integers(0, 3, count))
    known = np.eye(4)[truth] * 1.5 + draw.normal(0, 1, (count, 4))
    nearness = (np.where(outside, 0.4, 0.7) + draw.normal(0, 0.2, count)).astype(np.float32)
    one, other = ((5 * (known + draw.normal(0, 0.7, (count, 4)))).astype(np.float32) for _ in range(2))
    return Reading(one if tuned else None, other, nearness), truth


@pytest.mark.parametrize("tuned", [True, False])
def test_confidence_is_the_share_of_right_answers_among_messages_never_seen(tuned: bool) -> None:
    calibration = fitted(*messages(5000, 1, tuned), INSIDE)
    reading, truth = messages(8000, 2, tuned)
    shares = confidences(reading, calibration, INSIDE)[:, INSIDE]
    right = shares.argmax(1) == truth
    raw = softmax(reading.linear)[:, INSIDE]
    assert expected_calibration_error(shares.max(1), right) < 0.03
    assert expected_calibration_error(raw.max(1), raw.argmax(1) == truth) > 0.15


def test_a_message_out_of_scope_has_less_confidence_than_most_in_scope() -> None:
    calibration = fitted(*messages(2000, 1), INSIDE)
    reading, truth = messages(4000, 2)
    certain = confidences(reading, calibration, INSIDE)[:, INSIDE].max(1)
    assert np.median(certain[truth == OUTSIDE]) < np.quantile(certain[truth != OUTSIDE], 0.2)


@pytest.mark.parametrize(("taught", "first"), [(True, WEIGHTS_TAUGHT), (False, WEIGHTS)])
def test_a_handful_of_messages_hardly_moves_the_first_weights(taught: bool, first: tuple[float, ...]) -> None:
    """Which ones they are goes by whether the readers have learned what is out of scope."""
    reading, truth = messages(12, 3)
    if not taught:
        assert reading.tuned is not None
        reading = Reading(reading.tuned[:, :3], reading.linear[:, :3], reading.nearness)
        truth = np.where(truth == OUTSIDE, -1, truth)
    assert fitted(reading, truth, INSIDE).weights == pytest.approx(first, abs=0.15)


def test_centre_and_spread_are_those_of_messages_in_scope() -> None:
    reading, truth = messages(500, 4)
    calibration = fitted(reading, truth, INSIDE)
    near = reading.nearness[truth != OUTSIDE]
    assert (calibration.centre[-1], calibration.spread[-1]) == pytest.approx((near.mean(), near.std()), rel=1e-4)
    assert len(calibration.centre) == len(calibration.spread) == len(calibration.weights) == len(SIGNS)


def test_messages_of_intents_that_were_not_learned_are_nowhere_right() -> None:
    """In a fold some intents are unknown, and there may be no label for what is out of scope: their target is -1."""
    reading, truth = messages(600, 5)
    unknown = np.where(truth == OUTSIDE, -1, truth)
    three = Reading(None, reading.linear[:, :3], reading.nearness)
    certain = confidences(three, fitted(three, unknown, INSIDE), INSIDE).max(1)
    assert certain[unknown == -1].mean() < certain[unknown >= 0].mean() - 0.2


def test_a_text_a_little_below_the_ceiling_is_hardly_less_sure() -> None:
    """A few messages, all of them read with all certainty there is: their spread is nothing at all."""
    truth = np.arange(40) % 4
    logits = (20 * np.eye(4)[truth]).astype(np.float32)
    nearness = np.where(truth == OUTSIDE, 0.1, 0.9).astype(np.float32)
    calibration = fitted(Reading(logits, logits, nearness), truth, INSIDE)
    assert calibration.spread == pytest.approx(LEAST)
    below = np.array([[1.3, 0, 0, 0]], np.float32)  # log-odds of 5 where the others have 8
    assert confidences(Reading(below, below, nearness[:1]), calibration, INSIDE)[0, 0] < 0.5
    almost = np.array([[1.7, 0, 0, 0]], np.float32)
    certain = confidences(Reading(almost, 20 * almost, nearness[:1]), calibration, INSIDE)[0, 0]
    assert certain > 0.9


# --- the weights of the signs ----------------------------------------------------------------------------------------


def test_without_messages_the_weights_are_the_first_ones() -> None:
    weights, bias = logistic(np.zeros((0, 4), np.float32), np.zeros(0, bool))
    assert (weights.tolist(), bias) == (pytest.approx(WEIGHTS), pytest.approx(0.0))


def test_a_sign_that_tells_nothing_loses_its_weight_and_one_that_tells_all_gains() -> None:
    draw = np.random.default_rng(1)
    values = draw.normal(0, 1, (20_000, 2)).astype(np.float32)
    right = draw.random(20_000) < 1 / (1 + np.exp(-(2 * values[:, 0] + 0.5)))
    weights, bias = logistic(values, right, (1.0, 1.0))
    assert (*weights, bias) == pytest.approx((2.0, 0.0, 0.5), abs=0.1)


def test_a_sign_that_speaks_against_itself_counts_nothing_and_not_less() -> None:
    draw = np.random.default_rng(1)
    values = draw.normal(0, 1, (5000, 1)).astype(np.float32)
    weights, _ = logistic(values, values[:, 0] < 0, (1.0,))
    assert weights.tolist() == [0.0]


@given(
    arrays(np.float32, st.tuples(st.integers(0, 30), st.just(4)), elements=st.floats(-1000, 1000, width=32)),
    st.integers(0, 2**31),
)
def test_no_weight_is_below_nothing_and_no_message_breaks_the_fit(values: Logits, chance: int) -> None:
    right = np.random.default_rng(chance).random(len(values)) < 0.5
    weights, bias = logistic(values, right)
    assert np.isfinite([*weights, bias]).all()
    assert (weights >= 0).all()
