"""Tests of reading masks that strangers drew: every way of writing the same cross."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Mask
from sightloop.core.errors import BadImage
from sightloop.vision import masks
from tests.vision import files

CROSS: Mask = np.zeros((24, 32), np.uint8)
CROSS[10:13, 4:28] = CROSS[3:21, 15:18] = 1
WHITE = CROSS * np.uint8(255)
CLASSES = CROSS.copy()
CLASSES[3:10, 15:18] = 2


def _colours(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(values[..., None], 3, axis=2)


def _clear(grey: int) -> NDArray[np.uint8]:
    """Strokes of one grey on a transparent ground of the same grey."""
    return np.dstack([np.full((*CROSS.shape, 3), grey, np.uint8), WHITE])


def _palette(colours: list[int], indices: Mask) -> Image.Image:
    image = Image.fromarray(indices).convert("P")
    image.putdata(indices.ravel().tolist())
    image.putpalette(colours)
    return image


def _turned() -> bytes:
    return files.save(Image.fromarray(WHITE).transpose(files.UNTURN[6]), "PNG", exif=files.exif(6))


SAME: dict[str, Callable[[], bytes]] = {
    "one bit": lambda: files.save(Image.fromarray(WHITE).convert("1"), "PNG"),
    "0 and 255": lambda: files.save(WHITE, "PNG"),
    "0 and 1": lambda: files.save(CROSS, "PNG"),
    "bmp": lambda: files.save(WHITE, "BMP"),
    "gif": lambda: files.save(WHITE, "GIF"),
    "tiff": lambda: files.save(WHITE, "TIFF", compression="tiff_lzw"),
    "fax tiff": lambda: files.save(Image.fromarray(WHITE).convert("1"), "TIFF", compression="group4"),
    "webp": lambda: files.save(_colours(WHITE), "WEBP", lossless=True),
    "jpeg of flat areas": lambda: files.save(WHITE, "JPEG", quality=100),
    "rgb": lambda: files.save(_colours(WHITE), "PNG"),
    "opaque rgba": lambda: files.save(np.dstack([_colours(WHITE), np.full_like(WHITE, 255)]), "PNG"),
    "white on transparent": lambda: files.save(_clear(255), "PNG"),
    "black on transparent": lambda: files.save(_clear(0), "PNG"),
    "grey and alpha": lambda: files.save(Image.fromarray(_clear(255)).convert("LA"), "PNG"),
    "16 bit": lambda: files.deep_png(CROSS.astype(np.uint16) * 65535),
    "16 bit indices": lambda: files.deep_png(CROSS.astype(np.uint16)),
    "16 bit of 8 bit": lambda: files.deep_png(WHITE.astype(np.uint16)),
    "32 bit": lambda: files.save(Image.fromarray(WHITE.astype(np.int32)), "TIFF"),
    "float 0 and 1": lambda: files.save(Image.fromarray(CROSS.astype(np.float32)), "TIFF"),
    "palette of colours": lambda: files.save(_palette([0, 0, 0, 255, 0, 0], CROSS), "PNG"),
    "palette turned round": lambda: files.save(_palette([255, 255, 255, 0, 0, 0], 1 - CROSS), "PNG"),
    "palette of greys": lambda: files.save(_palette([v // 3 for v in range(768)], WHITE), "PNG"),
    "canonical": lambda: masks.encode(CROSS),
    "sideways": _turned,
}


@pytest.mark.parametrize("write", SAME.values(), ids=SAME)
def test_a_mask_is_the_same_however_it_was_saved(write: Callable[[], bytes]) -> None:
    found = masks.read(write(), classes=1, size=(24, 32))
    assert np.array_equal(found.mask, CROSS)
    assert found.mask.dtype == np.uint8
    assert found.mask.flags.c_contiguous


@pytest.mark.parametrize(
    "data",
    [
        files.save(CLASSES, "PNG"),
        masks.encode(CLASSES),
        files.save(Image.open(io.BytesIO(masks.encode(CLASSES))).convert("RGB"), "PNG"),
        files.deep_png(CLASSES.astype(np.uint16)),
    ],
    ids=["grey", "canonical", "colours of the palette", "16 bit"],
)
def test_several_classes_are_read_as_indices(data: bytes) -> None:
    found = masks.read(data, classes=3, size=None)
    assert np.array_equal(found.mask, CLASSES)
    assert found.note is None


def test_an_empty_mask_is_empty_in_every_format() -> None:
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP"):
        found = masks.read(files.save(_colours(CROSS * 0), kind), classes=1, size=(24, 32))
        assert not found.mask.any()
        assert found.note is None


def test_grey_edges_are_cut_at_half_and_counted() -> None:
    soft = WHITE.copy()
    soft[0, :3] = 126, 127, 128
    found = masks.read(files.save(_colours(soft), "PNG"), classes=1, size=None)
    assert found.mask[0, :3].tolist() == [0, 0, 1]
    assert found.note == "3 grey pixels taken as foreground or background at half."


def test_grey_edges_of_strokes_on_a_transparent_ground_are_counted_too() -> None:
    soft = _clear(255)
    soft[0, :2, 3] = 100, 200
    found = masks.read(files.save(soft, "PNG"), classes=1, size=None)
    assert found.mask[0, :3].tolist() == [0, 1, 0]
    assert found.note is not None
    assert found.note.startswith("2 grey pixels")


def test_a_deep_mask_with_grey_edges_is_cut_at_half() -> None:
    soft = CROSS.astype(np.uint16) * 65535
    soft[0, :2] = 30_000, 40_000
    assert masks.read(files.deep_png(soft), classes=1, size=None).mask[0, :3].tolist() == [0, 1, 0]


def test_shares_in_a_float_file_are_cut_at_half() -> None:
    soft = np.where(CROSS > 0, 0.9, 0.1).astype(np.float32)
    assert np.array_equal(masks.read(files.save(Image.fromarray(soft), "TIFF"), classes=1, size=None).mask, CROSS)


def test_the_noise_of_a_jpeg_is_cut_and_never_an_index() -> None:
    found = masks.read(files.save(_colours(WHITE), "JPEG", quality=80), classes=1, size=None)
    assert np.array_equal(found.mask, CROSS)
    assert found.note is not None


def test_a_mask_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(BadImage, match="mask is 200 × 100, its picture 256 × 256 pixels"):
        masks.read(files.save(np.zeros((100, 200), np.uint8), "PNG"), classes=1, size=(256, 256))


@pytest.mark.parametrize(("classes", "values"), [(1, "2, 3"), (2, "3")])
def test_more_classes_than_there_are_are_named(classes: int, values: str) -> None:
    data = files.save(np.array([[0, 1, 2, 3]], np.uint8), "PNG")
    with pytest.raises(BadImage, match=f"mask has the value {values}, and class indices are 0..{classes}"):
        masks.read(data, classes=classes, size=None)


def test_white_is_no_class_where_there_are_several() -> None:
    with pytest.raises(BadImage, match="value 255"):
        masks.read(files.save(WHITE, "PNG"), classes=2, size=None)


def test_a_photo_is_no_mask() -> None:
    with pytest.raises(BadImage, match="a mask with the colour #"):
        masks.read(files.save(files.scene(), "PNG"), classes=1, size=None)


def test_numbers_below_zero_are_refused() -> None:
    data = files.save(Image.fromarray(np.full((4, 4), -1, np.int32)), "TIFF")
    with pytest.raises(BadImage, match="negative"):
        masks.read(data, classes=1, size=None)


@settings(deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 255)),
    st.integers(1, 4),
    st.integers(0, 300),
)
def test_whatever_comes_is_read_as_known_classes_or_refused(values: Mask, classes: int, keep: int) -> None:
    data = files.save(values, "PNG")
    try:
        found = masks.read(data if keep > 200 else data[:keep], classes=classes, size=None)
    except BadImage:
        return
    assert found.mask.max() <= classes
    assert found.mask.shape == values.shape
