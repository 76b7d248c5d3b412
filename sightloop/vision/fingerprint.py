"""Names for sameness: the same file, the same pixels, nearly the same picture."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Pixels
from sightloop.vision import resize

NEAR = 6  # bits of 64: at most this far apart, two pictures show the same thing
_GRID, _LOW = 32, 8


def file_hash(data: bytes) -> str:
    """SHA-256 of the file, 64 hex characters."""
    return hashlib.sha256(data).hexdigest()


def pixel_hash(pixels: Pixels) -> str:
    """SHA-256 of shape and pixels, 64 hex characters; blind to metadata, file name and lossless recoding."""
    found = hashlib.sha256("x".join(map(str, pixels.shape)).encode() + b":")
    found.update(np.ascontiguousarray(pixels).data)
    return found.hexdigest()


def perceptual_hash(pixels: Pixels) -> str:
    """A 64-bit DCT hash, 16 hex characters: the signs of the 8 x 8 lowest frequencies against their median.

    Source: Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010), section 3.2.
    """
    grey = Image.fromarray(resize.small(pixels)).convert("L")
    cells = np.asarray(grey.resize((_GRID, _GRID), Image.Resampling.BILINEAR), dtype=np.float32)
    waves = _waves()
    low = waves @ cells @ waves.T  # (8, 8), frequencies 1..8 down and across
    bits = np.packbits((low > np.median(low)).ravel())
    return bits.tobytes().hex()


def distance(a: str, b: str) -> int:
    """How many of 64 bits two perceptual hashes differ in."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def distances(one: int, many: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """(n,) bits in which `one` differs from each of `many` (n,)."""
    found: NDArray[np.uint8] = np.bitwise_count(many ^ np.uint64(one))
    return found


@cache
def _waves() -> NDArray[np.float32]:
    """(8, 32) rows of the DCT-II, frequencies 1..8; the constant one carries only brightness."""
    frequencies = np.arange(1, _LOW + 1)[:, None]
    return np.cos(np.pi * frequencies * (2 * np.arange(_GRID)[None] + 1) / (2 * _GRID)).astype(np.float32)
