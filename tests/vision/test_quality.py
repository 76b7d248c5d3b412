"""Nine issues, measured on a small copy, judged by what is usual in the project."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sightloop.core.arrays import Pixels
from sightloop.vision import augment, quality
from tests.vision import files

USUAL = [quality.measure(files.noisy(300 + seed, 220, seed=seed)) for seed in range(60)]
LIMITS = quality.limits(USUAL)


def found(pixels: Pixels) -> list[str]:
    return quality.issues(quality.measure(pixels), LIMITS)


def test_the_measures_are_those_that_are_documented() -> None:
    assert quality.measure.__doc__ is not None
    assert all(name in quality.measure.__doc__ for name in USUAL[0])
    assert len(USUAL[0]) == 10


def test_the_measures_of_a_known_picture_are_known() -> None:
    half = np.zeros((100, 200, 3), np.uint8)
    half[:, 100:] = 255
    seen = quality.measure(half)
    assert seen["brightness"] == seen["contrast"] == seen["dark_share"] == seen["light_share"] == 0.5
    assert (seen["entropy"], seen["saturation"], seen["aspect"], seen["megapixels"]) == (1.0, 0.0, 2.0, 0.02)


def test_noise_is_measured_in_grey_levels() -> None:
    grain = np.random.default_rng(0).normal(128, 8, (200, 200))
    grey = np.repeat(grain.round().clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    assert quality.measure(grey)["noise"] == pytest.approx(8, rel=0.05)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 900), (5000, 3)])
def test_tiny_and_thin_pictures_have_finite_measures(size: tuple[int, int]) -> None:
    assert all(math.isfinite(value) for value in quality.measure(files.noisy(*size)).values())


def test_a_usual_picture_has_no_issue() -> None:
    clean = [quality.issues(measures, LIMITS) for measures in USUAL]
    assert sum(bool(one) for one in clean) <= 6


PICTURE = files.noisy(320, 220, seed=7)


@pytest.mark.parametrize(
    ("issue", "pixels"),
    [
        ("blurry", augment.gaussian_blur(PICTURE, sigma=4)),
        ("dark", (PICTURE * 0.1).astype(np.uint8)),
        ("light", (PICTURE * 0.1 + 229).astype(np.uint8)),
        ("low_information", np.full((220, 320, 3), 120, np.uint8)),
        ("odd_size", files.noisy(60, 44, seed=7)),
        ("odd_aspect", files.noisy(900, 73, seed=7)),
        ("grayscale", np.repeat(PICTURE[..., :1], 3, axis=2)),
    ],
)
def test_a_faulty_picture_is_flagged(issue: str, pixels: Pixels) -> None:
    assert issue in found(pixels)
    assert issue in quality.ISSUES


def test_a_project_of_grey_pictures_does_not_call_grey_a_fault() -> None:
    grey = [dict(measures, saturation=0.0) for measures in USUAL]
    assert "grayscale" not in quality.issues(grey[0], quality.limits(grey))


def test_a_project_of_one_size_does_not_flag_a_trifle() -> None:
    same = [dict(measures, megapixels=0.1875, aspect=4 / 3) for measures in USUAL]
    limits = quality.limits(same)
    assert "odd_size" not in quality.issues(dict(same[0], megapixels=0.15), limits)
    assert "odd_size" in quality.issues(dict(same[0], megapixels=0.05), limits)


def test_too_few_pictures_give_no_limits() -> None:
    assert quality.limits(USUAL[:19]) == {}
    assert quality.issues(USUAL[0], {}) == []


def test_one_absurd_picture_does_not_move_the_limits() -> None:
    absurd = quality.limits([*USUAL, dict(USUAL[0], blur=0.0, brightness=0.0, megapixels=1e4)])
    for name, both in LIMITS.items():
        for was, now in zip(both, absurd[name], strict=True):
            assert (was is None) == (now is None)
            assert was is None or now == pytest.approx(was, rel=0.2, abs=0.1)


def test_pictures_of_one_pixel_do_not_break_the_limits() -> None:
    assert set(quality.limits([quality.measure(files.noisy(1, 1))] * 30)) == set(LIMITS)


def test_a_missing_measure_is_not_judged() -> None:
    assert quality.issues({"brightness": 0.0}, LIMITS) == ["dark"]
