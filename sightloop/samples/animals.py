"""Forms with six legs or wings, and what a wing leaves behind: beetle, butterfly, feather."""

from __future__ import annotations

import numpy as np

from sightloop.samples.light import Layer, mix
from sightloop.samples.noise import Field, Rng, fractal, step
from sightloop.samples.paint import Paint
from sightloop.samples.shapes import Grid, cover, dome, ellipse, polar, strokes, wrap


def beetle(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """Seen from above: legs and feelers, head, collar, and two glossy wing cases with grooves or spots."""
    x, y = grid.x, grid.y
    side = np.abs(x + np.float32(rng.uniform(-0.02, 0.02)))
    gloss = float(rng.uniform(0.3, 0.9))
    fat, long = float(rng.uniform(0.34, 0.46)), float(rng.uniform(0.52, 0.6))
    legs = _legs(rng, x, side, y, fat)
    limbs = Layer(0.05 + legs, mix(paint.dark, np.float32(0.02), 0.3) * np.ones_like(x), cover(legs - 1e-4), 0.2)
    clouds = fractal(rng, grid.size, slope=1.6)
    case_in = ellipse(side, y, (0, -0.24), (fat, long))
    seam = np.exp(-((side / 0.018) ** 2))
    grooves = np.cos(side * np.float32(2 * np.pi * rng.uniform(12, 20)))
    case_height = 0.07 + 0.36 * dome(case_in) - 0.03 * seam + 0.008 * grooves
    kind = int(rng.integers(3))
    marks = [
        step(0.2, 0.8, np.sin(y * np.float32(rng.uniform(9, 15)) + 0.6 * np.cos(side * 12))),
        step(0.1, 0.05, polar(wrap(side * 4.2 - 0.7) / 4.2, wrap(y * 2.9) / 2.9)[0]),
        step(-0.6, 0.9, grooves) * 0.5,
    ][kind]
    albedo = mix(paint.base, paint.second if kind == 0 else paint.dark, np.clip(marks, 0, 1))
    albedo = mix(albedo, paint.dark, np.clip(seam * 0.8 + 0.4 * step(0.25, 0.0, case_in) + 0.08 * clouds, 0, 1))
    cases = Layer(case_height, albedo, cover(case_in), gloss)
    collar_in = ellipse(side, y, (0, 0.37), (fat * 0.86, 0.22))
    collar_colour = mix(paint.base, paint.dark, float(rng.uniform(0.2, 0.9))) * (1 + 0.06 * clouds)
    collar = Layer(0.06 + 0.26 * dome(collar_in), collar_colour, cover(collar_in), gloss)
    head_in = ellipse(side, y, (0, 0.62), (fat * 0.5, 0.15))
    eye = step(0.06, 0.04, polar(side - np.float32(fat * 0.4), y - 0.66)[0])
    head = Layer(0.05 + 0.2 * dome(head_in), mix(paint.dark, np.float32(0.01), 0.5 + 0.5 * eye), cover(head_in), gloss)
    return [limbs, head, collar, cases]


def _legs(rng: Rng, x: Field, side: Field, y: Field, fat: float) -> Field:
    """Depth inside the six jointed legs and two feelers (> 0 inside)."""
    depth = np.full_like(x, -1)
    for root, knee, foot in ((0.34, 0.55, 0.86), (0.05, 0.0, -0.18), (-0.25, -0.5, -0.98)):
        knee_y, foot_y = knee + float(rng.uniform(-0.06, 0.06)), foot + float(rng.uniform(-0.08, 0.08))
        reach = float(rng.uniform(0.24, 0.32))
        points = [(fat * 0.8, root), (fat + reach, knee_y), (fat + reach + 0.12, foot_y)]
        depth = np.maximum(depth, strokes(side, y, points, width=0.042, tip=0.016)[0])
    feeler = [(0.08, 0.72), (0.22, 0.9), (float(rng.uniform(0.3, 0.5)), 0.98)]
    return np.maximum(depth, strokes(side, y, feeler, width=0.022, tip=0.014)[0])


def butterfly(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """Four veined wings with a dark border, pale border spots and at times eye spots, and a slender body."""
    x, y = grid.x, grid.y
    side = np.abs(x)
    radius, angle = polar(side, y - 0.02)
    clouds = fractal(rng, grid.size, slope=1.8)
    raised = float(rng.uniform(0.05, 0.3))
    hind = _wing(rng, radius, angle, clouds, paint, middle=-0.72, spread=0.66, reach=0.82, point=0.0)
    fore = _wing(rng, radius, angle, clouds, paint, middle=0.5, spread=0.58, reach=1.05, point=0.35)
    wings = []
    for lift, (inside, albedo, relief) in ((0.05, hind), (0.075, fore)):
        wings.append(Layer(lift + np.float32(raised) * side + relief, albedo, cover(inside), 0.08))
    body_in = np.maximum(ellipse(x, y, (0, -0.16), (0.055, 0.36)), ellipse(x, y, (0, 0.16), (0.085, 0.17)))
    body_in = np.maximum(body_in, ellipse(x, y, (0, 0.34), (0.06, 0.06)))
    hairs = fractal(rng, grid.size, slope=0.3, low=20)
    body = Layer(0.08 + 0.14 * dome(body_in), paint.dark * np.clip(0.9 + 0.25 * hairs, 0.2, 2), cover(body_in), 0.1)
    tip = (float(rng.uniform(0.2, 0.34)), float(rng.uniform(0.74, 0.86)))
    feeler, _ = strokes(side, y, [(0.03, 0.38), (tip[0] * 0.55, 0.62), tip], width=0.014)
    club = np.maximum(feeler, 0.03 - polar(side - np.float32(tip[0]), y - np.float32(tip[1]))[0])
    feelers = Layer(np.full_like(x, 0.09), paint.dark * np.ones_like(x), cover(club), 0.1)
    return [*wings, feelers, body]


def _wing(
    rng: Rng,
    radius: Field,
    angle: Field,
    clouds: Field,
    paint: Paint,
    *,
    middle: float,
    spread: float,
    reach: float,
    point: float,
) -> tuple[Field, Field, Field]:
    """One pair of wings in polar coordinates: how far inside, colour, relief."""
    away = (angle - np.float32(middle)) / np.float32(spread)
    scallops = 0.018 * np.cos(away * np.float32(rng.uniform(16, 22)))
    edge = np.float32(reach) * (1 + np.float32(point) * 0.4 * away) * np.exp(-(away**4) * 0.75) + scallops
    inside = edge - radius
    veins = np.exp(-((wrap(away * 3.4) / 0.055) ** 2)) * step(0.22, 0.34, radius)
    rim = step(0.2, 0.11, inside + 0.01 * clouds) * np.float32(rng.choice([0.55, 1.0]))
    share = np.clip(radius / reach, 0, 1)
    albedo = mix(
        paint.base, paint.second, np.clip(step(0.75, 0.1, share) * np.float32(rng.uniform(0, 0.8)) + 0.1 * clouds, 0, 1)
    )
    albedo = mix(albedo, paint.dark, np.clip(0.8 * veins + rim, 0, 1))
    beads = step(0.35, 0.22, polar(wrap(away * 3.4 + 0.5), (inside - 0.075) * 7)[0])
    albedo = mix(albedo, mix(paint.second, np.float32(0.9), 0.5), beads * np.float32(rng.choice([0.0, 0.95])))
    spot = polar(away - 0.05, (share - 0.58) * 3.2)[0]
    eyed = np.float32(rng.choice([0.0, 1.0]))
    albedo = mix(albedo, paint.dark, step(0.46, 0.4, spot) * eyed)
    albedo = mix(albedo, paint.second, step(0.3, 0.25, spot) * eyed)
    return inside, albedo, 0.012 * veins + 0.004 * clouds


def feather(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """A flight feather: bare quill, curved shaft, a narrow and a wide vane of barbs with splits, down at the root."""
    curve = float(rng.uniform(-0.3, 0.3))
    x, y = grid.x, grid.y + np.float32(curve) * (grid.x**2 - 0.3)
    upper = (y > 0).astype(np.float32)
    share, side = (x + 0.62) / 1.6, np.abs(y)
    wide = np.float32(rng.uniform(0.22, 0.36)) * (1 + np.float32(rng.uniform(-0.35, 0.35)) * (2 * upper - 1))
    half = wide * np.clip(np.clip(share, 0, 1) * 5, 0, 1) ** 0.5 * np.sqrt(np.clip(1 - np.clip(share, 0, 1) ** 4, 0, 1))
    root = share - 0.75 * side + 0.35 * upper
    splits = np.sin(root * np.float32(rng.uniform(13, 19)) + np.float32(rng.uniform(0, 6))) * np.sin(
        root * 29 + np.float32(rng.uniform(0, 6))
    )
    half = half * (1 - 0.5 * step(0.62, 0.85, splits)) + 0.01 * np.sin(root * 170)
    downy = step(0.2, 0.02, share)
    half = half + 0.05 * downy * np.sin(x * 75 + 9 * side)
    inside = np.where((share > 0) & (share < 1), half - side, np.float32(-0.2))
    barbs = np.sin(root * np.float32(rng.uniform(150, 190)))
    clouds = fractal(rng, grid.size, slope=1.8)
    bars = step(-0.15, 0.3, np.sin((share - 0.5 * side) * np.float32(rng.uniform(20, 34)) + 0.5 * clouds))
    tip = step(0.6, 0.8, share)
    marked = [bars * 0.85, tip, 0.25 + 0.2 * clouds][int(rng.integers(3))]
    albedo = mix(paint.base, paint.dark, np.clip(marked + 0.10 * barbs, 0, 1))
    albedo = mix(albedo, mix(paint.second, np.float32(0.85), 0.5), downy * 0.7)
    height = 0.05 + 0.10 * np.sqrt(np.clip(side, 0, 1)) * float(rng.uniform(0.2, 1)) + 0.006 * barbs
    vane = Layer(height, albedo, cover(inside, softness=1.6) * (1 - 0.35 * downy), 0.1)
    line, thick = strokes(x, y, [(-1.0, 0.0), (0.9, 0.0)], width=0.03, tip=0.006)
    shaft = Layer(0.07 + 1.3 * thick, mix(paint.second, np.float32(0.85), 0.5) * np.ones_like(x), cover(line), 0.3)
    return [vane, shaft]
