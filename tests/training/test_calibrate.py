"""A temperature makes confidence mean something; known values, and what must hold of all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from chatbot.training.calibrate import HIGHEST, LOWEST, expected_calibration_error, fitted_temperature
from chatbot.understanding.intents import softmax

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


@given(arrays(np.float32, (3, 4), elements=st.floats(-1e4, 1e4, width=32)))
def test_a_softmax_is_shares_whatever_the_size_of_the_logits(logits: Logits) -> None:
    shares = softmax(logits)
    assert shares.sum(1) == pytest.approx(np.ones(3), abs=1e-5)
    assert (shares >= 0).all()


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
