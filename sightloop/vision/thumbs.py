"""Thumbnails: small WebP files without metadata."""

from __future__ import annotations

from sightloop.core.arrays import Pixels
from sightloop.vision import encode, resize

QUALITY = 75


def thumbnail(pixels: Pixels, *, side: int = resize.SMALL_SIDE) -> bytes:
    """A WebP of (height, width, 3) pixels whose longest side is at most `side`; small pictures are not enlarged."""
    return encode.webp(resize.small(pixels, side=side), quality=QUALITY)
