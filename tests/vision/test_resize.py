"""The one resize, the small copies, and the files made of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from sightloop.core.errors import Rejected
from sightloop.vision import encode, resize, thumbs
from sightloop.vision.decode import decode, probe
from tests.vision import files


@pytest.mark.parametrize("mode", ["crop", "squash"])
@pytest.mark.parametrize("size", [(300, 200), (200, 300), (224, 224), (1, 1), (1, 90), (3000, 40)])
def test_every_picture_becomes_a_square(size: tuple[int, int], mode: resize.Mode) -> None:
    found = resize.fit(files.noisy(*size), size=224, mode=mode)
    assert found.shape == (224, 224, 3)
    assert found.dtype == np.uint8
    assert found.flags.writeable


def test_crop_keeps_the_centre_and_squash_keeps_the_edges() -> None:
    marked = np.zeros((100, 300, 3), np.uint8)
    marked[:, :90] = 255
    assert resize.fit(marked, size=50, mode="crop").max() == 0
    assert resize.fit(marked, size=50, mode="squash")[:, :12].min() == 255


def test_a_square_of_the_right_size_is_left_alone() -> None:
    square = files.noisy(64, 64)
    assert np.array_equal(resize.fit(square, size=64), square)


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 254
    assert np.abs(resize.fit(stripes, size=64).astype(int) - 127).max() <= 3


def test_a_mode_that_is_not_known_is_refused() -> None:
    with pytest.raises(Rejected, match="'stretch'"):
        resize.fit(files.scene(), size=8, mode="stretch")  # type: ignore[arg-type]


@pytest.mark.parametrize(("size", "wanted"), [((512, 256), (128, 256)), ((100, 50), (50, 100)), ((4000, 3), (1, 256))])
def test_small_copies_are_never_enlarged(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    copy = resize.small(files.noisy(*size))
    assert copy.shape[:2] == wanted
    assert resize.small(copy) is copy


def test_a_thumbnail_is_a_small_webp_of_the_picture() -> None:
    found = thumbs.thumbnail(files.noisy(640, 480), side=128)
    header = probe(found)
    assert (header.media_type, header.width, header.height) == ("image/webp", 128, 96)
    assert not any(name in found for name in (b"EXIF", b"XMP ", b"ICCP"))


def test_a_png_is_exact_and_a_jpeg_and_a_webp_are_near() -> None:
    scene = files.scene()
    assert np.array_equal(decode(encode.png(scene)), scene)
    for near in (encode.jpeg(scene, quality=95), encode.webp(scene, quality=95)):
        assert np.abs(decode(near).astype(int) - scene).mean() < 6


def test_a_mask_is_written_exactly() -> None:
    mask = np.eye(8, dtype=np.uint8)
    assert decode(encode.png(mask * 255))[..., 0].tolist() == (mask * 255).tolist()


def test_a_jpeg_of_a_mirrored_view_is_of_the_mirrored_picture() -> None:
    scene = files.scene()
    assert encode.jpeg(scene[:, ::-1]) == encode.jpeg(np.ascontiguousarray(scene[:, ::-1]))
