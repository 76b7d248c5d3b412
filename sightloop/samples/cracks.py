"""Cracks in concrete and asphalt with exact masks, among joints, stains, shadows and paint that are no cracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sightloop.core.arrays import Pixels
from sightloop.core.errors import Missing
from sightloop.samples.knobs import DEFAULT, Knobs, recolour
from sightloop.samples.light import Layer, colour, daylight, develop, ground, mix, shade
from sightloop.samples.noise import Field, Rng, as_field, blur, cells, fractal, grain, step, stretched
from sightloop.samples.shapes import frame, rotate

Surface: TypeAlias = Literal["concrete", "asphalt"]
Mask: TypeAlias = NDArray[np.uint8]  # (height, width), 1 where a pixel's centre lies inside a crack, else 0
SURFACES: tuple[Surface, ...] = ("concrete", "asphalt")
UNIT = 256  # lengths below are pixels of a picture of this size


@dataclass(frozen=True)
class Path:
    """A walk: points (n, 2) as x, y in pixels, half a pixel apart or less, and the width at each, in pixels."""

    points: NDArray[np.float64]
    widths: NDArray[np.float64]


def draw(
    *, seed: int, size: int = UNIT, surface: Surface = "concrete", knobs: Knobs = DEFAULT, intact: bool = False
) -> tuple[Pixels, Mask]:
    """Draw a piece of `surface` with a branching crack (none where `intact`); the same arguments give the same picture.

    Stretches that have healed shut are neither drawn nor in the mask; half-healed ones are thin, pale, and in it.

    Returns:
        (size, size, 3) uint8, and its mask, (size, size) uint8 of 0 and 1, exact to the pixel's centre.

    Raises:
        Missing: `surface` is neither "concrete" nor "asphalt".
    """
    if surface not in SURFACES:
        raise Missing(f"no surface {surface!r}", hint=f"Known surfaces: {', '.join(SURFACES)}.")
    rng = np.random.default_rng([seed, SURFACES.index(surface), 3])
    layer = (_concrete if surface == "concrete" else _asphalt)(rng, size, np.float32(knobs.texture))
    height, albedo = _distract(rng, layer.height, layer.albedo)
    healed = step(0.3, 1.3, fractal(rng, size, slope=2.2, high=7)) * np.float32(rng.uniform(0, 1))
    depth = _crack(rng, size, healed) if not intact else np.full((size, size), -9, dtype=np.float32)
    opened = np.clip(depth + 0.5, 0, 1)
    height = height - 0.035 * np.clip(depth * np.float32(0.35 * UNIT / size), 0, 1.5)
    dark = colour(0.15, 0.13, 0.12) if surface == "concrete" else colour(0.08, 0.08, 0.08)
    albedo = mix(albedo, albedo * 0.22 + dark * 0.7, opened * (0.95 - 0.5 * healed))
    linear = shade(ground(Layer(height, recolour(albedo, knobs.palette), layer.cover, 0.04)), daylight(rng))
    linear = linear * (1 - _cast_shadows(rng, size))
    return develop(linear * np.float32(rng.uniform(0.75, 1.2)), rng, knobs), (depth > 0).astype(np.uint8)


def _concrete(rng: Rng, size: int, texture: np.float32) -> Layer:
    """Pale cement: mottled, finely pitted, with round air holes and trowel marks."""
    mottled, fine = fractal(rng, size, slope=1.7), fractal(rng, size, slope=0.7, low=6)
    marks = stretched(rng, size, angle=float(rng.uniform(0, np.pi)), stretch=8, slope=1.0, low=3)
    near, _, value = cells(rng, size, count=14)
    holes = step(0.10, 0.02, near) * step(0.72, 0.9, value) * texture
    height = texture * (0.010 * mottled + 0.0035 * fine + 0.003 * marks) - 0.03 * holes
    tone = mix(colour(0.66, 0.65, 0.63), colour(0.70, 0.65, 0.57), float(rng.uniform(0, 1)))
    shares = np.clip(1 + texture * (0.10 * mottled + 0.05 * fine + 0.04 * marks), 0.3, 1.7) * (1 - 0.45 * holes)
    return Layer(height, tone * np.float32(rng.uniform(0.7, 1.2)) * shares, np.ones_like(height), 0.04)


def _asphalt(rng: Rng, size: int, texture: np.float32) -> Layer:
    """Crushed stone of many greys in dark binder, worn lighter where wheels ran."""
    near, second, value = cells(rng, size, count=int(rng.integers(38, 60)))
    stones = step(0.05, 0.3, second - near)
    fine, worn = fractal(rng, size, slope=0.5, low=10), fractal(rng, size, slope=2.0)
    height = texture * (0.010 * stones * (0.4 + value) + 0.0025 * fine + 0.008 * worn)
    grey = mix(colour(0.30, 0.30, 0.31), colour(0.58, 0.56, 0.54), np.clip(value**2 + 0.1 * fine, 0, 1))
    albedo = mix(colour(0.27, 0.27, 0.28), grey, texture * stones * np.clip(0.6 + 0.15 * worn, 0, 1))
    albedo = albedo * np.float32(rng.uniform(0.7, 1.4)) * np.clip(1 + 0.10 * worn, 0.5, 1.5)
    return Layer(height, albedo, np.ones_like(height), 0.06)


def _crack(rng: Rng, size: int, healed: Field) -> Field:
    """Depth in pixels inside the crack (> 0 inside), ragged at the edges and narrower where healed."""
    unit = size / UNIT
    width = float(rng.uniform(1.6, 6.0)) * unit
    start, heading = rng.uniform(0.15, 0.85, 2) * size, float(rng.uniform(0, 2 * np.pi))
    paths = [
        _walk(rng, start, heading=heading, length=1.3 * size, width=width, unit=unit),
        _walk(
            rng, start, heading=heading + np.pi + float(rng.normal(0, 0.2)), length=1.3 * size, width=width, unit=unit
        ),
    ]
    for _ in range(int(rng.integers(0, 6))):
        parent = paths[int(rng.integers(len(paths)))]
        place = int(rng.integers(len(parent.points)))
        turned = _heading(parent, place) + float(rng.choice([-1, 1]) * rng.uniform(0.4, 1.2))
        long, wide = float(rng.uniform(0.15, 0.6)) * size, float(parent.widths[place] * rng.uniform(0.4, 0.85))
        paths.append(_walk(rng, parent.points[place], heading=turned, length=long, width=max(wide, unit), unit=unit))
    depth = np.full((size, size), -9, dtype=np.float32)
    for path in paths:
        stamp(depth, path)
    ragged = fractal(rng, size, slope=0.6, low=8, high=70) * np.float32(0.32 * unit)
    return np.where(depth > -3, depth + ragged - healed * np.float32(1.6 * unit), depth)


def _walk(rng: Rng, start: NDArray[np.float64], *, heading: float, length: float, width: float, unit: float) -> Path:
    """A correlated random walk that keeps its main direction, jagged in the small; its width swells and tapers."""
    steps = max(int(length / (4 * unit)), 3)
    drift = np.cumsum(rng.normal(0, 0.10, steps))
    turns = heading + drift - drift.mean() * 0.5 + rng.normal(0, 0.5, steps)
    moves = 4 * unit * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    knots = np.concatenate([start[None], start + np.cumsum(moves, axis=0)])
    fine = np.linspace(0, steps, int(steps * 4 * unit * 2) + 2)
    points = np.stack([np.interp(fine, np.arange(steps + 1), knots[:, axis]) for axis in (0, 1)], axis=1)
    swell = np.interp(fine, np.arange(steps + 1), np.convolve(rng.normal(0, 0.9, steps + 5), np.ones(5) / 5, "valid"))
    widths = width * np.exp(swell) * (1 - (fine / steps) ** 2 * 0.8)
    return Path(points, np.clip(widths, 1.1 * unit, 9 * unit))


def _heading(path: Path, place: int) -> float:
    after, before = path.points[min(place + 12, len(path.points) - 1)], path.points[max(place - 12, 0)]
    return float(np.arctan2(after[1] - before[1], after[0] - before[0]))


def stamp(depth: Field, path: Path) -> None:
    """Raise `depth` to (width / 2 - distance) round every point of `path`, up to three pixels outside."""
    size = depth.shape[0]
    reach = int(np.ceil(path.widths.max() / 2)) + 3
    near = ((path.points > -reach) & (path.points < size + reach)).all(axis=1)
    points, halves = path.points[near], path.widths[near] / 2
    corner = np.floor(points).astype(np.int64)
    offsets = np.arange(-reach, reach + 1)
    columns = corner[:, 0, None, None] + offsets[None, None, :]
    rows = corner[:, 1, None, None] + offsets[None, :, None]
    away = np.hypot(columns + 0.5 - points[:, 0, None, None], rows + 0.5 - points[:, 1, None, None])
    values = (halves[:, None, None] - away).astype(np.float32)
    rows, columns = np.broadcast_to(rows, values.shape), np.broadcast_to(columns, values.shape)
    valid = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size) & (values > -3)
    np.maximum.at(depth.reshape(-1), rows[valid] * size + columns[valid], values[valid])


def _band(rng: Rng, size: int, width: float) -> Field:
    """How deep (in half picture widths) each pixel lies inside a straight band of `width`, anywhere, any direction."""
    along, _ = rotate(*frame(size), float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.25)))
    return as_field(width - np.abs(along - np.float32(rng.uniform(-0.8, 0.8))))


def _distract(rng: Rng, height: Field, albedo: Field) -> tuple[Field, Field]:
    """Add what looks like a crack and is none: joints, stains, paint, skid marks."""
    size = height.shape[0]
    fine = fractal(rng, size, slope=1.0)
    if rng.random() < 0.3:
        inside = step(-2 / size, 2 / size, _band(rng, size, float(rng.uniform(0.008, 0.022))))
        height, albedo = height - 0.03 * inside, mix(albedo, albedo * 0.35, inside * np.float32(rng.uniform(0.6, 1)))
    if rng.random() < 0.5:
        blot = fractal(rng, size, slope=2.0, high=12) + 0.2 * fine
        albedo = albedo * (1 - np.float32(rng.uniform(0.2, 0.6)) * step(0.8, 1.2, blot))
    if rng.random() < 0.2:
        paint = step(-0.01, 0.01, _band(rng, size, float(rng.uniform(0.08, 0.2)))) * step(1.6, 0.7, fine)
        shade_of = colour(0.92, 0.91, 0.88) if rng.random() < 0.6 else colour(0.88, 0.70, 0.22)
        albedo = mix(albedo, shade_of, paint * np.float32(rng.uniform(0.5, 0.95)))
    if rng.random() < 0.25:
        track = step(0.0, 0.06, _band(rng, size, float(rng.uniform(0.06, 0.16)))) * np.clip(0.7 + 0.25 * fine, 0, 1)
        albedo = albedo * (1 - np.float32(rng.uniform(0.2, 0.5)) * track)
    if rng.random() < 0.4:
        litter = step(2.4, 2.7, grain(rng, size))
        albedo = mix(albedo, colour(0.25, 0.18, 0.10), litter)
    return height, albedo


def _cast_shadows(rng: Rng, size: int) -> Field:
    """Share of light taken by soft shadows of things outside the picture: a pole or wire, and at times bare twigs."""
    taken = np.zeros((size, size), dtype=np.float32)
    unit = size / UNIT
    if rng.random() < 0.3:
        soft = float(rng.uniform(0.01, 0.05))
        taken = step(-soft, soft, _band(rng, size, float(rng.uniform(0.02, 0.3))))
    if rng.random() < 0.3:
        depth = np.full((size, size), -9, dtype=np.float32)
        for _ in range(int(rng.integers(1, 4))):
            start, heading = rng.uniform(0, 1, 2) * size, float(rng.uniform(0, 2 * np.pi))
            width = float(rng.uniform(2, 6)) * unit
            stamp(depth, _walk(rng, start, heading=heading, length=0.9 * size, width=width, unit=unit))
        taken = np.maximum(taken, blur(np.clip(depth + 0.5, 0, 1), float(rng.uniform(2.0, 4.0)) * unit))
    return taken * np.float32(rng.uniform(0.3, 0.6))
