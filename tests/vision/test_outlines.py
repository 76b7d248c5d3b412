"""Tests of outlines: they fill to the mask they came from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.ndimage import label

from sightloop.vision.regions import Flags, bridged, fill, outlines

TOUCHING = np.ones((3, 3), np.bool_)
MASKS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 20)))


@settings(deadline=None)
@given(MASKS)
def test_outlines_fill_to_exactly_the_mask(mask: Flags) -> None:
    assert np.array_equal(fill(outlines(mask), mask.shape), mask)


@settings(deadline=None)
@given(MASKS)
def test_bridged_outlines_fill_to_exactly_the_mask_with_one_polygon_a_piece(mask: Flags) -> None:
    found = bridged(mask)
    assert np.array_equal(fill(found, mask.shape), mask)
    assert len(found) == label(mask, TOUCHING)[1]


@settings(deadline=None)
@given(MASKS)
def test_every_bridged_polygon_is_a_piece_by_itself(mask: Flags) -> None:
    pieces, _ = label(mask, TOUCHING)
    for polygon in bridged(mask):
        one = fill([polygon], mask.shape)
        assert np.array_equal(one, pieces == pieces[one].max())


@settings(deadline=None)
@given(MASKS)
def test_an_outline_turns_at_every_corner(mask: Flags) -> None:
    for polygon in outlines(mask):
        for (x, y), (next_x, next_y) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            assert (x == next_x) != (y == next_y)
        assert len(polygon) % 2 == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_speckles_of_a_large_mask_survive(seed: int) -> None:
    mask = np.random.default_rng(seed).random((203, 157)) < (0.3, 0.5, 0.7)[seed]
    assert np.array_equal(fill(outlines(mask), mask.shape), mask)
    assert np.array_equal(fill(bridged(mask), mask.shape), mask)


def test_a_square_has_four_corners() -> None:
    mask = np.zeros((6, 6), np.bool_)
    mask[1:4, 2:5] = True
    assert outlines(mask) == bridged(mask) == [[(2.0, 1.0), (5.0, 1.0), (5.0, 4.0), (2.0, 4.0)]]


def test_a_hole_is_a_polygon_of_its_own_or_hangs_on_a_bridge() -> None:
    mask = np.ones((5, 5), np.bool_)
    mask[2, 2] = False
    assert len(outlines(mask)) == 2
    assert bridged(mask) == [
        [(0, 0), (5, 0), (5, 5), (0, 5), (0, 2), (2, 2), (3, 2), (3, 3), (2, 3), (2, 2), (0, 2)],
    ]


def test_pixels_that_touch_at_a_corner_are_one_polygon() -> None:
    assert len(outlines(np.eye(4, dtype=np.bool_))) == 1
    assert len(outlines(np.eye(4, dtype=np.bool_)[::-1])) == 1


def test_an_empty_mask_has_no_outlines() -> None:
    assert outlines(np.zeros((4, 4), np.bool_)) == bridged(np.zeros((4, 4), np.bool_)) == []
