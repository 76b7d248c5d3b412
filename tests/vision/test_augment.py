"""Training copies: seeded, bounded, and off when they are off."""

from __future__ import annotations

import numpy as np
import pytest

from sightloop.core.errors import Rejected
from sightloop.vision.augment import (
    NOTHING,
    Augmentation,
    augment,
    gaussian_blur,
    light_and_contrast,
    motion_blur,
    rotate,
)
from tests.vision import files

SCENE = files.noisy(96, 64)
EVERYTHING = Augmentation(flip_vertical=True, gaussian_blur=2, motion_blur=9)


def test_the_same_seed_gives_the_same_copy_and_another_seed_another() -> None:
    first, again, other = (augment(SCENE, EVERYTHING, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_copies_keep_shape_and_type_and_leave_the_picture_alone() -> None:
    before = SCENE.copy()
    for seed in range(20):
        copy = augment(SCENE, EVERYTHING, rng=np.random.default_rng(seed))
        assert copy.shape == SCENE.shape
        assert copy.dtype == np.uint8
        assert copy.flags.c_contiguous
    assert np.array_equal(SCENE, before)


def test_nothing_changes_nothing() -> None:
    assert all(np.array_equal(augment(SCENE, NOTHING, rng=np.random.default_rng(seed)), SCENE) for seed in range(9))


def test_a_flip_alone_gives_the_picture_or_its_mirror() -> None:
    flips = Augmentation(rotation=0, brightness=0, contrast=0)
    copies = [augment(SCENE, flips, rng=np.random.default_rng(seed)) for seed in range(40)]
    mirrored = sum(np.array_equal(copy, SCENE[:, ::-1]) for copy in copies)
    assert 8 < mirrored < 32
    assert mirrored + sum(np.array_equal(copy, SCENE) for copy in copies) == 40


def test_one_setting_does_not_change_the_draw_of_another() -> None:
    light = Augmentation(rotation=0, flip_horizontal=False, contrast=0)
    both = Augmentation(rotation=0, flip_horizontal=False, contrast=0, flip_vertical=True)
    one, two = (augment(SCENE, settings, rng=np.random.default_rng(3)) for settings in (light, both))
    assert np.array_equal(one, two) or np.array_equal(one, two[::-1])


def test_a_quarter_turn_of_a_square_is_exact() -> None:
    square = files.noisy(64, 64)
    assert np.array_equal(rotate(square, degrees=90), np.rot90(square))


@pytest.mark.parametrize("shape", [(64, 96), (10, 300), (300, 10), (1, 1)])
def test_corners_are_filled_with_the_picture_and_not_with_black(shape: tuple[int, int]) -> None:
    light = np.full((*shape, 3), 200, np.uint8)
    assert all(np.array_equal(rotate(light, degrees=angle), light) for angle in (3, 45, -90, 180))


def test_blurs_make_edges_softer() -> None:
    grain = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    sharp = np.diff(grain.astype(int), axis=1).std()
    for soft in (gaussian_blur(grain, sigma=2), motion_blur(grain, length=9, angle=0)):
        assert np.diff(soft.astype(int), axis=1).std() < sharp / 4
        assert abs(soft.mean() - grain.mean()) < 1


def test_motion_across_leaves_a_column_of_equal_rows_and_smears_a_line() -> None:
    line = np.zeros((9, 31, 3), np.uint8)
    line[:, 15] = 255
    smeared = motion_blur(line, length=5, angle=0)
    assert (smeared[4, :, 0] > 0).sum() == 5
    assert np.array_equal(motion_blur(line, length=5, angle=90), line)


def test_light_and_contrast_move_the_mean_and_the_spread() -> None:
    middle = (SCENE // 4 + 96).astype(np.uint8)
    assert light_and_contrast(middle, light=1.2, contrast=1).mean() == pytest.approx(middle.mean() * 1.2, rel=0.01)
    flat = light_and_contrast(middle, light=1, contrast=0.5)
    assert flat.std() == pytest.approx(middle.std() / 2, rel=0.05)
    assert flat.mean() == pytest.approx(middle.mean(), abs=1)


@pytest.mark.parametrize(
    "wrong", [{"rotation": -1}, {"rotation": 181}, {"gaussian_blur": 11}, {"motion_blur": 65}, {"contrast": 1.1}]
)
def test_a_setting_out_of_range_is_refused_by_name(wrong: dict[str, float]) -> None:
    name, value = next(iter(wrong.items()))
    with pytest.raises(Rejected, match=f"{name} {value}"):
        Augmentation(**wrong)  # type: ignore[arg-type]
