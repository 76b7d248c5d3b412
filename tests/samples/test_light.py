"""Light: shadows, shading and layers behave as light does."""

from __future__ import annotations

import numpy as np

from sightloop.samples.light import Layer, Light, ground, lay, shade, shadow
from sightloop.samples.noise import Field
from sightloop.samples.shapes import cover, dome, ellipse, frame

ONE: Field = np.ones((3, 1, 1), dtype=np.float32)
EAST = Light(azimuth=0.0, elevation=0.6, sun=ONE * np.float32(0.8), sky=ONE * np.float32(0.2))


def plain(size: int = 64) -> Layer:
    flat = np.zeros((size, size), dtype=np.float32)
    return Layer(flat, np.full((3, size, size), 0.5, dtype=np.float32), flat + 1, 0.0)


def ball(size: int = 64) -> Layer:
    inside = ellipse(*frame(size), (0.0, 0.0), (0.4, 0.4))
    return Layer(0.4 * dome(inside), np.full((3, size, size), 0.5, dtype=np.float32), cover(inside), 0.0)


def test_a_flat_ground_has_no_shadow() -> None:
    assert float(shadow(plain().height, EAST).max()) == 0


def test_a_ball_is_light_towards_the_sun_and_throws_its_shadow_away_from_it() -> None:
    picture = shade(lay(ground(plain()), ball()), EAST)[0]
    assert picture[32, 40] > picture[32, 24] * 1.3
    assert picture[32, 12] < picture[32, 54] * 0.6


def test_a_layer_without_cover_changes_nothing() -> None:
    bare, layer = ground(plain()), ball()
    covered = lay(bare, Layer(layer.height, layer.albedo * 0, np.zeros_like(layer.cover), 1.0))
    np.testing.assert_array_equal(shade(covered, EAST), shade(bare, EAST))
