"""Changes that a camera may undergo, made to pictures to see whether they would be noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sightloop.core.arrays import Pixels
from sightloop.core.errors import BadImage, Rejected
from sightloop.vision import augment, encode
from sightloop.vision.decode import decode

QUALITY = 95
MOST = {"blur": 20.0, "noise": 128.0, "brightness": 4.0}


@dataclass(frozen=True)
class Change:
    """blur: sigma in pixels of a 256-pixel copy; noise: standard deviation in levels; brightness: a factor, 1 keeps."""

    blur: float = 0.0
    noise: float = 0.0
    brightness: float = 1.0

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            if not 0 <= getattr(self, name) <= most:
                raise Rejected(f"{name} {getattr(self, name)!r} does not fit.", hint=f"Use 0 to {most:g}.")

    def applied(self, read: Callable[[], bytes], *, seed: int) -> Callable[[], bytes]:
        """What reads the changed picture as a JPEG, or the bytes as they are where they are no picture."""

        def changing() -> bytes:
            data = read()
            try:
                return encode.jpeg(changed(decode(data), self, seed=seed), quality=QUALITY)
            except BadImage:
                return data

        return changing


def changed(pixels: Pixels, change: Change, *, seed: int) -> Pixels:
    """The (height, width, 3) pixels blurred, brighter and noisier; blur grows with the picture."""
    scale = max(pixels.shape[:2]) / 256
    pixels = augment.gaussian_blur(pixels, sigma=change.blur * scale)
    pixels = augment.light_and_contrast(pixels, light=change.brightness, contrast=1.0)
    if change.noise:
        drawn = np.random.default_rng(seed).normal(0, change.noise, pixels.shape)
        pixels = np.clip(pixels + drawn, 0, 255).astype(np.uint8)
    return pixels
