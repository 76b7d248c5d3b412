"""Knobs: each moves its own statistic, and none moves anything at its default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sightloop.core.arrays import Pixels
from sightloop.core.errors import Rejected
from sightloop.samples import cracks, eyes, specimens
from sightloop.samples.knobs import DEFAULT, RANGES, Knobs, spoil

KINDS: dict[str, Callable[[int, Knobs], Pixels]] = {
    "specimens": lambda seed, knobs: specimens.draw("scallop", seed=seed, size=64, knobs=knobs),
    "eyes": lambda seed, knobs: eyes.draw("normal", seed=seed, size=64, knobs=knobs),
    "cracks": lambda seed, knobs: cracks.draw(seed=seed, size=64, knobs=knobs)[0],
}


def roughness(pixels: Pixels) -> float:
    grey = pixels.astype(np.float64).mean(axis=2)
    return float(
        np.abs(4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]).mean()
    )


def means(kind: str, knobs: Knobs, measure: Callable[[Pixels], float]) -> float:
    return float(np.mean([measure(KINDS[kind](seed, knobs)) for seed in range(6)]))


def brightness(pixels: Pixels) -> float:
    return float(pixels.mean())


@pytest.mark.parametrize("kind", KINDS)
def test_less_light_makes_darker_pictures(kind: str) -> None:
    assert means(kind, Knobs(light=0.4), brightness) < means(kind, DEFAULT, brightness) - 20


@pytest.mark.parametrize("kind", KINDS)
def test_blur_smooths_and_noise_roughens(kind: str) -> None:
    usual = means(kind, DEFAULT, roughness)
    assert means(kind, Knobs(blur=3.0), roughness) < 0.7 * usual
    assert means(kind, Knobs(noise=0.15), roughness) > 1.3 * usual


@pytest.mark.parametrize("kind", KINDS)
def test_palette_moves_the_colours_and_texture_the_surface(kind: str) -> None:
    usual, foreign = KINDS[kind](3, DEFAULT), KINDS[kind](3, Knobs(palette=1.0))
    assert np.abs(usual.mean(axis=(0, 1)) - foreign.mean(axis=(0, 1))).max() > 5
    assert means(kind, Knobs(texture=0.0), roughness) < means(kind, Knobs(texture=2.5), roughness)


@pytest.mark.parametrize("name", RANGES)
def test_a_knob_out_of_range_is_refused_by_name(name: str) -> None:
    changes: dict[str, Any] = {name: RANGES[name][1] + 1}
    with pytest.raises(Rejected, match=name):
        replace(DEFAULT, **changes)


def test_spoiling_with_default_knobs_returns_the_picture() -> None:
    picture = KINDS["specimens"](1, DEFAULT)
    difference = spoil(picture, knobs=DEFAULT, seed=0).astype(int) - picture
    assert np.abs(difference).max() <= 1


def test_spoiling_is_repeatable_and_handles_oblong_pictures() -> None:
    picture: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    first, second = (spoil(picture, knobs=Knobs(blur=2.0, noise=0.1, light=0.7), seed=8) for _ in range(2))
    assert first.shape == picture.shape
    np.testing.assert_array_equal(first, second)
