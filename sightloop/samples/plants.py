"""Forms of the wood: leaf, fern, flower and mushroom."""

from __future__ import annotations

import numpy as np

from sightloop.samples.light import Layer, mix
from sightloop.samples.noise import Field, Rng, cells, fractal, step
from sightloop.samples.paint import Paint
from sightloop.samples.shapes import Grid, bulge, cover, dome, ellipse, polar, strokes, superformula, wrap


def leaf(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """One blade, ovate, toothed or lobed, with a midrib, side veins that quilt it, and a stalk."""
    bend = float(rng.uniform(-0.22, 0.22))
    x, y = grid.x + 0.1, grid.y + np.float32(bend) * (grid.x**2 - 0.3)
    share, side = (x + 0.85) / 1.8, np.abs(y)
    wide, belly = float(rng.uniform(0.36, 0.58)), float(rng.uniform(0.6, 1.0))
    half = np.float32(wide) * bulge(share, belly) ** np.float32(rng.uniform(0.75, 1.05))
    count = float(rng.uniform(7, 11))
    kind = int(rng.integers(3))
    if kind == 1:
        half = half * (1 + 0.10 * (2 * np.mod(share * np.float32(count * 2) - side, 1) - 1))
    if kind == 2:
        half = half * (0.76 + 0.24 * np.cos((share - 0.45 * side) * np.float32(2 * np.pi * 4.5)))
    inside = np.where((share > 0) & (share < 1), half - side, np.float32(-0.3))
    phase = wrap((share - 0.42 * side) * np.float32(count))
    veins = np.exp(-((phase / (0.10 + 0.10 * side)) ** 2)) * step(0.0, 0.04, half - side)
    rib = np.exp(-((side / (0.022 * (1.4 - share))) ** 2))
    clouds = fractal(rng, grid.size, slope=1.7)
    height = (
        0.06
        + 0.22 * side * float(rng.uniform(0.2, 1))
        + float(rng.uniform(0.005, 0.016)) * np.cos(phase * 6.28)
        - 0.022 * rib
        + 0.008 * clouds
    )
    turning = np.clip(0.5 + 0.5 * clouds + 1.5 * (side / wide - 0.55), 0, 1) * np.float32(rng.uniform(0, 1))
    albedo = mix(paint.base, paint.second, turning) * (0.95 + 0.05 * np.cos(phase * 6.28))
    albedo = mix(albedo, paint.dark, step(1.5, 2.2, clouds) * 0.6)
    albedo = mix(albedo, mix(paint.second, np.float32(0.8), 0.3), np.clip(0.4 * veins + 0.8 * rib, 0, 1))
    stem, thick = strokes(grid.x, y, [(-1.08, 0.1 * bend), (-0.9, 0.0), (-0.7, 0.0)], width=0.022)
    stalk = Layer(0.05 + thick, mix(paint.second, paint.dark, 0.4) * np.ones_like(x), cover(stem), 0.1)
    return [stalk, Layer(height, albedo, cover(inside), float(rng.uniform(0.03, 0.2)))]


def fern(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """A frond: leaflets in pairs along a curved stem, each toothed, shorter towards the tip."""
    curve = float(rng.uniform(-0.4, 0.4))
    x, y = grid.x, grid.y + np.float32(curve) * (grid.x**2 - 0.35)
    side, upper = np.abs(y), (y > 0).astype(np.float32)
    count, lean = float(rng.uniform(11, 16)), float(rng.uniform(0.4, 0.75))
    place = (x + 0.8 - np.float32(lean) * side) * np.float32(count / 1.8) + 0.5 * upper
    middle = np.floor(place) + 0.5 - 0.5 * upper
    share = np.clip(middle / np.float32(count), 0, 1.2)
    length = (
        np.float32(rng.uniform(0.48, 0.62)) * np.sqrt(np.clip(1.02 - share, 0, 1)) * np.clip(0.55 + 2.2 * share, 0, 1)
    )
    along = np.clip(side / np.maximum(length, 1e-3), 0, 1.5)
    across = np.abs(place - np.floor(place) - 0.5)
    teeth = 0.06 * np.cos(side * np.float32(rng.uniform(70, 100)))
    half = (0.43 + teeth) * np.sqrt(np.clip(1 - along**1.7, 0, 1))
    valid = (middle > 0) & (middle < count) & (along < 1)
    inside = np.where(valid, half - across, np.float32(-0.25))
    rib = np.exp(-((across / 0.07) ** 2))
    clouds = fractal(rng, grid.size, slope=1.7)
    height = 0.07 + 0.05 * (1 - (across / 0.43) ** 2) - 0.012 * rib + 0.05 * along
    albedo = mix(paint.base, paint.second, np.clip(0.35 * rib + 0.35 * along + 0.12 * clouds, 0, 1))
    albedo = mix(albedo, paint.dark, np.clip(0.5 * (across / 0.43) ** 3, 0, 1))
    stem, thick = strokes(x, y, [(-1.05, 0.0), (0.98, 0.0)], width=0.026, tip=0.006)
    stalk = Layer(0.10 + thick, mix(paint.dark, paint.second, 0.35) * np.ones_like(x), cover(stem), 0.15)
    return [Layer(height, albedo, cover(inside) * valid, 0.08), stalk]


def flower(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """Two whorls of petals round a disc of florets set on Fermat's spiral."""
    radius, angle = polar(grid.x, grid.y)
    petals = int(rng.integers(5, 12))
    core = float(rng.uniform(0.16, 0.3))
    clouds = fractal(rng, grid.size, slope=1.8)
    back = _petals(rng, radius, angle + np.float32(np.pi / petals), clouds, paint, count=petals, reach=0.98, lift=0.04)
    front = _petals(rng, radius, angle, clouds, paint, count=petals, reach=0.9, lift=0.1)
    fine = 90.0 / core**0.5
    florets = np.cos(13 * angle + np.float32(fine) * 0.32 * np.sqrt(radius)) * np.cos(
        21 * angle - np.float32(fine) * 0.5 * np.sqrt(radius)
    )
    inside = 1 - (radius / np.float32(core)) ** 2
    height = 0.14 + 0.35 * core * dome(inside) + 0.016 * florets
    albedo = mix(paint.dark, paint.second, np.clip(0.35 + 0.4 * florets + 0.5 * (1 - inside), 0, 1))
    disc = Layer(height, albedo, cover(inside), 0.05)
    return [back, front, disc] if rng.random() < 0.75 else [front, disc]


def _petals(
    rng: Rng, radius: Field, angle: Field, clouds: Field, paint: Paint, *, count: int, reach: float, lift: float
) -> Layer:
    turns = angle * np.float32(count / (2 * np.pi))
    sector = np.mod(np.floor(turns + 0.5), count).astype(np.int32)
    length = (reach * rng.uniform(0.9, 1.04, count)).astype(np.float32)[sector]
    across = 2 * np.abs(wrap(turns) + rng.uniform(-0.05, 0.05, count).astype(np.float32)[sector])
    share = np.clip(radius / length, 0, 1.3)
    half = float(rng.uniform(0.64, 0.92)) * np.sqrt(bulge(share, 0.55 + 0.07 * count))
    half = half * superformula(across * np.float32(np.pi / 2), m=2, n1=8, n2=3, n3=3)
    inside = np.where(share < 1, half - across, np.float32(-0.3))
    lines = np.cos(across * np.float32(22))
    height = lift + 0.30 * share * (1 - 0.55 * share) + 0.08 * (1 - across**2) + 0.006 * lines + 0.008 * clouds
    albedo = mix(paint.base, paint.second, np.clip(step(0.55, 0.15, share) + 0.1 * clouds + 0.06 * lines, 0, 1))
    albedo = mix(albedo, paint.dark, np.clip(0.35 * across**3 + 0.3 * step(0.4, 0.1, share), 0, 1))
    return Layer(height, albedo, cover(inside), 0.05)


def mushroom(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """A picked mushroom lying on its side: stalk with a ring, gills under the rim, a spotted or streaked cap."""
    x, y = grid.x, grid.y
    wide, tall = float(rng.uniform(0.6, 0.85)), float(rng.uniform(0.45, 0.72))
    brim = float(rng.uniform(-0.02, 0.18))
    thick, lean = float(rng.uniform(0.12, 0.2)), float(rng.uniform(-0.16, 0.16))
    clouds = fractal(rng, grid.size, slope=1.7)
    axis = x - np.float32(lean) * (y - np.float32(brim)) ** 2
    down = np.clip((brim - y) / (brim + 0.95), 0, 1)
    half = thick * (1 - 0.2 * np.sin(down * 3.1) + 0.35 * down**4)
    ring = np.exp(-(((down - 0.35) / 0.045) ** 2)) * np.float32(rng.choice([0.0, 1.0]))
    half = half * (1 + 0.45 * ring)
    stalk_in = np.minimum(half - np.abs(axis), np.minimum(y + 0.95, brim + 0.1 - y))
    stalk_height = 0.03 + np.sqrt(np.clip(half**2 - axis**2, 0, 1)) + 0.006 * np.cos(axis * 90 + clouds)
    pale = mix(paint.second, np.float32(0.85), 0.45)
    stalk = Layer(stalk_height, mix(pale, paint.dark, np.clip(0.25 * down + 0.1 * clouds, 0, 1)), cover(stalk_in), 0.06)
    open_gills = tall * float(rng.uniform(0.25, 0.5))
    gill_in = ellipse(x, y, (0, brim), (wide * 0.97, open_gills))
    gills = np.cos(np.arctan2(x, brim + 0.55 * tall - y) * np.float32(52))
    under = Layer(
        0.08 + 0.12 * dome(gill_in) + 0.012 * gills, mix(pale, paint.dark, 0.4 + 0.25 * gills), cover(gill_in), 0.02
    )
    lip = float(rng.uniform(-0.5, 0.3)) * open_gills * np.sqrt(np.clip(1 - (x / wide) ** 2, 0, 1)) + 0.012 * np.cos(
        x * 14
    )
    sag = np.where(y > brim + lip, np.float32(1 / tall), np.float32(1 / (0.09 * tall)))
    cap_in = 1 - np.abs(x / wide) ** 2.3 - ((y - brim - lip) * sag) ** 2
    round_in = ellipse(x, y, (0, brim - 0.1 * tall), (wide * 1.02, tall * 1.12))
    near, _, value = cells(rng, grid.size, count=int(rng.integers(9, 13)))
    spots = step(0.34, 0.26, near + 0.3 * value) * np.float32(rng.choice([0.0, 1.0]))
    albedo = mix(paint.base, paint.dark, np.clip(0.55 * step(0.45, 0.0, round_in) + 0.12 * clouds, 0, 1))
    albedo = mix(albedo, pale, spots * 0.9)
    cap = Layer(0.1 + 0.5 * wide * dome(round_in) + 0.025 * spots + 0.006 * clouds, albedo, cover(cap_in), 0.3)
    return [under, stalk, cap]
