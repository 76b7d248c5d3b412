"""Tests of run lengths and of filling polygons."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sightloop.core.errors import BadImage
from sightloop.vision.regions import Flags, fill, from_rle, to_rle

MASKS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 20)))
COORDINATES = st.floats(-30, 60, allow_nan=False) | st.integers(-4, 40).map(float)
POLYGONS = st.lists(st.lists(st.tuples(COORDINATES, COORDINATES), max_size=8), max_size=4)


def compressed(counts: list[int]) -> str:
    """As pycocotools' rleToString writes them."""
    text = ""
    for index, count in enumerate(counts):
        value = count - (counts[index - 2] if index > 2 else 0)
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = value != -1 if bits & 16 else value != 0
            text += chr((bits | (32 if more else 0)) + 48)
    return text


@settings(deadline=None)
@given(MASKS)
def test_run_lengths_come_back_as_the_mask_they_were(mask: Flags) -> None:
    rle = to_rle(mask)
    assert np.array_equal(from_rle(rle, mask.shape), mask)
    assert all(type(count) is int for count in rle["counts"])


@settings(deadline=None)
@given(MASKS)
def test_compressed_run_lengths_are_the_same_mask(mask: Flags) -> None:
    text = compressed(to_rle(mask)["counts"])
    for counts in (text, text.encode()):
        assert np.array_equal(from_rle({"size": list(mask.shape), "counts": counts}, mask.shape), mask)


@settings(deadline=None)
@given(st.lists(st.integers(1, 3_000_000), min_size=2, max_size=12))
def test_long_runs_survive_compression(counts: list[int]) -> None:
    total = sum(counts)
    found = from_rle({"counts": compressed(counts)}, (total, 1))
    assert to_rle(found)["counts"] == [*counts]


def test_run_lengths_go_down_the_columns_and_begin_with_unset_pixels() -> None:
    mask = np.array([[1, 0, 0], [1, 0, 1]], np.bool_)
    assert to_rle(mask) == {"size": [2, 3], "counts": [0, 2, 3, 1]}


def test_the_text_of_coco_is_read_as_pycocotools_reads_it() -> None:
    counts = [272, 2, 4, 4, 4, 4, 2, 9, 1, 2, 16, 43, 143, 24, 5, 8, 16, 44, 141, 25]
    assert compressed([6, 1, 40, 4, 5]) == "61X13mN"
    found = from_rle({"counts": compressed(counts)}, (sum(counts), 1))
    assert to_rle(found)["counts"] == counts


@pytest.mark.parametrize(
    "rle",
    [
        {"size": [2, 2], "counts": [6]},
        {"size": [3, 2], "counts": [5]},
        {"size": 6, "counts": [6]},
        {"counts": [7, -1]},
        {"counts": "oooooooooo?" * 2000},
        {"counts": [2**62, 2**62, 2**62, 2**62, 6]},
        {"counts": [2**80]},
        {"counts": "ab~"},
        {"counts": "P"},
        {"counts": "o" * 40},
        {"counts": ["a"]},
        {"counts": None},
        {"counts": [[1, 2], [3]]},
        {},
    ],
)
def test_damaged_run_lengths_are_refused(rle: dict[str, object]) -> None:
    with pytest.raises(BadImage):
        from_rle(rle, (2, 3))


@settings(deadline=None)
@given(POLYGONS)
def test_a_pixel_is_filled_where_its_centre_is_inside_an_odd_number_of_times(
    polygons: list[list[tuple[float, float]]],
) -> None:
    found = fill(polygons, (24, 30))
    expected = np.zeros((24, 30), np.bool_)
    columns = np.arange(30) + 0.5
    for polygon in polygons:
        for (x, y), (end_x, end_y) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            (x, y), (end_x, end_y) = sorted([(x, y), (end_x, end_y)], key=lambda point: point[1])
            for row in range(24):
                if y <= row + 0.5 < end_y:
                    expected[row] ^= columns >= x + (row + 0.5 - y) * ((end_x - x) / (end_y - y))
    assert np.array_equal(found, expected)


def test_a_rectangle_fills_the_pixels_it_covers() -> None:
    found = fill([[(1, 1), (4, 1), (4, 3), (1, 3)]], (5, 6))
    expected = np.zeros((5, 6), np.bool_)
    expected[1:3, 1:4] = True
    assert np.array_equal(found, expected)
    assert np.array_equal(fill([[1, 1, 4, 1, 4, 3, 1, 3]], (5, 6)), expected)


def test_two_polygons_that_share_an_edge_fill_no_pixel_twice_and_leave_none_out() -> None:
    one = [(0.0, 0.0), (8.0, 0.0), (0.0, 8.0)]
    two = [(8.0, 0.0), (8.0, 8.0), (0.0, 8.0)]
    assert (fill([one], (8, 8)) ^ fill([two], (8, 8))).all()


def test_nothing_is_filled_by_nothing() -> None:
    assert not fill([], (3, 4)).any()
    assert not fill([[], [(1, 1)], [(0, 0), (3, 3)]], (3, 4)).any()


def test_a_polygon_outside_the_picture_fills_nothing_and_one_around_it_everything() -> None:
    assert not fill([[(50, 50), (60, 50), (60, 60)]], (8, 8)).any()
    assert not fill([[(-9, -9), (-2, -9), (-2, 20)]], (8, 8)).any()
    assert fill([[(-9, -9), (99, -9), (99, 99), (-9, 99)]], (8, 8)).all()


@pytest.mark.parametrize("polygon", [[1.0, 2.0, 3.0], [math.nan, 1.0], [1e300, 0.0, 1.0, 1.0], ["a", "b"], [{}, 1]])
def test_a_polygon_of_anything_but_coordinates_is_refused(polygon: list[float]) -> None:
    with pytest.raises(BadImage):
        fill([polygon], (4, 4))
