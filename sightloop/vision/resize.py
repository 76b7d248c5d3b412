"""The one resize, antialiased, for training, serving and small copies."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from sightloop.core.arrays import Pixels
from sightloop.core.errors import Rejected

Mode = Literal["crop", "squash"]
SMALL_SIDE = 256
_GAP = 2.0  # shrink by whole numbers first, down to twice the target: three times faster on large pictures


def fit(pixels: Pixels, *, size: int, mode: Mode = "crop") -> Pixels:
    """Make pixels (height, width, 3) square.

    Args:
        size: the side of the result in pixels.
        mode: "crop" keeps the shape and cuts the centre square; "squash" keeps everything and loses the shape.

    Returns:
        (size, size, 3) uint8.
    """
    if mode not in ("crop", "squash"):
        raise Rejected(f"resize mode {mode!r} is not known.", hint="Use crop or squash.")
    height, width = pixels.shape[:2]
    if mode == "squash" or width == height:
        return _resized(pixels, (size, size))
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return _resized(pixels, (size, size), box=(left, top, left + side, top + side))


def small(pixels: Pixels, *, side: int = SMALL_SIDE) -> Pixels:
    """A copy with the longest side at most `side` pixels; never enlarged, and itself where it is small already."""
    height, width = pixels.shape[:2]
    longest = max(width, height)
    if longest <= side:
        return pixels
    return _resized(pixels, (max(1, round(width * side / longest)), max(1, round(height * side / longest))))


def _resized(pixels: Pixels, size: tuple[int, int], *, box: tuple[float, float, float, float] | None = None) -> Pixels:
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=_GAP)
    return np.array(image)
