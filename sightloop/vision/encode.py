"""Pixels to files without metadata, and files to the same files without metadata."""

from __future__ import annotations

import io

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Pixels
from sightloop.vision.strip import strip as strip


def jpeg(pixels: Pixels, *, quality: int = 90) -> bytes:
    """A baseline JPEG (4:2:0) of (height, width, 3) pixels; `quality` 1..100."""
    found: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels), quality=quality, colorspace="RGB", colorsubsampling="420"
    )
    return found


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of (height, width, 3) colours or of a (height, width) mask, exactly."""
    return _saved(pixels, format="PNG", compress_level=6)


def webp(pixels: Pixels, *, quality: int = 80) -> bytes:
    """A lossy WebP of (height, width, 3) pixels by the fastest method; `quality` 1..100."""
    return _saved(pixels, format="WEBP", quality=quality, method=0)


def _saved(pixels: NDArray[np.uint8], *, format: str, **options: int) -> bytes:  # noqa: A002  Pillow's word
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format=format, **options)
    return out.getvalue()
