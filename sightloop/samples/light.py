"""Light: layers of relief, lit by sun and sky with cast shadows, then developed like a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sightloop.core.arrays import Pixels
from sightloop.samples import noise
from sightloop.samples.knobs import Knobs, to_pixels
from sightloop.samples.noise import Field, Rng, as_field
from sightloop.samples.shapes import frame

Number: TypeAlias = float | np.floating[Any]


@dataclass(frozen=True)
class Layer:
    """Something thick: `height` (half picture widths above ground), `albedo` (3, h, w) linear, `cover` 0..1."""

    height: Field
    albedo: Field
    cover: Field
    gloss: float = 0.1


@dataclass(frozen=True)
class Surface:
    """What the camera looks at: heights, their slopes to the right and down, linear albedo (3, h, w), gloss."""

    height: Field
    across: Field
    down: Field
    albedo: Field
    gloss: Field


@dataclass(frozen=True)
class Light:
    """A sun from `azimuth` (radians, picture coordinates) at `elevation`, and a sky; colours are linear (3, 1, 1)."""

    azimuth: float
    elevation: float
    sun: Field
    sky: Field


def daylight(rng: Rng) -> Light:
    """A random hour: low warm or high neutral sun, with more or less sky."""
    elevation = float(rng.uniform(0.5, 1.15))
    warmth = float(rng.uniform(0.0, 0.22)) * (1.3 - elevation)
    sky = float(rng.uniform(0.22, 0.5))
    sun = np.array([1 + warmth, 1.0, 1 - 1.3 * warmth], dtype=np.float32)[:, None, None] * np.float32(1.12 - sky)
    cool = float(rng.uniform(0.0, 0.16))
    colour = np.array([1 - cool, 1.0, 1 + cool], dtype=np.float32)[:, None, None] * np.float32(sky)
    return Light(float(rng.uniform(0, 2 * np.pi)), elevation, sun, colour)


def colour(*channels: float) -> Field:
    """An sRGB-like colour (0..1 each) as linear (3, 1, 1)."""
    return (np.array(channels, dtype=np.float32) ** 2)[:, None, None]


def mix(first: Field, second: Field | Number, share: Field | Number) -> Field:
    """Linear mix of two colours or fields; `share` 1 gives the second."""
    return as_field(first + (second - first) * share)


def slopes(height: Field) -> tuple[Field, Field]:
    """Slope to the right and down, of heights in half picture widths."""
    across, down = np.empty_like(height), np.empty_like(height)
    half = np.float32(height.shape[0] / 4)
    across[:, 1:-1] = (height[:, 2:] - height[:, :-2]) * half
    across[:, 0], across[:, -1] = across[:, 1], across[:, -2]
    down[1:-1] = (height[2:] - height[:-2]) * half
    down[0], down[-1] = down[1], down[-2]
    return across, down


def ground(layer: Layer) -> Surface:
    across, down = slopes(layer.height)
    gloss = np.full_like(layer.height, layer.gloss)
    return Surface(layer.height, across, down, layer.albedo, gloss)


def lay(surface: Surface, layer: Layer) -> Surface:
    """Put `layer` on `surface`; slopes are mixed by coverage, so that an outline is no cliff."""
    across, down = slopes(layer.height)
    part = layer.cover
    return Surface(
        np.maximum(surface.height, layer.height * part),
        mix(surface.across, across, part),
        mix(surface.down, down, part),
        mix(surface.albedo, layer.albedo, part),
        mix(surface.gloss, np.full_like(part, layer.gloss), part),
    )


def shadow(height: Field, light: Light, *, reach: float = 0.7, steps: int = 14) -> Field:
    """Share of the sun that is hidden, 0..1, by marching towards it over the relief; far edges throw soft shadows."""
    size = height.shape[0]
    rise = np.float32(np.tan(light.elevation))
    hidden = np.zeros_like(height)
    margin = int(reach * size / 2) + 1
    padded = np.pad(height, margin, mode="edge")
    for distance in np.geomspace(2.5 / size, reach, steps):
        right = margin + round(float(np.cos(light.azimuth) * distance * size / 2))
        below = margin + round(float(np.sin(light.azimuth) * distance * size / 2))
        above = padded[below : below + size, right : right + size] - height - np.float32(distance) * rise
        hidden = np.maximum(hidden, above * np.float32(1 / (0.012 + 0.16 * distance)))
    return noise.blur(np.minimum(hidden, 1), size / 160)


def shade(surface: Surface, light: Light) -> Field:
    """Linear light (3, h, w) from `surface`: Lambert sun, sky with hollows darker, Blinn highlights."""
    flat, up = np.float32(np.cos(light.elevation)), np.float32(np.sin(light.elevation))
    east, south = flat * np.float32(np.cos(light.azimuth)), flat * np.float32(np.sin(light.azimuth))
    length = np.sqrt(surface.across**2 + surface.down**2 + 1)
    facing = np.maximum((up - surface.across * east - surface.down * south) / length, 0)
    sunny = facing / up * (1 - shadow(surface.height, light))
    hollow = noise.blur(surface.height, surface.height.shape[0] * 0.035) - surface.height
    sky = np.clip(1 - 5.0 * hollow, 0.35, 1.25) * (0.55 + 0.45 / length)
    half = np.float32(1 / np.sqrt(2 + 2 * up))
    mirror = np.maximum((1 + up - surface.across * east - surface.down * south) / length * half, 0)
    shine = surface.gloss * mirror**40 * np.minimum(sunny, 1)
    return as_field(surface.albedo * (light.sun * sunny + light.sky * sky) + light.sun * shine)


def develop(linear: Field, rng: Rng, knobs: Knobs, *, tilt: float = 0.0, sharp: Field | None = None) -> Pixels:
    """From linear light to a photograph: exposure, depth of field, vignette, film curve, sensor noise.

    Args:
        tilt: how strongly focus is lost away from the middle, 0 (none) to 1.
        sharp: 0..1, what lies in the plane of focus, nearer than its ground; everything where not given.
    """
    across, down = frame(linear.shape[1])
    squared = across * across + down * down
    if tilt:
        near = np.zeros_like(squared) if sharp is None else sharp
        behind = np.float32(1.001) - near
        soft = noise.blur(np.concatenate([linear * behind, behind[None]]), linear.shape[1] / 160 * 2.2)
        amount = np.clip((squared - 0.4) + (sharp is not None), 0, 1) * (1 - near) * np.float32(0.9 * tilt)
        linear = mix(linear, soft[:3] / np.maximum(soft[3], 1e-3), amount)
    exposure = float(rng.uniform(0.85, 1.2)) * knobs.light
    linear = linear * ((1 - np.float32(rng.uniform(0.06, 0.2)) * squared) * np.float32(exposure))
    filmed = linear * (2.2 * linear + 0.12) / (linear * (2.0 * linear + 0.75) + 0.14)
    picture = np.sqrt(np.clip(filmed, 0, 1))
    picture = mix(picture, picture.mean(axis=0), float(rng.uniform(0.05, 0.3)))
    sensor = float(np.hypot(rng.uniform(0.004, 0.018), knobs.noise))
    return to_pixels(picture, rng, blur=float(np.hypot(rng.uniform(0.1, 0.5), knobs.blur)), noisy=sensor)
