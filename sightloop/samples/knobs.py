"""Knobs that shift the pictures away from how they are drawn by default; the drift simulator turns them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sightloop.core.arrays import Pixels
from sightloop.core.errors import Rejected
from sightloop.samples import noise
from sightloop.samples.noise import Field, Rng, as_field

RANGES = {"light": (0.05, 4.0), "blur": (0.0, 20.0), "noise": (0.0, 0.5), "palette": (0.0, 1.0), "texture": (0.0, 4.0)}


@dataclass(frozen=True)
class Knobs:
    """What differs from the default pictures; the defaults change nothing.

    Attributes:
        light: exposure; 0.5 is one stop darker, 2 one stop lighter.
        blur: extra Gaussian blur, sigma in pixels of a 160-pixel picture (larger pictures are blurred alike).
        noise: extra sensor noise, standard deviation as a share of full scale.
        palette: 0 the usual colours, 1 colours that are never drawn otherwise (channels exchanged).
        texture: strength of relief and surface texture; 0 is smooth, 1 usual.
        unseen: draw an eleventh form that belongs to none of the classes (specimens only).
    """

    light: float = 1.0
    blur: float = 0.0
    noise: float = 0.0
    palette: float = 0.0
    texture: float = 1.0
    unseen: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in RANGES:
                low, high = RANGES[field.name]
                value = getattr(self, field.name)
                if not low <= value <= high:
                    raise Rejected(f"knob {field.name} = {value} is out of range", hint=f"Choose {low} to {high}.")


DEFAULT = Knobs()


def recolour(colours: Field, amount: float) -> Field:
    """Mix colours (first axis: R, G, B) with the same colours whose channels are exchanged."""
    if not amount:
        return colours
    return as_field(colours * np.float32(1 - amount) + colours[[2, 0, 1]] * np.float32(amount))


def spoil(pixels: Pixels, *, knobs: Knobs, seed: int) -> Pixels:
    """Turn the camera's knobs (light, blur, noise, palette) on a picture that exists already.

    `texture` and `unseen` cannot be changed after the fact and are ignored.
    """
    picture = np.moveaxis(pixels, 2, 0).astype(np.float32) / np.float32(255)
    linear = recolour(picture * picture, knobs.palette) * np.float32(knobs.light)
    return to_pixels(np.sqrt(np.clip(linear, 0, 1)), np.random.default_rng(seed), blur=knobs.blur, noisy=knobs.noise)


def to_pixels(picture: Field, rng: Rng, *, blur: float, noisy: float) -> Pixels:
    """(3, h, w) in 0..1 to (h, w, 3) uint8, blurred (sigma at 160 pixels) and then with noise on it."""
    height, width = picture.shape[1:]
    picture = noise.blur(picture, blur * min(height, width) / 160)
    if noisy:
        shared = rng.random((4, height, width), dtype=np.float32) - np.float32(0.5)
        picture = picture + (shared[:3] + shared[3]) * np.float32(noisy * np.sqrt(6.0))
    return np.ascontiguousarray(np.moveaxis(np.clip(picture * 255 + 0.5, 0, 255), 0, 2).astype(np.uint8))
