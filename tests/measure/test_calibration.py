"""Tests of temperature scaling and of the calibration error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from sightloop.core.errors import Rejected
from sightloop.measure.calibration import ece, fit_temperature, reliability, softmax

Logits = NDArray[np.float64]

LOGITS = arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(2, 6)), elements=st.floats(-30, 30))


def _drawn(count: int, *, sharpness: float, seed: int = 0) -> tuple[Logits, NDArray[np.int64]]:
    """Logits whose right temperature is `sharpness`: targets are drawn from softmax(logits / sharpness)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, 4)) * 2
    cumulated = softmax(logits).cumsum(axis=1)
    return logits * sharpness, (rng.random((count, 1)) > cumulated).sum(axis=1).clip(0, 3)


@given(LOGITS, st.floats(0.02, 50))
def test_temperature_never_changes_the_arg_max(logits: Logits, temperature: float) -> None:
    scaled = softmax(logits, temperature=temperature)
    assert (scaled[np.arange(len(logits)), logits.argmax(axis=1)] == scaled.max(axis=1)).all()


@given(LOGITS, st.floats(0.02, 50))
def test_softmax_rows_are_probabilities(logits: Logits, temperature: float) -> None:
    scaled = softmax(logits, temperature=temperature)
    assert scaled.sum(axis=1) == pytest.approx(1)
    assert scaled.min() >= 0


def test_softmax_survives_huge_logits() -> None:
    assert softmax(np.array([[1e6, 0.0, -1e6]])).tolist() == [[1.0, 0.0, 0.0]]


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(Rejected, match=r"temperature 0\.0"):
        softmax(np.zeros((1, 2)), temperature=0.0)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_logits_is_found_again(sharpness: float) -> None:
    assert fit_temperature(*_drawn(20_000, sharpness=sharpness)) == pytest.approx(sharpness, rel=0.03)


def test_the_fitted_temperature_lowers_the_calibration_error() -> None:
    logits, targets = _drawn(3_000, sharpness=4.0)
    fitted = softmax(logits, temperature=fit_temperature(logits, targets))
    assert ece(fitted, targets) < ece(softmax(logits), targets) / 3


def test_a_few_pictures_that_are_all_right_do_not_buy_certainty() -> None:
    logits = np.eye(3)[[0, 1, 2, 0]] * 2
    fitted = softmax(logits, temperature=fit_temperature(logits, np.array([0, 1, 2, 0])))
    assert fitted.max() == pytest.approx(5 / 6, abs=1e-3)  # Platt's target for four pictures


@given(LOGITS, st.randoms())
def test_the_temperature_stays_in_its_range(logits: Logits, draw: object) -> None:
    targets = np.random.default_rng(len(str(draw))).integers(0, logits.shape[1], len(logits))
    assert 0.0199 < fit_temperature(logits, targets) < 50.01


def test_without_pictures_the_probabilities_stay_as_they_are() -> None:
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=np.int64)) == 1.0


@given(LOGITS)
def test_the_calibration_error_is_a_share(logits: Logits) -> None:
    assert 0 <= ece(softmax(logits), np.zeros(len(logits), dtype=np.int64)) <= 1


def test_the_calibration_error_is_the_weighted_gap_of_the_bins() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    # bin of 0.9: claimed 0.9, right 1 of 2; bin of 0.6: claimed 0.6, right 2 of 2
    assert ece(probabilities, np.array([0, 1, 0, 1])) == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)


def test_a_model_that_is_sure_and_right_has_no_calibration_error() -> None:
    assert ece(np.eye(3), np.arange(3)) == 0.0


def test_no_pictures_have_no_calibration_error() -> None:
    with pytest.raises(Rejected, match="no pictures"):
        ece(np.zeros((0, 3)), np.zeros(0, dtype=np.int64))


def test_the_reliability_bins_give_the_calibration_error_back() -> None:
    logits, targets = _drawn(500, sharpness=3.0)
    rows = reliability(softmax(logits), targets)
    gaps = sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in rows if row["n"])
    assert gaps / 500 == pytest.approx(ece(softmax(logits), targets))


def test_empty_reliability_bins_claim_nothing() -> None:
    rows = reliability(np.zeros((0, 2)), np.zeros(0, dtype=np.int64), bins=4)
    assert [row["accuracy"] for row in rows] == [None] * 4
