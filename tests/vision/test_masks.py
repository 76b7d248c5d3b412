"""Tests of canonical masks, packed probability maps, thresholds and overlays."""

from __future__ import annotations

import io
import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from sightloop.core.arrays import Mask, ProbabilityMap
from sightloop.core.errors import BadImage, Rejected
from sightloop.vision import masks

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
MASKS = st.sampled_from([1, 2, 12, 255]).flatmap(
    lambda most: arrays.arrays(np.uint8, SIZES, elements=st.integers(0, most), fill=st.just(0))
)
MAPS = st.tuples(st.integers(1, 4), st.integers(1, 20), st.integers(1, 20)).flatmap(
    lambda shape: arrays.arrays(np.uint8, shape, elements=st.integers(0, 255))
)


@settings(deadline=None)
@given(MASKS)
def test_a_mask_comes_back_from_its_file_as_it_was(mask: Mask) -> None:
    data = masks.encode(mask)
    assert np.array_equal(masks.decode(data), mask)
    assert masks.encode(masks.decode(data)) == data


@settings(deadline=None)
@given(MASKS)
def test_a_canonical_file_is_read_like_a_strangers(mask: Mask) -> None:
    found = masks.read(masks.encode(mask), classes=max(1, int(mask.max())), size=mask.shape)
    assert np.array_equal(found.mask, mask)
    assert found.note is None


def test_the_same_mask_gives_the_same_bytes_however_it_lies_in_memory() -> None:
    mask = np.random.default_rng(0).integers(0, 2, (33, 47), dtype=np.uint8)
    assert masks.encode(np.asfortranarray(mask)) == masks.encode(mask)


def test_a_viewer_shows_one_class_in_black_and_white() -> None:
    shown = Image.open(io.BytesIO(masks.encode(np.array([[0, 1]], np.uint8))))
    assert list(np.asarray(shown.convert("L"))[0]) == [0, 255]


def test_a_viewer_shows_several_classes_in_the_colours_of_the_palette() -> None:
    shown = np.asarray(Image.open(io.BytesIO(masks.encode(np.array([[0, 1, 2, 12, 13]], np.uint8)))).convert("RGB"))
    one, two, twelve = masks.PALETTE[0], masks.PALETTE[1], masks.PALETTE[11]
    assert [tuple(colour) for colour in shown[0].tolist()] == [(0, 0, 0), one, two, twelve, one]


def test_the_palette_has_a_dozen_different_colours() -> None:
    assert len(set(masks.PALETTE)) == len(masks.PALETTE) >= 12


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_decode_refuses_what_was_not_written_here(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (4, 4)).save(out, "PNG")
    with pytest.raises(BadImage, match="not a mask written here"):
        masks.decode(out.getvalue())


@settings(deadline=None)
@given(MAPS)
def test_a_probability_map_comes_back_as_it_was(probabilities: ProbabilityMap) -> None:
    data = masks.pack_map(probabilities)
    assert np.array_equal(masks.unpack_map(data), probabilities)
    for index, plane in enumerate(probabilities):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(masks.map_png(data, index)))), plane)


def test_a_class_that_the_map_does_not_have_is_refused() -> None:
    with pytest.raises(Rejected, match="class 2 of a probability map of 2 classes"):
        masks.map_png(masks.pack_map(np.zeros((2, 3, 3), np.uint8)), 2)


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, 200))
def test_a_cut_off_map_is_a_bad_image(junk: bytes, keep: int) -> None:
    whole = masks.pack_map(np.zeros((2, 5, 5), np.uint8))
    for data in (junk, whole[: min(keep, len(whole) - 1)], whole + b"\0"):
        with pytest.raises(BadImage):
            masks.unpack_map(data)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=40), st.integers(0, 200))
def test_a_damaged_map_is_at_worst_a_bad_image(junk: bytes, at: int) -> None:
    whole = masks.pack_map(np.zeros((2, 5, 5), np.uint8))
    with suppress(BadImage):
        assert masks.unpack_map((whole[:at] + junk + whole[at + len(junk) :])[: len(whole)]).ndim == 3


@settings(deadline=None)
@given(MAPS, st.floats(0, 1))
def test_a_pixel_is_the_likeliest_class_that_reaches_the_threshold(probabilities: ProbabilityMap, at: float) -> None:
    found = masks.threshold(probabilities, at)
    top = probabilities.max(axis=0)
    inside = top >= math.ceil(255 * at - 1e-9)
    assert np.array_equal(found > 0, inside)
    assert (np.take_along_axis(probabilities, np.maximum(found, 1)[None] - 1, axis=0)[0][inside] == top[inside]).all()


def test_of_equally_likely_classes_the_first_is_taken() -> None:
    assert masks.threshold(np.full((3, 1, 1), 200, np.uint8), 0.5).item() == 1


@pytest.mark.parametrize(("at", "least"), [(0.0, 0), (0.5, 128), (0.2, 51), (0.6, 153), (1.0, 255)])
def test_a_threshold_is_a_whole_map_value(at: float, least: int) -> None:
    assert masks.cut(at) == least


def test_every_map_value_reaches_its_own_threshold() -> None:
    assert [masks.cut(value / 255) for value in range(256)] == list(range(256))


@pytest.mark.parametrize("at", [-0.1, 1.1, math.nan])
def test_a_threshold_outside_0_to_1_is_refused(at: float) -> None:
    with pytest.raises(Rejected, match="is not in"):
        masks.threshold(np.zeros((1, 2, 2), np.uint8), at)


@settings(deadline=None)
@given(MAPS)
def test_levels_count_every_pixel_once_per_class(probabilities: ProbabilityMap) -> None:
    expected = [np.bincount(plane.ravel(), minlength=256) for plane in probabilities]
    assert np.array_equal(masks.levels(probabilities), expected)


def test_an_overlay_changes_only_the_pixels_of_the_mask() -> None:
    pixels = np.full((4, 4, 3), 100, np.uint8)
    mask = np.zeros((4, 4), np.uint8)
    mask[1, 2] = 2
    found = masks.overlay(pixels, mask, opacity=0.5)
    assert (found[mask == 0] == 100).all()
    assert found[1, 2].tolist() == [round((100 + value) / 2) for value in masks.PALETTE[1]]
    assert (pixels == 100).all()
    assert np.array_equal(masks.overlay(pixels, mask, opacity=0.0), pixels)


@given(height=st.integers(1, 70), width=st.integers(1, 70), side=st.integers(16, 40), seed=st.integers(0, 99))
def test_a_shrunk_mask_fits_and_loses_no_pixel_of_a_class(height: int, width: int, side: int, seed: int) -> None:
    mask = (np.random.default_rng(seed).random((height, width)) < 0.02).astype(np.uint8)
    found = masks.shrunk(mask, side=side)
    by = -(-max(mask.shape) // side)
    assert max(found.shape) <= side
    assert all(found[row // by, column // by] == 1 for row, column in zip(*mask.nonzero(), strict=True))
