"""What counts as the same file, the same pixels, and nearly the same picture."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightloop.core.arrays import Pixels
from sightloop.vision import fingerprint
from sightloop.vision.decode import decode
from tests.vision import files


def far(a: Pixels, b: Pixels) -> int:
    return fingerprint.distance(fingerprint.perceptual_hash(a), fingerprint.perceptual_hash(b))


def scaled(pixels: Pixels, by: float) -> Pixels:
    height, width = pixels.shape[:2]
    return np.array(Image.fromarray(pixels).resize((round(width * by), round(height * by)), Image.Resampling.LANCZOS))


def brighter(pixels: Pixels, by: float) -> Pixels:
    return (pixels * by).clip(0, 255).astype(np.uint8)


def test_the_file_hash_is_sha256() -> None:
    assert fingerprint.file_hash(b"abc") == hashlib.sha256(b"abc").hexdigest()


def test_an_edit_of_exif_alone_keeps_the_pixel_hash() -> None:
    scene = files.noisy(96, 64)
    plain, edited = (
        files.save(scene, "JPEG", **more) for more in ({}, {"exif": files.exif(taken="1999:01:01 00:00:00")})
    )
    assert fingerprint.file_hash(plain) != fingerprint.file_hash(edited)
    assert fingerprint.pixel_hash(decode(plain)) == fingerprint.pixel_hash(decode(edited))


def test_the_same_pixels_in_another_lossless_format_have_the_same_hash() -> None:
    scene = files.noisy(96, 64)
    hashes = {fingerprint.pixel_hash(decode(files.save(scene, kind))) for kind in ("PNG", "BMP", "TIFF")}
    assert hashes == {fingerprint.pixel_hash(scene)}


def test_the_pixel_hash_knows_the_shape_and_every_pixel() -> None:
    flat = np.zeros((2, 8, 3), np.uint8)
    changed = flat.copy()
    changed[1, 7, 2] = 1
    assert len({fingerprint.pixel_hash(p) for p in (flat, changed, flat.reshape(4, 4, 3), flat.reshape(8, 2, 3))}) == 4


def test_the_pixel_hash_does_not_mind_how_memory_is_laid_out() -> None:
    scene = files.noisy(96, 64)
    assert fingerprint.pixel_hash(scene[:, ::-1]) == fingerprint.pixel_hash(np.ascontiguousarray(scene[:, ::-1]))


def test_a_perceptual_hash_is_sixteen_hex_characters() -> None:
    found = fingerprint.perceptual_hash(files.scene())
    assert len(found) == 16
    assert int(found, 16).bit_count() == 32


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_tiny_and_thin_pictures_have_one_too(size: tuple[int, int]) -> None:
    assert len(fingerprint.perceptual_hash(files.noisy(*size))) == 16


@pytest.mark.parametrize("by", [0.3, 0.5, 2.0])
def test_scaling_keeps_a_picture_near(by: float) -> None:
    scene = files.noisy(400, 300)
    assert far(scene, scaled(scene, by)) <= fingerprint.NEAR


def test_shrinking_while_decoding_keeps_a_picture_near() -> None:
    data = files.save(files.noisy(1600, 1200), "JPEG")
    assert far(decode(data), decode(data, shrink_to=224)) <= fingerprint.NEAR


def test_other_pictures_are_far() -> None:
    scenes = [files.noisy(200, 150, seed=seed) for seed in range(12)]
    assert min(far(a, b) for i, a in enumerate(scenes) for b in scenes[:i]) > 12


def test_distances_to_many_agree_with_distances_one_by_one() -> None:
    hashes = [fingerprint.perceptual_hash(files.noisy(64, 64, seed=seed)) for seed in range(9)]
    many = np.array([int(one, 16) for one in hashes], np.uint64)
    found = fingerprint.distances(int(hashes[0], 16), many)
    assert found.tolist() == [fingerprint.distance(hashes[0], one) for one in hashes]
    assert fingerprint.distances(2**64 - 1, np.array([0], np.uint64)).tolist() == [64]


def test_real_photographs_stay_near_after_everyday_changes(shared: Path) -> None:
    near, total = 0, 0
    for path in sorted((shared / "data" / "bio8").rglob("*.jpg"))[::20]:
        photo = decode(path.read_bytes())
        changed = [
            decode(files.save(photo, "JPEG", quality=50)),
            scaled(photo, 0.5),
            scaled(photo, 3),
            brighter(photo, 0.85),
        ]
        near += sum(far(photo, other) <= fingerprint.NEAR for other in changed)
        total += len(changed)
    assert total > 200
    assert near == total


def test_different_real_photographs_are_not_called_near(shared: Path) -> None:
    paths = sorted((shared / "data" / "bio8").rglob("*.jpg"))[::5]
    hashes = np.array([int(fingerprint.perceptual_hash(decode(path.read_bytes())), 16) for path in paths], np.uint64)
    pairs = sum(
        int((fingerprint.distances(int(one), hashes[:i]) <= fingerprint.NEAR).sum()) for i, one in enumerate(hashes)
    )
    assert pairs <= 1  # the set itself holds a few twins
