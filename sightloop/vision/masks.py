"""Masks and probability maps: to canonical files and back, cut at a threshold, counted and drawn."""

from __future__ import annotations

import io
import math
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Levels, Mask, Pixels, ProbabilityMap
from sightloop.core.errors import BadImage, Rejected
from sightloop.vision import decode as pictures
from sightloop.vision import headers
from sightloop.vision.colours import PALETTE as PALETTE
from sightloop.vision.maskfile import Read as Read
from sightloop.vision.maskfile import read as read

_BAND = 1 << 20  # pixels worked on at a time: small enough for the cache
_MAGIC = b"SLM1"  # then the number of classes (uint16), each PNG's length (uint32), and the PNGs
_RLE = 3  # zlib's strategy for runs: smaller and faster than its search on maps that are mostly flat
_COLOURS = [0, 0, 0, *(value for index in range(255) for value in PALETTE[index % len(PALETTE)])]


def encode(mask: Mask) -> bytes:
    """The canonical PNG of a (height, width) mask; the same mask always gives the same bytes.

    1 bit a pixel where only 0 and 1 occur, so that every viewer shows black and white; else an 8-bit palette whose
    index is the class and whose colours are those of `PALETTE`, in turn.
    """
    out = io.BytesIO()
    if mask.max() <= 1:
        height, width = mask.shape
        Image.frombytes("1", (width, height), np.packbits(mask, axis=1).tobytes()).save(out, "PNG")
    else:
        image = Image.fromarray(mask)
        image.putpalette(_COLOURS)
        image.save(out, "PNG")
    return out.getvalue()


def decode(data: bytes) -> Mask:
    """The mask of a canonical PNG. Raises BadImage for anything else; a stranger's file belongs to `read`."""
    image = pictures.opened(data, headers.read(data))
    if image.format != "PNG" or image.mode not in ("1", "P"):
        raise BadImage(f"a {image.format} file of mode {image.mode} is not a mask written here.")
    return np.array(image, dtype=np.uint8)


def empty(size: tuple[int, int]) -> Mask:
    """A mask of (height, width) pixels without anything in it."""
    return np.zeros(size, np.uint8)


def index_png(mask: Mask) -> bytes:
    """An 8-bit grey PNG whose values are the class indices: nearly black to the eye, exact to a canvas."""
    return _png(mask)


def shrunk(mask: Mask, *, side: int) -> Mask:
    """A mask whose longest side is at most `side` pixels; each of its pixels has the highest class that lies in it.

    Thin things stay, a little wider; a mask that is small enough comes back as it is.
    """
    by = -(-max(mask.shape) // side)
    if by <= 1:
        return mask
    rows, columns = (np.arange(0, length, by) for length in mask.shape)
    return np.maximum.reduceat(np.maximum.reduceat(mask, rows, axis=0), columns, axis=1)


def pack_map(probabilities: ProbabilityMap) -> bytes:
    """A (classes, height, width) map as one file, losslessly: a PNG per class behind a table of their lengths."""
    files = [_png(plane) for plane in probabilities]
    table = struct.pack(f">H{len(files)}I", len(files), *map(len, files))
    return b"".join([_MAGIC, table, *files])


def unpack_map(data: bytes) -> ProbabilityMap:
    """The (classes, height, width) map of `pack_map`. Raises BadImage where the file is damaged."""
    planes = [_plane(map_png(data, index)) for index in range(len(_lengths(data)))]
    if not planes or len({plane.shape for plane in planes}) > 1:
        raise BadImage(
            f"{len(planes)} classes of different sizes make no probability map.", hint="Ask the model again."
        )
    return np.stack(planes) if len(planes) > 1 else planes[0][None]


def map_png(data: bytes, index: int) -> bytes:
    """The 8-bit grey PNG of one class, as it lies in the file; `index` counts classes from 0.

    Raises:
        BadImage: the file is damaged.
        Rejected: it has no such class.
    """
    lengths = _lengths(data)
    if not 0 <= index < len(lengths):
        raise Rejected(f"class {index} of a probability map of {len(lengths)} classes.")
    start = len(_MAGIC) + 2 + 4 * len(lengths) + sum(lengths[:index])
    return data[start : start + lengths[index]]


def cut(at: float) -> int:
    """The least map value that counts as foreground at a threshold of 0..1: ceil(255·at). Raises Rejected outside."""
    if not 0 <= at <= 1:
        raise Rejected(f"a threshold of {at} is not in 0..1.")
    return math.ceil(255 * at - 1e-9)


def threshold(probabilities: ProbabilityMap, at: float) -> Mask:
    """Each pixel's likeliest class among those with p ≥ `at`, else background; of equals the first class.

    Args:
        probabilities: (classes, height, width), round(255·p).
        at: 0..1.

    Raises:
        Rejected: `at` is outside.
    """
    least, count = cut(at), len(probabilities)
    found: Mask = np.empty(probabilities.shape[1:], np.uint8)
    rows = max(1, _BAND // found.shape[1])
    for top in range(0, len(found), rows):
        band, out = probabilities[:, top : top + rows], found[top : top + rows]
        if count == 1:
            np.greater_equal(band[0], least, out=out.view(bool))
        else:
            out[:] = np.where(band.max(axis=0) >= least, band.argmax(axis=0) + 1, 0)
    return found


def levels(probabilities: ProbabilityMap) -> Levels:
    """How many pixels have each map value, (classes, 256)."""
    return np.array([Image.fromarray(plane).histogram() for plane in probabilities], dtype=np.int64)


def overlay(pixels: Pixels, mask: Mask, *, opacity: float = 0.5) -> Pixels:
    """A copy of the picture with the mask laid over it in the colours of `PALETTE`; `opacity` 0..1."""
    found = pixels.copy()
    where = mask > 0
    colours = np.array(_COLOURS, dtype=np.float32).reshape(256, 3)[mask[where]]
    found[where] = np.rint(pixels[where] * np.float32(1 - opacity) + colours * np.float32(opacity))
    return found


def _png(plane: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(plane).save(out, "PNG", compress_level=1, compress_type=_RLE)
    return out.getvalue()


def _plane(png: bytes) -> NDArray[np.uint8]:
    image = pictures.opened(png, headers.read(png))
    if image.mode != "L":
        raise BadImage(f"a {image.mode} picture is no part of a probability map.", hint="Ask the model again.")
    return np.array(image)


def _lengths(data: bytes) -> tuple[int, ...]:
    """How long each class's PNG is, in bytes."""
    start = len(_MAGIC) + 2
    try:
        (count,) = struct.unpack_from(">H", data, len(_MAGIC))
        found = struct.unpack_from(f">{count}I", data, start)
    except struct.error:
        count, found = 0, ()
    if data[: len(_MAGIC)] != _MAGIC or len(data) != start + 4 * count + sum(found):
        raise BadImage("the probability map is damaged or incomplete.", hint="Ask the model again.")
    return found
