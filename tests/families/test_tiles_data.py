"""Random tiles with their masks, and the windows that judge an epoch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sightloop.bundles.format import Input
from sightloop.core.entities import TrainingSet
from sightloop.core.errors import BadImage
from sightloop.families.parameters import UnetParams
from sightloop.families.tiles_data import JudgedWindows, MaskedPictures, TileBatches, random_tiles, windows
from sightloop.vision import masks
from tests.families.masked import drawn

SPEC = Input(64, "native", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
PARAMS = UnetParams(tile=32, tiles=4, batch=6)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_at_least_half_of_a_pictures_tiles_show_something_of_its_mask() -> None:
    pixels, mask = drawn(seed=1, height=200, width=300)
    small = np.where(np.arange(300) < 40, mask, 0).astype(np.uint8)
    for seed in range(10):
        tiles = random_tiles(pixels, small, params=PARAMS, classes=1, rng=_rng(seed))
        assert sum(bool(targets.any()) for _, targets in tiles) >= 2


def test_a_tile_and_its_mask_are_changed_alike() -> None:
    plain = replace(PARAMS, brightness=0, contrast=0, colour=0, gaussian_blur=0, noise=0)
    mask = drawn(seed=2, height=90, width=120)[1]
    pixels = np.repeat(mask[..., None] * np.uint8(255), 3, axis=2)
    for shown, targets in random_tiles(pixels, mask, params=plain, classes=1, rng=_rng(0)):
        assert np.array_equal(shown[..., 0] > 127, targets[0].astype(bool))


def test_a_picture_smaller_than_a_tile_is_continued_by_its_mirror_image() -> None:
    pixels, mask = drawn(seed=3, height=9, width=14)
    tiles = random_tiles(pixels, mask, params=replace(PARAMS, augment=False), classes=1, rng=_rng(0))
    assert all(shown.shape == (32, 32, 3) and set(shown[..., 0].flat) <= set(pixels[..., 0].flat) for shown, _ in tiles)


def test_each_class_has_its_own_plane() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32], mask[:, 32:] = 1, 3
    _, targets = random_tiles(np.zeros((64, 64, 3), np.uint8), mask, params=PARAMS, classes=3, rng=_rng(0))[0]
    assert targets.shape == (3, 32, 32)
    assert not targets[1].any()
    assert (targets.sum(axis=0) <= 1).all()


def test_an_epoch_shows_every_picture_in_the_number_of_tiles_asked_for(lines: TrainingSet) -> None:
    batches = TileBatches(MaskedPictures(lines.train, classes=1), SPEC, PARAMS, epoch=0)
    found = list(batches)
    assert len(found) == len(batches)
    assert sum(len(images) for images, _ in found) == 4 * len(lines.train)
    assert max(len(images) for images, _ in found) <= PARAMS.batch
    assert {targets.shape[1:] for _, targets in found} == {torch.Size([1, 32, 32])}


def test_the_same_seed_and_epoch_give_the_same_tiles_and_another_epoch_others(lines: TrainingSet) -> None:
    pictures = MaskedPictures(lines.train, classes=1)
    first, again, other = (
        torch.cat([images for images, _ in TileBatches(pictures, SPEC, PARAMS, epoch=epoch)]) for epoch in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_mask_of_another_size_than_its_picture_is_refused_by_name(lines: TrainingSet, tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(masks.encode(np.ones((5, 6), np.uint8)))
    with pytest.raises(BadImage, match=r"mask of 0 has 6 × 5 pixels"):
        MaskedPictures([replace(lines.train[0], mask=str(path))], classes=1).load(0)


def test_a_judged_picture_keeps_its_size_and_is_padded_only_for_the_model(lines: TrainingSet) -> None:
    image, mask = next(iter(JudgedWindows(MaskedPictures(lines.calibration, classes=1), SPEC, 32)))[0]
    assert (tuple(image.shape), tuple(mask.shape)) == ((1, 3, 64, 96), (56, 72))


def test_a_large_picture_is_judged_on_four_windows_of_it() -> None:
    found = windows((5000, 4000), multiple=32)
    assert len(found) == 4
    assert all(tile.height <= 1024 and tile.width <= 1024 for tile in found)
    assert len(windows((700, 900), multiple=32)) == 1
