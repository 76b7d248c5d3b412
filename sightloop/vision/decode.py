"""The one loader: a stranger's bytes to upright RGB pixels, the same for training and for serving."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
from PIL import Image

from sightloop.core.arrays import Pixels
from sightloop.core.errors import BadImage
from sightloop.vision import depth, headers, jpeg
from sightloop.vision.headers import MAX_PIXELS, Header

_PILLOW = {"image/png": "PNG", "image/webp": "WEBP", "image/tiff": "TIFF", "image/bmp": "BMP", "image/gif": "GIF"}

# All that Pillow's readers of these five formats raise on junk; Warning where warnings are made errors.
_REFUSALS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    EOFError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,
)


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS, shrink_to: int | None = None) -> Pixels:
    """Decode a stranger's image; a pure function of its arguments.

    Args:
        data: the file as it came; only JPEG, PNG, WebP, TIFF, BMP and GIF are tried, whatever its name says.
        max_pixels: refuse larger images before their pixels are unpacked.
        shrink_to: let the JPEG decoder scale down by DCT (2, 4 or 8 times) while both sides stay at least this many
            pixels. Other formats come at full size.

    Returns:
        (height, width, 3) uint8, RGB, upright whatever EXIF said, transparency over white, 16-bit scaled to 8, the
        first frame of an animation, colour profiles not applied.

    Raises:
        BadImage: another format, damaged, incomplete, or larger than `max_pixels`.
    """
    return read(data, max_pixels=max_pixels, shrink_to=shrink_to)[1]


def probe(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Header:
    """Read the header only; size as people see it, after EXIF orientation.

    Raises:
        BadImage: another format, damaged there, more than `max_pixels`, a side over 20,000, or over 32 JPEG scans.
    """
    return headers.read(data, max_pixels=max_pixels)


def read(data: bytes, *, max_pixels: int = MAX_PIXELS, shrink_to: int | None = None) -> tuple[Header, Pixels]:
    """What `probe` and `decode` say, with the header read once. Raises BadImage."""
    header = headers.read(data, max_pixels=max_pixels)
    if header.media_type == "image/jpeg":
        width, height = (header.height, header.width) if header.orientation >= 5 else (header.width, header.height)
        by = jpeg.factor(width, height, shrink_to=shrink_to)
        stored = jpeg.pixels(data, size=(-(-width // by), -(-height // by)), components=header.components)
        return header, upright(stored, orientation=header.orientation)
    image = opened(data, header, max_pixels=max_pixels)
    try:
        found = np.array(depth.rgb(image, data=data))
    except _REFUSALS as error:
        raise _refusal(header, error) from error
    # Pillow turns a TIFF by itself.
    turn = 1 if header.media_type == "image/tiff" else header.orientation
    found = upright(found, orientation=turn)
    return replace(header, width=found.shape[1], height=found.shape[0]), found


def opened(data: bytes, header: Header, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The picture loaded by Pillow in its own mode, for formats other than JPEG. Raises BadImage."""
    try:
        image = Image.open(io.BytesIO(data), formats=(_PILLOW[header.media_type],))
        headers.check(*image.size, max_pixels=max_pixels)
        image.load()
    except _REFUSALS as error:
        raise _refusal(header, error) from error
    return image


def upright(pixels: Pixels, *, orientation: int) -> Pixels:
    """Turn and mirror (height, width, 3) pixels as EXIF `orientation` (1..8) asks; always contiguous."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _refusal(header: Header, error: BaseException) -> BadImage:
    reason = str(error) or type(error).__name__
    return BadImage(f"the {header.media_type} file is damaged or incomplete ({reason}).", hint="Upload the file again.")
