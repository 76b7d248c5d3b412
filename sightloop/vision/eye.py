"""Where the eye is: the circle round the iris, found at any scale on a small copy, and the square round it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightloop.core.arrays import Pixels

LEVELS = (160, 80, 40)  # longest sides of the copies that are searched, in pixels
LEAST, MOST, STEP = 8.0, 16.0, 1.12  # radii in each copy in pixels, and the ratio of neighbouring ones
LARGEST = 0.62  # radius as a share of the picture's shorter side
ARC = np.radians(np.linspace(-50, 50, 11))  # right of the centre, and mirrored left of it: lids hide the rest
SOFT = 20.0  # gradient in grey levels per pixel at which a vote counts half
PEAK = 0.4  # least share of the votes that a circle must get
MARGIN = 2.5  # half the square's side as a share of the circle's radius

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Circle:
    """The rim of an iris, in pixels of the picture."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Eye:
    """The part of a picture to look at, in pixels; all of it, without a circle, where no iris was found."""

    found: bool
    top: int
    left: int
    height: int
    width: int
    circle: Circle | None


def cut(pixels: Pixels) -> Pixels:
    """The square round the iris in (height, width, 3) pixels, a view; the whole picture where none is found."""
    eye = region(pixels)
    return pixels[eye.top : eye.top + eye.height, eye.left : eye.left + eye.width]


def region(pixels: Pixels) -> Eye:
    """Find the rim of the iris in (height, width, 3) pixels.

    A Hough transform for circles in which an edge votes only along its gradient (Kimme, Ballard and Sklansky, "Finding
    Circles by an Array of Accumulators", 1975), for circles that are darker inside, on the two side arcs that lids
    leave free (Daugman, "High Confidence Visual Recognition of Persons by a Test of Statistical Independence", 1993).
    A circle has the votes of its weaker side. Only red light is looked at: skin and white are bright in it, an iris of
    any colour is dark. Each octave of radii is searched on a copy of its own, so that size makes no difference.
    """
    height, width = pixels.shape[:2]
    red = Image.fromarray(np.ascontiguousarray(pixels[..., 0]))
    found = [_searched(red, side) for side in LEVELS]
    most, circle = max(found, key=lambda one: one[0])
    if circle is None or most < PEAK:
        return Eye(False, 0, 0, height, width, None)
    return _square(circle, height=height, width=width)


def _searched(red: Image.Image, side: int) -> tuple[float, Circle | None]:
    """The best circle on a copy whose longest side is `side`, with its share of the votes, 0..1."""
    share = side / max(red.size)
    size = max(2, round(red.width * share)), max(2, round(red.height * share))
    grey = np.asarray(red.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), np.float32)
    across, down = red.width / size[0], red.height / size[1]
    best: tuple[float, Circle | None] = (0.0, None)
    right, left = _votes(grey, np.cos(ARC)), _votes(grey, -np.cos(ARC))
    for radius in LEAST * STEP ** np.arange(np.log(MOST / LEAST) / np.log(STEP)):
        if radius > LARGEST * min(size):
            break
        votes = np.minimum(_gathered(right, radius, 1), _gathered(left, radius, -1))
        y, x = divmod(int(votes.argmax()), size[0])
        if votes[y, x] > best[0]:
            best = float(votes[y, x]), Circle((x + 0.5) * across, (y + 0.5) * down, radius * (across + down) / 2)
    return best


def _square(circle: Circle, *, height: int, width: int) -> Eye:
    """The square round the circle, moved inside the picture; cut where the picture is smaller than it."""
    side = max(1, round(2 * MARGIN * circle.radius))
    tall, wide = min(side, height), min(side, width)
    top = min(max(0, round(circle.y - tall / 2)), height - tall)
    left = min(max(0, round(circle.x - wide / 2)), width - wide)
    return Eye(True, top, left, tall, wide, circle)


def _votes(grey: Plane, across: NDArray[np.float64]) -> Plane:
    """How clearly (height, width) grey levels get lighter along each direction, (directions, height, width), 0..1."""
    down, right = np.gradient(grey)
    along = across.astype(np.float32)[:, None, None] * right + np.sin(ARC).astype(np.float32)[:, None, None] * down
    return np.asarray(np.maximum(along, 0) / (np.hypot(down, right) + np.float32(SOFT)), np.float32)


def _gathered(votes: Plane, radius: float, side: int) -> Plane:
    """The mean vote on one side arc round every centre, (height, width); outside the picture nothing votes."""
    reach = int(np.ceil(radius))
    padded = np.pad(votes, ((0, 0), (reach, reach), (reach, reach)))
    height, width = votes.shape[1:]
    total = np.zeros((height, width), np.float32)
    for plane, angle in zip(padded, ARC, strict=True):
        down, across = reach + round(radius * np.sin(angle)), reach + side * round(radius * np.cos(angle))
        total += plane[down : down + height, across : across + width]
    return total / np.float32(len(ARC))
