"""Specimens: ten classes that only their form tells apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from sightloop.core.arrays import Pixels
from sightloop.core.errors import Missing
from sightloop.samples import specimens
from sightloop.samples.knobs import DEFAULT, Knobs

SIZE = 48
EACH = 24


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    """(classes, EACH, SIZE, SIZE, 3)."""
    return np.stack(
        [[specimens.draw(name, seed=seed, size=SIZE) for seed in range(EACH)] for name in specimens.CLASSES]
    )


def colour_histogram(pixels: Pixels) -> NDArray[np.float64]:
    bins = (pixels // 64).astype(np.int64).reshape(-1, 3)
    counts = np.bincount(bins @ np.array([16, 4, 1]), minlength=64)
    shares: NDArray[np.float64] = np.sqrt(counts / counts.sum())
    return shares


def centroid_accuracy(features: NDArray[np.float64]) -> float:
    """Nearest class mean, learnt on the first half of each class and asked about the second; (classes, each, d)."""
    half = features.shape[1] // 2
    centres = features[:, :half].mean(axis=1)
    distances = np.linalg.norm(features[:, half:, None, :] - centres[None, None], axis=-1)
    return float((distances.argmin(axis=-1) == np.arange(len(features))[:, None]).mean())


def test_there_are_ten_classes_and_the_unseen_form_is_none_of_them() -> None:
    assert len(specimens.CLASSES) == 10
    assert specimens.UNSEEN not in specimens.CLASSES


@pytest.mark.parametrize("name", specimens.CLASSES)
def test_the_same_seed_draws_the_same_picture_and_another_seed_another(name: str) -> None:
    first = specimens.draw(name, seed=5, size=SIZE)
    assert first.shape == (SIZE, SIZE, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, specimens.draw(name, seed=5, size=SIZE))
    assert (first != specimens.draw(name, seed=6, size=SIZE)).mean() > 0.5


def test_classes_cannot_be_told_by_their_colours(pictures: NDArray[np.uint8]) -> None:
    histograms = np.array([[colour_histogram(picture) for picture in row] for row in pictures])
    assert centroid_accuracy(histograms) < 0.35


def test_classes_cannot_be_told_by_their_mean_colour(pictures: NDArray[np.uint8]) -> None:
    assert centroid_accuracy(pictures.mean(axis=(2, 3))) < 0.25


def test_no_two_pictures_of_a_class_are_near_copies(pictures: NDArray[np.uint8]) -> None:
    small = pictures.reshape(10, EACH, 8, 6, 8, 6, 3).mean(axis=(3, 5, 6))
    for row in small:
        closest = min(np.abs(first - second).mean() for first, second in itertools.combinations(row, 2))
        assert closest > 2


@pytest.mark.parametrize("size", [32, 97, 240])
def test_any_size_can_be_drawn(size: int) -> None:
    assert specimens.draw("nautilus", seed=0, size=size).shape == (size, size, 3)


def test_the_unseen_form_takes_the_place_of_the_named_class() -> None:
    usual = specimens.draw("leaf", seed=1, size=SIZE)
    strange = specimens.draw("leaf", seed=1, size=SIZE, knobs=Knobs(unseen=True))
    assert (usual != strange).any()


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Missing, match="'unicorn'") as refusal:
        specimens.draw("unicorn", seed=0)
    assert "nautilus" in refusal.value.hint


def test_default_knobs_change_nothing() -> None:
    np.testing.assert_array_equal(
        specimens.draw("fern", seed=2, size=SIZE), specimens.draw("fern", seed=2, size=SIZE, knobs=DEFAULT)
    )
