"""Deep, transparent and palette pictures come out as people see them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from sightloop.vision.decode import decode
from tests.vision import files

RAMP = (np.arange(64, dtype=np.uint16) * 1024).reshape(8, 8)  # 0 .. 64512
WANTED = (RAMP >> 8).astype(np.uint8)


def grey(found: Any) -> Any:
    assert np.array_equal(found[..., 0], found[..., 2])
    return found[..., 0]


def tiff(values: Any) -> bytes:
    return files.save(Image.fromarray(values), "TIFF")


def test_a_16_bit_grey_png_keeps_its_shades() -> None:
    assert np.array_equal(grey(decode(files.deep_png(RAMP))), WANTED)


def test_a_16_bit_colour_png_keeps_its_shades() -> None:
    assert np.array_equal(grey(decode(files.deep_png(np.repeat(RAMP[..., None], 3, axis=2)))), WANTED)


def test_a_16_bit_tiff_keeps_its_shades_in_either_byte_order() -> None:
    assert np.array_equal(grey(decode(tiff(RAMP))), WANTED)
    big = Image.frombytes("I;16B", (8, 8), RAMP.astype(">u2").tobytes())
    assert np.array_equal(grey(decode(files.save(big, "TIFF"))), WANTED)


def test_a_16_bit_tiff_whose_zero_is_white_is_turned_round() -> None:
    data = tiff(RAMP)
    at = data.index(b"\x06\x01\x03\x00\x01\x00\x00\x00\x01")
    assert np.array_equal(grey(decode(data[: at + 8] + b"\0" + data[at + 9 :])), 255 - WANTED)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (np.array([[0, 128, 255]], np.int32), [0, 128, 255]),
        (np.array([[0, 257 * 100, 65535]], np.int32), [0, 100, 255]),
        (np.array([[-100, 0, 300]], np.int32), [0, 64, 255]),
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 100.0, 255.0]], np.float32), [0, 100, 255]),
        (np.array([[-1.0, 0.0, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[np.nan, np.inf, 200.0]], np.float32), [0, 200, 200]),
        (np.array([[np.nan, np.nan, np.nan]], np.float32), [0, 0, 0]),
        (np.array([[-5.0, -5.0, -5.0]], np.float32), [0, 0, 0]),
    ],
)
def test_whole_and_broken_numbers_keep_their_meaning(values: Any, wanted: list[int]) -> None:
    assert grey(decode(tiff(values))).tolist() == [wanted]


def test_a_signalling_nan_is_black_and_no_warning() -> None:
    values = np.array([[0x7FA00000, 0x3F800000]], np.uint32).view(np.float32)
    assert grey(decode(tiff(values))).tolist() == [[0, 255]]


def test_transparency_lies_over_white() -> None:
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[:2, :, 3] = 255
    clear[3, :, 3] = 128
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})):
        found = decode(files.save(clear, kind, **options))
        assert found[:, 0, 0].tolist() == [0, 0, 255, 127], kind


def test_a_transparent_palette_entry_lies_over_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 10, 10, 10, 200, 10])
    image.putdata([0, 1])
    for kind in ("PNG", "GIF"):
        assert decode(files.save(image, kind, transparency=1))[0].tolist() == [[200, 10, 10], [255, 255, 255]]
    assert decode(files.save(image, "PNG", transparency=b"\xff\x00"))[0, 1].tolist() == [255, 255, 255]


def test_the_transparent_colour_of_a_deep_png_is_found() -> None:
    key = files.chunk(b"tRNS", (1024 * 9).to_bytes(2, "big"))
    found = grey(decode(files.deep_png(RAMP, extra=key)))
    assert found[1, 1] == 255
    assert found[1, 2] == WANTED[1, 2]


def test_the_transparent_colour_of_a_four_shade_png_is_found() -> None:
    rows = b"\0" + bytes([0b00_01_10_11])
    data = files.png(4, 1, bits=2, colour=0, rows=rows, extra=files.chunk(b"tRNS", b"\0\1"))
    assert grey(decode(data)).tolist() == [[0, 255, 170, 255]]


def test_the_transparent_colour_of_a_deep_colour_png_is_found() -> None:
    values = np.array([[[65535, 0, 0], [0, 65535, 0]]], np.uint16)
    key = files.chunk(b"tRNS", b"\xff\xff\0\0\0\0")
    assert decode(files.deep_png(values, extra=key))[0].tolist() == [[255, 255, 255], [0, 255, 0]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "RGBX"])
def test_every_common_mode_comes_as_three_channels(mode: str) -> None:
    image = Image.fromarray(files.scene()).convert(mode)
    assert decode(files.save(image, "TIFF")).shape == (64, 96, 3)
