"""Cracks: exact masks, and surfaces that are drawn as asked."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from sightloop.core.errors import Missing
from sightloop.samples import cracks


@pytest.mark.parametrize("surface", cracks.SURFACES)
def test_the_mask_is_binary_and_belongs_to_its_picture(surface: cracks.Surface) -> None:
    pixels, mask = cracks.draw(seed=1, size=128, surface=surface)
    assert pixels.shape == (128, 128, 3)
    assert mask.shape == (128, 128)
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 1}


@pytest.mark.parametrize("surface", cracks.SURFACES)
def test_cracked_pixels_are_darker_than_the_surface_right_beside_them(surface: cracks.Surface) -> None:
    darker = 0
    for seed in range(20):
        pixels, mask = cracks.draw(seed=seed, size=128, surface=surface)
        grey, inside = pixels.mean(axis=2), mask.astype(bool)
        wide = np.zeros_like(inside)
        for shift in range(-6, 7):
            wide |= np.roll(inside, shift, axis=0) | np.roll(inside, shift, axis=1)
        darker += bool(grey[inside].mean() < grey[wide & ~inside].mean() - 5) if inside.any() else 1
    assert darker >= 18


def test_an_intact_surface_has_an_empty_mask_and_a_cracked_one_rarely() -> None:
    assert not cracks.draw(seed=3, size=96, intact=True)[1].any()
    assert sum(cracks.draw(seed=seed, size=96)[1].any() for seed in range(30)) >= 28


def test_the_mask_of_a_straight_walk_is_exactly_the_pixels_within_half_its_width() -> None:
    points = np.stack([np.arange(-5, 70, 0.25), np.full(300, 32.0)], axis=1)
    depth = np.full((64, 64), -9, dtype=np.float32)
    cracks.stamp(depth, cracks.Path(points, np.full(300, 6.0)))
    np.testing.assert_array_equal((depth > 0).sum(axis=0), np.full(64, 6))


def test_a_larger_picture_shows_a_crack_of_about_the_same_share() -> None:
    shares = [np.mean([cracks.draw(seed=seed, size=size)[1].mean() for seed in range(12)]) for size in (96, 224)]
    assert 0.5 < shares[0] / shares[1] < 2


def test_the_same_seed_draws_the_same_crack() -> None:
    first, second = (cracks.draw(seed=4, size=96, surface="asphalt") for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_an_unknown_surface_is_refused() -> None:
    with pytest.raises(Missing, match="'ice'"):
        cracks.draw(seed=0, surface=cast(cracks.Surface, "ice"))
