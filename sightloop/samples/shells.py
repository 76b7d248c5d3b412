"""Forms of the shore: nautilus, scallop, starfish, and the jellyfish that no model was taught."""

from __future__ import annotations

import numpy as np

from sightloop.samples.light import Layer, mix
from sightloop.samples.noise import Rng, blur, fractal, step
from sightloop.samples.paint import Paint
from sightloop.samples.shapes import Grid, capsule, cover, dome, ellipse, polar, whorls, wrap


def nautilus(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """A coiled shell on a logarithmic spiral, ribbed like an ammonite or flamed like a nautilus."""
    x, y = grid.x + 0.12, grid.y + 0.02
    radius, angle = polar(x, y)
    growth = float(rng.uniform(0.13, 0.2))
    along, across, outer = whorls(radius, angle + 0.25 * radius * radius, growth)
    inside = (along <= 0).astype(np.float32)
    width = outer * np.float32(1 - np.exp(-2 * np.pi * growth))
    tube = np.sqrt(np.clip(1 - (2 * across - 1) ** 2, 0, 1))
    ribs = np.cos(along * np.float32(rng.uniform(14, 26)) + across * np.float32(rng.uniform(-2.5, 2.5)))
    ribbed = float(rng.choice([0.0, 0.05, 0.09]))
    lines = np.cos(along * 95 + 4 * across)
    height = width * (0.55 * tube + np.float32(ribbed) * ribs * tube + 0.012 * lines) + 0.05
    clouds = fractal(rng, grid.size, slope=2.0)
    flames = np.sin(along * np.float32(rng.uniform(8, 13)) + 0.5 * clouds + 3 * across)
    marks = step(0.0, 0.6, flames) * step(0.95, 0.5, across) * np.float32(rng.choice([0.2, 0.9]))
    albedo = mix(paint.base, paint.second, np.clip(marks + 0.1 * clouds, 0, 1))
    albedo = mix(albedo, paint.dark, step(0.25, 0.0, tube) * 0.55)
    mouth = step(-0.16, -0.02, along) * inside
    albedo = mix(albedo, paint.dark, mouth * step(0.0, 0.9, tube) * 0.85)
    height = height - 0.22 * mouth * tube * width
    return [Layer(height, albedo, blur(inside, 0.8), 0.25)]


def scallop(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """A fan with radiating ribs, growth rings and two ears at the hinge."""
    x, y = grid.x, grid.y + 0.78
    radius, angle = polar(y, x)
    spread = float(rng.uniform(0.82, 0.98))
    ribs = int(rng.integers(7, 12))
    turn = angle / np.float32(spread)
    wave = np.cos(turn * np.float32(np.pi * ribs))
    share = radius / np.maximum(np.float32(1.62) * (1 - 0.13 * turn * turn) + 0.035 * wave, 0.1)
    share = np.clip(share, 0, 2)
    inside = 1 - share**6 - np.abs(turn) ** 5
    body = np.clip(1 - ((share - 0.42) / 0.6) ** 2 - 0.75 * turn * turn, 0, 1)
    rings = np.cos(share * np.float32(rng.uniform(22, 34)) + 0.3 * fractal(rng, grid.size, slope=2.2))
    height = 0.40 * np.sqrt(body) + 0.032 * wave * np.minimum(radius, 1) + 0.006 * rings + 0.02
    clouds = fractal(rng, grid.size, slope=1.6)
    bands = step(-0.2, 0.8, np.sin(share * np.float32(rng.uniform(9, 16)) + 0.4 * clouds))
    shade = np.clip(bands * np.float32(rng.uniform(0.2, 1.0)) + 0.12 * clouds, 0, 1)
    albedo = mix(paint.base, paint.second, shade)
    albedo = mix(albedo, paint.dark, step(0.1, -0.9, wave) * 0.4 + 0.25 * step(0.35, 0.0, share))
    ears = np.minimum(0.36 - np.abs(x) + 0.25 * (y - 0.1), 0.12 - np.abs(y - 0.1))
    ear_height = 0.05 + 0.015 * np.cos(x * 60)
    hinge = Layer(ear_height, mix(paint.base, paint.dark, 0.25 + 0.1 * clouds), cover(ears), 0.15)
    return [hinge, Layer(height, albedo, cover(inside), 0.18)]


def starfish(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """Five (at times six) arms, each bent in its own way, studded with rows of knobs."""
    arms = int(rng.choice([5, 5, 5, 6]))
    radius, angle = polar(grid.x, grid.y)
    turns = angle * np.float32(arms / (2 * np.pi))
    sector = np.mod(np.floor(turns + 0.5), arms).astype(np.int32)
    bend = rng.uniform(-0.35, 0.35, arms).astype(np.float32)[sector]
    length = rng.uniform(0.9, 1.08, arms).astype(np.float32)[sector]
    away = wrap(turns) * np.float32(2 * np.pi / arms) + bend * np.minimum(radius * radius, 1.2)
    along, beside = radius * np.cos(away), np.abs(radius * np.sin(away))
    share = np.clip(along / length, 0, 1)
    stout = float(rng.uniform(0.13, 0.2))
    half = stout * np.sqrt(np.clip(1.02 - share**1.6, 0, 1)) * (1 - 0.35 * share) + 0.2 * np.exp(-along * 6.5)
    inside = np.where(along < length, half - beside, np.float32(-0.2))
    across = np.clip(beside / np.maximum(half, 1e-3), 0, 1)
    knobs = fractal(rng, grid.size, slope=0.2, low=16 / grid.scale, high=24 / grid.scale)
    rows = np.cos(along * 44) * step(0.35, 0.05, across)
    height = half * np.sqrt(1 - across * across) * 0.9 + 0.008 * knobs + 0.012 * np.maximum(rows, 0) + 0.03
    clouds = fractal(rng, grid.size, slope=1.8)
    albedo = mix(paint.base, paint.second, np.clip(step(0.4, 1.4, knobs) * 0.7 + step(0, 1, rows) * 0.6, 0, 1))
    albedo = mix(albedo, paint.dark, np.clip(0.45 * across**3 + 0.13 * clouds, 0, 1))
    return [Layer(height, albedo, cover(inside), 0.06)]


def jellyfish(rng: Rng, grid: Grid, paint: Paint) -> list[Layer]:
    """The eleventh form: a clear bell with a fringed rim, four rings inside, and trailing tentacles."""
    x, y = grid.x, grid.y - 0.35
    layers: list[Layer] = []
    clear = mix(paint.base, np.ones((3, 1, 1), dtype=np.float32), 0.35)
    ones = np.ones_like(x)
    for number in range(int(rng.integers(9, 14))):
        root = float(rng.uniform(-0.5, 0.5))
        sway, phase = float(rng.uniform(0.03, 0.09)), float(rng.uniform(0, 6.3))
        centre = root * (1 - 0.25 * y) + np.float32(sway) * np.sin(y * np.float32(5 + number % 3) + np.float32(phase))
        end = float(rng.uniform(-1.3, -0.7))
        distance, share = capsule(x - centre, y, (0.0, -0.05), (0.0, end))
        thread = cover(0.022 * (1.2 - share) - distance) * (0.75 - 0.5 * share)
        layers.append(Layer(0.03 * ones, clear * ones, thread.astype(np.float32), 0.3))
    edge = 0.05 * np.cos(x * 30) - 0.08 + 0.12 * x * x
    bell = np.minimum(ellipse(x, y, (0, -0.1), (0.66, 0.68)), (y - edge) * 2)
    ridge = np.cos(np.arctan2(x, y + 0.5) * np.float32(28))
    rings = np.exp(-(((polar(np.abs(x) - 0.2, np.abs(y - 0.28) - 0.06)[0] - 0.11) / 0.035) ** 2))
    albedo = mix(clear, paint.second, np.clip(0.75 * rings, 0, 1))
    albedo = mix(albedo, paint.base, np.clip(0.3 + 0.25 * ridge, 0, 1) * 0.6)
    rim = step(0.35, 0.0, bell)
    body = cover(bell) * np.clip(0.5 + 0.45 * rim + 0.4 * rings, 0, 1)
    layers.append(Layer(0.06 + 0.3 * dome(bell), albedo, body.astype(np.float32), 0.6))
    return layers
