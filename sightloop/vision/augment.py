"""Changed copies of training pictures: turned, mirrored, blurred, brighter, flatter. Never used to judge."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sightloop.core.arrays import Pixels
from sightloop.core.errors import Rejected

_MOST = {"rotation": 180.0, "gaussian_blur": 10.0, "motion_blur": 64.0, "brightness": 1.0, "contrast": 1.0}


@dataclass(frozen=True)
class Augmentation:
    """The most that is done to a picture; each copy draws its own amount evenly up to it, 0 or False turns it off.

    rotation in degrees either way (0..180); flips with even odds; gaussian_blur sigma in pixels (0..10); motion_blur
    length in pixels (0..64); brightness and contrast as shares either way (0..1).
    """

    rotation: float = 15.0
    flip_horizontal: bool = True
    flip_vertical: bool = False
    gaussian_blur: float = 0.0
    motion_blur: int = 0
    brightness: float = 0.2
    contrast: float = 0.2

    def __post_init__(self) -> None:
        for field in fields(self):
            value, most = getattr(self, field.name), _MOST.get(field.name, 1.0)
            if not 0 <= value <= most:
                raise Rejected(f"{field.name} {value!r} is not within 0..{most:g}.", hint="See the Augmentation page.")


NOTHING = Augmentation(rotation=0, flip_horizontal=False, brightness=0, contrast=0)


def augment(pixels: Pixels, settings: Augmentation, *, rng: np.random.Generator) -> Pixels:
    """A changed copy of (height, width, 3) pixels, same shape; the same `rng` state gives the same copy.

    Every amount is drawn whether it is used or not, so one setting does not change the draw of another.
    """
    across, down, turn, soft, move, heading, light, flat = rng.random(8).tolist()
    if settings.flip_horizontal and across < 0.5:
        pixels = pixels[:, ::-1]
    if settings.flip_vertical and down < 0.5:
        pixels = pixels[::-1]
    pixels = rotate(pixels, degrees=settings.rotation * (2 * turn - 1))
    pixels = gaussian_blur(pixels, sigma=settings.gaussian_blur * soft)
    pixels = motion_blur(pixels, length=1 + round((settings.motion_blur - 1) * move), angle=180 * heading)
    pixels = light_and_contrast(
        pixels, light=1 + settings.brightness * (2 * light - 1), contrast=1 + settings.contrast * (2 * flat - 1)
    )
    return np.ascontiguousarray(pixels)


def rotate(pixels: Pixels, *, degrees: float) -> Pixels:
    """Turn about the centre, counter-clockwise, same shape; the corners are filled with the mirrored picture."""
    if degrees == 0:
        return pixels
    height, width = pixels.shape[:2]
    sine, cosine = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    down = max(0, math.ceil((width * sine + height * cosine - height) / 2)) + 1
    across = max(0, math.ceil((height * sine + width * cosine - width) / 2)) + 1
    wide = np.pad(pixels, ((down, down), (across, across), (0, 0)), mode="symmetric")
    turned = np.asarray(Image.fromarray(wide).rotate(degrees, Image.Resampling.BILINEAR))
    return turned[down : down + height, across : across + width]


def gaussian_blur(pixels: Pixels, *, sigma: float) -> Pixels:
    """Blur by `sigma` pixels; less than a tenth of a pixel changes nothing."""
    if sigma < 0.1:
        return pixels
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).filter(ImageFilter.GaussianBlur(sigma)))


def motion_blur(pixels: Pixels, *, length: int, angle: float) -> Pixels:
    """Smear along a line of `length` pixels at `angle` degrees, as a moving camera does; edges are repeated."""
    if length < 2:
        return pixels
    steps = np.arange(length) - (length - 1) / 2
    rows = np.rint(steps * math.sin(math.radians(angle))).astype(int)
    columns = np.rint(steps * math.cos(math.radians(angle))).astype(int)
    pad = length // 2 + 1
    wide = np.pad(pixels, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    total: NDArray[np.uint32] = np.zeros(pixels.shape, np.uint32)
    for row, column in zip(rows, columns, strict=True):
        total += wide[pad + row : pad + row + height, pad + column : pad + column + width]
    return ((total + length // 2) // length).astype(np.uint8)


def light_and_contrast(pixels: Pixels, *, light: float, contrast: float) -> Pixels:
    """Scale brightness by `light` and the distance from the picture's mean by `contrast`; 1 and 1 change nothing."""
    if light == 1 and contrast == 1:
        return pixels
    mean = float(pixels.mean()) * light
    levels = np.arange(256) * light
    table = np.rint(mean + (levels - mean) * contrast).clip(0, 255).astype(np.uint8)
    found: Pixels = table[pixels]
    return found
