"""Tests of the paired comparison of two models."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sightloop.core.entities import Json
from sightloop.core.errors import Rejected
from sightloop.measure.paired import compare

ZEROS = np.zeros(200, dtype=np.int64)


def _answers(wrong: int) -> NDArray[np.int64]:
    return (np.arange(200) < wrong).astype(np.int64)


def _compare(first: NDArray[np.int64], second: NDArray[np.int64], *, size: int = 1) -> Json:
    return compare(first, second, targets=ZEROS, groups=[str(row // size) for row in range(200)])


def test_equal_models_differ_by_exactly_nothing() -> None:
    found = _compare(_answers(30), _answers(30))
    assert found["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["second_better"] == 0.5


def test_a_clearly_better_model_has_an_interval_above_zero() -> None:
    found = _compare(_answers(60), _answers(20))
    assert (found["first"], found["second"]) == (0.7, 0.9)
    assert 0.1 < found["difference"]["low"] < 0.2 < found["difference"]["high"] < 0.3
    assert found["second_better"] == 1.0


def test_pairing_counts_only_the_pictures_on_which_the_models_disagree() -> None:
    found = _compare(_answers(10), np.roll(_answers(10), 4))
    assert (found["only_first"], found["only_second"]) == (4, 4)
    assert abs(found["difference"]["high"]) < 0.04  # unpaired it would be 0.06


def test_larger_groups_widen_the_interval() -> None:
    single, grouped = _compare(_answers(60), _answers(20)), _compare(_answers(60), _answers(20), size=20)
    width = [found["difference"]["high"] - found["difference"]["low"] for found in (single, grouped)]
    assert width[1] > 2 * width[0]


def test_swapping_the_models_turns_the_sign() -> None:
    there, back = _compare(_answers(60), _answers(20)), _compare(_answers(20), _answers(60))
    assert there["difference"]["low"] == pytest.approx(-back["difference"]["high"])


def test_one_group_alone_gives_a_difference_without_an_interval() -> None:
    found = _compare(_answers(60), _answers(20), size=200)
    assert found["difference"] == {"value": pytest.approx(0.2), "low": None, "high": None}
    assert found["second_better"] is None


def test_answers_to_different_pictures_cannot_be_paired() -> None:
    with pytest.raises(Rejected, match="cannot be paired"):
        compare(ZEROS, ZEROS[1:], targets=ZEROS, groups=["a"] * 200)
