"""Strips of small pictures: masks keep their thinnest lines, and every copy fits beside the others."""

from __future__ import annotations

import numpy as np
import pytest

from sightloop.vision import strips
from sightloop.vision.decode import decode
from sightloop.vision.masks import PALETTE


def test_a_line_of_one_pixel_is_still_whole_after_shrinking_to_a_tenth() -> None:
    mask = np.zeros((1000, 800), np.uint8)
    mask[np.arange(1000), np.arange(1000) * 799 // 999] = 2
    small = strips.shrunk(mask, (100, 80))
    assert small.any(axis=1).all()
    assert small.any(axis=0).all()
    assert set(np.unique(small)) == {0, 2}


def test_at_its_own_size_a_mask_is_itself() -> None:
    mask = np.random.default_rng(0).integers(0, 3, (17, 23)).astype(np.uint8)
    np.testing.assert_array_equal(strips.shrunk(mask, (17, 23)), mask)


def test_a_strip_has_the_picture_and_each_mask_on_a_copy_of_it() -> None:
    pixels = np.full((60, 90, 3), 100, np.uint8)
    truth = np.ones((60, 90), np.uint8)
    found = strips.strip(pixels, [truth, truth * 0], side=30)
    assert found.shape == (20, 3 * 30 + 2 * strips.GAP, 3)
    assert (found[:, :30] == 100).all()
    assert (found[:, -30:] == 100).all()
    assert np.abs(found[10, 50] - (0.2 * 100 + 0.8 * np.array(PALETTE[0]))).max() <= 1


@pytest.mark.parametrize("captions", [["one"], ["one", "two"]])
def test_a_sheet_has_a_line_and_a_strip_for_each_caption(captions: list[str]) -> None:
    wide, narrow = np.zeros((20, 50, 3), np.uint8), np.zeros((10, 30, 3), np.uint8)
    given = [wide, narrow][: len(captions)]
    shape = decode(strips.sheet(given, captions)).shape
    assert shape == (sum(one.shape[0] + strips.LINE for one in given), 50, 3)
