"""Eyes: two classes that no simple statistic tells apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sightloop.core.errors import Missing
from sightloop.samples import eyes

EACH = 60


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    """(classes, EACH, 64, 64, 3)."""
    return np.stack([[eyes.draw(name, seed=seed, size=64) for seed in range(EACH)] for name in eyes.CLASSES])


def best_threshold_accuracy(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    values = np.concatenate([first, second])
    shares = [((first <= cut).mean() + (second > cut).mean()) / 2 for cut in values]
    return float(max(max(shares), 1 - min(shares)))


def test_mean_brightness_does_not_tell_a_clouded_lens(pictures: NDArray[np.uint8]) -> None:
    brightness = pictures.mean(axis=(2, 3, 4))
    assert best_threshold_accuracy(brightness[0], brightness[1]) < 0.65


def test_contrast_does_not_tell_a_clouded_lens(pictures: NDArray[np.uint8]) -> None:
    contrast = pictures.std(axis=(2, 3, 4))
    assert best_threshold_accuracy(contrast[0], contrast[1]) < 0.68


@pytest.mark.parametrize("name", eyes.CLASSES)
def test_the_same_seed_draws_the_same_eye(name: str) -> None:
    np.testing.assert_array_equal(eyes.draw(name, seed=9, size=48), eyes.draw(name, seed=9, size=48))


def test_a_point_of_the_eye_is_found_again_in_the_picture() -> None:
    place = eyes.Place(zoom=0.8, turn=0.3, shift=(0.1, -0.05), flip=-1.0)
    across, down = place.picture((0.4, -0.2))
    back = place.eye(np.array([across]), np.array([down]))
    np.testing.assert_allclose(np.concatenate(back), (0.4, -0.2), atol=1e-6)


def test_an_unknown_class_of_eyes_is_refused() -> None:
    with pytest.raises(Missing, match="'glaucoma'"):
        eyes.draw("glaucoma", seed=0)
