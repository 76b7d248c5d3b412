"""Tests of boundary pixels and of how they are matched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.ndimage import binary_erosion, distance_transform_edt, generate_binary_structure

from sightloop.core.arrays import Mask
from sightloop.measure.boundaries import Flags, boundary, match

PAIRS = st.tuples(st.integers(1, 16), st.integers(1, 16)).flatmap(
    lambda size: st.tuples(*[arrays.arrays(np.uint8, size, elements=st.integers(0, 2), fill=st.just(0))] * 2)
)


def near(points: Flags, others: Flags, tolerance: float) -> int:
    """By the distance transform of the whole picture."""
    if not others.any():
        return 0
    return int((np.asarray(distance_transform_edt(~others))[points] <= tolerance).sum())


@settings(deadline=None)
@given(arrays.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_a_boundary_is_the_mask_without_its_erosion(mask: Flags) -> None:
    inside = binary_erosion(mask, generate_binary_structure(2, 1), border_value=1)
    assert np.array_equal(boundary(mask), mask & ~inside)


@settings(deadline=None)
@given(PAIRS, st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 2.9, 5.0]))
def test_matches_agree_with_the_distance_transform(pair: tuple[Mask, Mask], tolerance: float) -> None:
    found = match(*pair, classes=2, tolerance=tolerance)
    for index in (0, 1):
        answers, true = (boundary(mask == index + 1) for mask in pair)
        assert found.bpred[index] == answers.sum()
        assert found.btruth[index] == true.sum()
        assert found.btp_pred[index] == near(answers, true, tolerance)
        assert found.btp_truth[index] == near(true, answers, tolerance)


@pytest.mark.parametrize(("shift", "matched"), [(2, True), (3, False)])
def test_a_line_matches_its_shifted_self_up_to_the_tolerance(shift: int, matched: bool) -> None:
    truth = np.zeros((40, 40), np.uint8)
    truth[10, :] = 1
    found = match(np.roll(truth, shift, axis=0), truth, classes=1, tolerance=2.0)
    assert found.btp_pred.tolist() == found.btp_truth.tolist() == [40 if matched else 0]


def test_the_edge_of_the_picture_is_no_boundary() -> None:
    assert not boundary(np.ones((5, 5), np.bool_)).any()
