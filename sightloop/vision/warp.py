"""A window of a picture, turned, mirrored and scaled in one go, with what lies beyond the picture's edges mirrored."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Pixels


@dataclass(frozen=True)
class Window:
    """Where a square view lies in a picture.

    The centre `x`, `y` in the picture's pixels (the first one covers 0..1); `side` of the view in its own pixels;
    `scale` > 1 enlarges; `degrees` turns the view counter-clockwise; `mirrored` flips it left to right before.
    """

    x: float
    y: float
    side: int
    scale: float = 1.0
    degrees: float = 0.0
    mirrored: bool = False

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(2, 3): from a point of the view to the one of the picture."""
        sine, cosine = (f(math.radians(self.degrees)) / self.scale for f in (math.sin, math.cos))
        turn = np.array([[cosine, -sine], [sine, cosine]])
        if self.mirrored:
            turn[:, 0] = -turn[:, 0]
        middle = np.array([self.side / 2, self.side / 2])
        return np.column_stack([turn, np.array([self.x, self.y]) - turn @ middle])

    def snapped(self) -> Window:
        """The same view on whole pixels where it is only mirrored and turned by quarters: nothing is blurred."""
        if self.scale != 1 or self.degrees % 90:
            return self
        x, y = (round(middle - self.side / 2) + self.side / 2 for middle in (self.x, self.y))
        return replace(self, x=x, y=y)

    def around(self, x: float, y: float, *, across: float, down: float) -> Window:
        """The same view moved so that the picture's point (x, y) lies at the shares `across` and `down` of it."""
        offset = self.matrix[:, :2] @ np.array([(across - 0.5) * self.side, (down - 0.5) * self.side])
        return replace(self, x=x - offset[0], y=y - offset[1])


def view(pixels: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """What `window` shows of pixels (height, width, 3) or (height, width), bilinear: a new array (side, side, …)."""
    matrix = window.matrix
    corners = matrix @ np.array([[0, 0, window.side, window.side], [0, window.side, 0, window.side], [1, 1, 1, 1]])
    left, top = (math.floor(low) - 1 for low in corners.min(axis=1))
    right, bottom = (math.ceil(high) + 2 for high in corners.max(axis=1))
    rows = mirrored(np.arange(top, bottom), pixels.shape[0])
    columns = mirrored(np.arange(left, right), pixels.shape[1])
    part = Image.fromarray(pixels[rows[:, None], columns])
    moved = matrix - np.array([[0, 0, left], [0, 0, top]])
    side = (window.side, window.side)
    turned = part.transform(side, Image.Transform.AFFINE, tuple(moved.reshape(-1)), Image.Resampling.BILINEAR)
    return np.array(turned)


def mirrored(indices: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Indices beyond 0..length - 1 reflected about the first and the last, as often as it takes."""
    if length == 1:
        return np.zeros_like(indices)
    period = 2 * (length - 1)
    folded = np.abs(indices) % period
    return np.asarray(np.minimum(folded, period - folded), np.int64)


def noisy(pixels: Pixels, *, deviation: float, gains: NDArray[np.float64], rng: np.random.Generator) -> Pixels:
    """Colours scaled by `gains` (3,), then Gaussian noise of `deviation` of 255 added to every value."""
    grain = rng.standard_normal(pixels.shape, np.float32) * np.float32(deviation) if deviation > 0 else np.float32(0)
    return np.rint(pixels * gains.astype(np.float32) + grain).clip(0, 255).astype(np.uint8)
