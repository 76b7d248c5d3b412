"""The iris is found in drawn eyes, whose true place is known, whatever their size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightloop.core.arrays import Pixels
from sightloop.samples import eyes
from sightloop.vision import eye

SIZE = 160
SEEDS = range(12)


def drawn(seed: int, name: str) -> tuple[Pixels, tuple[float, float, float]]:
    """A drawn eye and the true circle of its iris: x, y, radius in pixels."""
    shape = eyes._geometry(np.random.default_rng([seed, eyes.CLASSES.index(name), 2]), SIZE)
    down, across = np.nonzero(shape.radius < 1)
    return eyes.draw(name, seed=seed, size=SIZE), (across.mean(), down.mean(), float(np.sqrt(len(down) / np.pi)))


def is_found(found: eye.Eye, true: tuple[float, float, float], *, scale: float = 1.0) -> bool:
    """Whether the circle's middle is within half its radius of the true one."""
    x, y, radius = (value * scale for value in true)
    return found.circle is not None and float(np.hypot(found.circle.x - x, found.circle.y - y)) < radius / 2


@pytest.mark.parametrize("size", [64, 160, 500])
def test_most_irises_are_found_at_any_size(size: int) -> None:
    hits = []
    for seed in SEEDS:
        for name in eyes.CLASSES:
            pixels, true = drawn(seed, name)
            scaled = np.asarray(Image.fromarray(pixels).resize((size, size)))
            hits.append(is_found(eye.region(scaled), true, scale=size / SIZE))
    assert np.mean(hits) > 0.8


def test_most_irises_are_found_in_a_wide_picture_with_an_eye_at_one_side() -> None:
    hits = []
    for seed in SEEDS:
        pixels, true = drawn(seed, "normal")
        wide = np.pad(pixels, ((20, 60), (10, 200), (0, 0)), mode="edge")
        hits.append(is_found(eye.region(wide), (true[0] + 10, true[1] + 20, true[2])))
    assert np.mean(hits) > 0.7


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 2), (90, 120)])
def test_a_plain_picture_is_looked_at_as_a_whole(shade: int, shape: tuple[int, int]) -> None:
    plain = np.full((*shape, 3), shade, np.uint8)
    assert eye.region(plain) == eye.Eye(False, 0, 0, *shape, None)
    assert eye.cut(plain) is not None


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**31))
def test_the_part_is_inside_the_picture_and_never_empty(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = eye.region(pixels)
    assert 0 <= found.top < found.top + found.height <= height
    assert 0 <= found.left < found.left + found.width <= width
    assert eye.cut(pixels).shape == (found.height, found.width, 3)


def test_the_part_is_a_square_round_the_circle_where_there_is_room() -> None:
    pixels = np.full((400, 400, 3), 220, np.uint8)
    down, across = np.mgrid[:400, :400]
    pixels[np.hypot(across - 210, down - 190) < 40] = 40
    found = eye.region(pixels)
    assert found.circle is not None
    assert (found.circle.x, found.circle.y, found.circle.radius) == pytest.approx((210, 190, 40), abs=5)
    assert found.height == found.width == pytest.approx(2 * eye.MARGIN * found.circle.radius, abs=1)
    assert found.left + found.width / 2 == pytest.approx(found.circle.x, abs=1)
