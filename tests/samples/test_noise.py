"""Noise: moments, frequency bands, blur and cells are what they claim."""

from __future__ import annotations

import numpy as np
import pytest

from sightloop.samples.noise import blur, cells, fractal, grain, step, stretched


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_fractal_noise_has_mean_zero_and_deviation_one() -> None:
    field = fractal(rng(), 96, slope=1.5)
    assert abs(float(field.mean())) < 1e-3
    assert float(field.std()) == pytest.approx(1, abs=1e-3)


def test_band_limits_keep_only_their_frequencies() -> None:
    spectrum = np.abs(np.fft.rfft2(fractal(rng(), 128, slope=0.0, low=20, high=30)))
    assert spectrum[:5, :5].max() < 0.05 * spectrum.max()
    assert spectrum[60:68, 60:].max() < 0.05 * spectrum.max()


def test_stretched_noise_changes_least_along_its_grain() -> None:
    field = stretched(rng(), 128, angle=0.0, stretch=8)
    assert np.abs(np.diff(field, axis=1)).mean() < 0.5 * np.abs(np.diff(field, axis=0)).mean()


@pytest.mark.parametrize("sigma", [0.7, 3.0])
def test_blur_keeps_a_constant_and_spreads_a_point_by_sigma(sigma: float) -> None:
    np.testing.assert_allclose(blur(np.ones((3, 20, 31), dtype=np.float32), sigma), 1, atol=1e-5)
    point = np.zeros((65, 65), dtype=np.float32)
    point[32, 32] = 1
    row = blur(point, sigma).sum(axis=0)
    spread = np.sqrt((row * (np.arange(65) - 32) ** 2).sum() / row.sum())
    assert float(spread) == pytest.approx(sigma, rel=0.02)


def test_cells_find_the_true_nearest_point() -> None:
    generator = rng()
    near, second, _ = cells(generator, 40, count=5)
    points = rng().random((3, 5, 5), dtype=np.float32)
    across = np.concatenate(
        [(points[0] + np.arange(5)[None, :]).ravel() + turn for turn in (-5, 0, 5) for _ in range(3)]
    )
    down = np.concatenate([(points[1] + np.arange(5)[:, None]).ravel() + turn for _ in range(3) for turn in (-5, 0, 5)])
    place = (np.arange(40) + 0.5) / 8
    distances = np.sort(np.hypot(place[None, :, None] - across, place[:, None, None] - down), axis=2)
    np.testing.assert_allclose(near, distances[..., 0], atol=1e-4)
    assert (second >= near).all()


def test_grain_is_standardised() -> None:
    field = grain(rng(), 128)
    assert abs(float(field.mean())) < 0.02
    assert float(field.std()) == pytest.approx(1, abs=0.02)


def test_a_step_rises_or_falls_as_its_limits_say() -> None:
    ramp = np.linspace(-1, 2, 7, dtype=np.float32)
    np.testing.assert_allclose(step(0, 1, ramp) + step(1, 0, ramp), 1, atol=1e-6)
    assert step(0, 1, ramp)[0] == 0
