"""Geometry: posed coordinate grids, polar and spiral coordinates, the superformula, strokes, outlines to coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sightloop.samples.noise import Field, Rng, as_field, fractal


@dataclass(frozen=True)
class Grid:
    """Where each pixel lies in a form's own coordinates (the form fills about the unit disk, y up).

    Attributes:
        x, y: (size, size) float32.
        scale: length of one own unit in half picture widths; heights are multiplied by it.
        pixel: length of one pixel in own units.
    """

    x: Field
    y: Field
    scale: float
    pixel: float

    @property
    def size(self) -> int:
        return int(self.x.shape[0])


def frame(size: int) -> tuple[Field, Field]:
    """Picture coordinates of the pixel centres: x to the right, y down, both in -1..1."""
    places = ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)
    across, down = np.meshgrid(places, places)
    return across, down


def pose(rng: Rng, size: int, *, scale: tuple[float, float] = (0.72, 0.95), wobble: float = 0.025) -> Grid:
    """A random place, turn (up to 50° either way), scale, tilt and slight growth irregularity (`wobble`, own units)."""
    across, down = frame(size)
    radius = float(rng.uniform(*scale))
    room = max(0.0, 1.0 - radius) * 0.7
    turn, tilt_axis = float(rng.uniform(-0.9, 0.9)), float(rng.uniform(0, 2 * np.pi))
    tilt = float(rng.uniform(1.0, 1.2))
    across, down = across - np.float32(rng.uniform(-room, room)), down - np.float32(rng.uniform(-room, room))
    along, beside = rotate(across, down, tilt_axis)
    along, beside = rotate(along * np.float32(tilt / radius), beside / np.float32(radius), turn - tilt_axis)
    if wobble:
        along = along + np.float32(wobble) * fractal(rng, size, slope=2.6, high=8)
        beside = beside + np.float32(wobble) * fractal(rng, size, slope=2.6, high=8)
    return Grid(along, -beside, radius, 2 / size / radius)


def rotate(x: Field, y: Field, angle: float) -> tuple[Field, Field]:
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * cosine + y * sine, y * cosine - x * sine


def polar(x: Field, y: Field) -> tuple[Field, Field]:
    """Radius, and angle in -π..π counted from +x towards +y."""
    return np.sqrt(x * x + y * y), np.arctan2(y, x)


def wrap(turns: Field) -> Field:
    """The distance to the nearest whole number, signed, -0.5..0.5."""
    return as_field(turns - np.floor(turns + np.float32(0.5)))


def superformula(angle: Field, *, m: float, n1: float, n2: float, n3: float) -> Field:
    """Radius of Gielis' superformula (2003) with a = b = 1; rotational symmetry of order `m`."""
    quarter = angle * np.float32(m / 4)
    sums = np.abs(np.cos(quarter)) ** np.float32(n2) + np.abs(np.sin(quarter)) ** np.float32(n3)
    return as_field(sums ** np.float32(-1 / n1))


def whorls(radius: Field, angle: Field, growth: float) -> tuple[Field, Field, Field]:
    """Coordinates on the logarithmic spiral r = exp(growth · φ) that ends at r = 1 for φ = 0.

    Returns:
        φ (0 at the mouth, falling inwards), the share of the way across the whorl from the outer (0) to the inner
        wall (1), and the radius of the outer wall there. φ > 0 lies outside the shell.
    """
    turn = np.mod(angle, np.float32(2 * np.pi)) - np.float32(2 * np.pi)
    inwards = np.log(np.maximum(radius, 1e-4)) / np.float32(growth)
    along = turn + np.ceil((inwards - turn) / np.float32(2 * np.pi)) * np.float32(2 * np.pi)
    across = (along - inwards) / np.float32(2 * np.pi)
    return along, across, np.exp(along * np.float32(growth))


def cover(inside: Field, *, softness: float = 1.0) -> Field:
    """Anti-aliased coverage 0..1 of {inside > 0}, for any smooth implicit function, `softness` pixels wide.

    The function is divided by the length of its gradient, which makes it a distance in pixels near its zero.
    """
    across = np.empty_like(inside)
    down = np.empty_like(inside)
    across[:, 1:-1] = inside[:, 2:] - inside[:, :-2]
    across[:, 0], across[:, -1] = across[:, 1], across[:, -2]
    down[1:-1] = inside[2:] - inside[:-2]
    down[0], down[-1] = down[1], down[-2]
    length = np.sqrt(across * across + down * down) * np.float32(0.5) + np.float32(1e-6)
    return np.clip(inside / (length * np.float32(softness)) + np.float32(0.5), 0, 1)


def capsule(x: Field, y: Field, start: tuple[float, float], end: tuple[float, float]) -> tuple[Field, Field]:
    """Distance to the segment, and the share 0..1 of the way along it."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    from_x, from_y = x - np.float32(start[0]), y - np.float32(start[1])
    share = np.clip((from_x * np.float32(dx) + from_y * np.float32(dy)) / np.float32(dx * dx + dy * dy + 1e-9), 0, 1)
    away_x, away_y = from_x - share * np.float32(dx), from_y - share * np.float32(dy)
    return np.sqrt(away_x * away_x + away_y * away_y), share


def strokes(
    x: Field, y: Field, points: list[tuple[float, float]], *, width: float, tip: float | None = None
) -> tuple[Field, Field]:
    """How deep each pixel lies inside a polyline (> 0 inside), and the width there; it tapers from `width` to `tip`."""
    thin = width if tip is None else tip
    depth = np.full(x.shape, -9.0, dtype=np.float32)
    pieces = len(points) - 1
    for number in range(pieces):
        distance, share = capsule(x, y, points[number], points[number + 1])
        wide = np.float32(width) + (share + np.float32(number)) * np.float32((thin - width) / pieces)
        depth = np.maximum(depth, wide - distance)
    return depth, np.maximum(depth, 0)


def dome(inside: Field) -> Field:
    """Height 0..1 of a half sphere over {inside > 0} where `inside` is 1 - (normalised radius)²."""
    return np.sqrt(np.clip(inside, 0, 1))


def bulge(share: Field, power: float) -> Field:
    """Half a sine wave over `share` 0..1, 0 outside; `power` below 1 moves its belly towards 0."""
    return as_field(np.clip(np.sin(np.pi * np.clip(share, 0, 1) ** np.float32(power)), 0, 1))


def ellipse(x: Field, y: Field, centre: tuple[float, float], radii: tuple[float, float]) -> Field:
    """1 - (normalised radius)²: positive inside, 1 in the middle."""
    across, up = (x - np.float32(centre[0])) / np.float32(radii[0]), (y - np.float32(centre[1])) / np.float32(radii[1])
    return as_field(1 - across * across - up * up)
