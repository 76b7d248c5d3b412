"""Natural grounds that a specimen may lie on: sand, moss, bark, water, leaf litter, stone, each a relief."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sightloop.samples.light import Layer, colour, mix
from sightloop.samples.noise import Field, Rng, blur, cells, fractal, grain, step, stretched
from sightloop.samples.shapes import frame, rotate, wrap


def draw(rng: Rng, size: int, *, texture: float = 1.0) -> Layer:
    """One of the grounds by chance; `texture` scales its relief."""
    layer = GROUNDS[GROUND_NAMES[int(rng.integers(len(GROUND_NAMES)))]](rng, size)
    tint = colour(*rng.uniform(0.93, 1.05, 3)) * np.float32(rng.uniform(0.75, 1.25))
    return Layer(layer.height * np.float32(texture), layer.albedo * tint, layer.cover, layer.gloss)


def _whole(size: int) -> Field:
    return np.ones((size, size), dtype=np.float32)


def sand(rng: Rng, size: int) -> Layer:
    """Wind-rippled sand with dark grains and crumbs of shell."""
    angle, pitch = float(rng.uniform(0, np.pi)), float(rng.uniform(9, 20))
    along, _ = rotate(*frame(size), angle)
    bend = fractal(rng, size, slope=2.4, high=12)
    ripple = np.sin(along * np.float32(pitch) + bend * np.float32(rng.uniform(0.5, 1.5)))
    grains, dust = fractal(rng, size, slope=0.3, low=20), fractal(rng, size, slope=1.3)
    height = ripple * np.float32(rng.uniform(0.0, 0.012)) + grains * 0.0032 + bend * 0.01
    albedo = mix(colour(0.80, 0.69, 0.52), colour(0.62, 0.49, 0.35), np.clip(0.4 + 0.16 * dust + 0.1 * grains, 0, 1))
    specks = grain(rng, size)
    albedo = mix(albedo, colour(0.30, 0.25, 0.22), step(2.1, 2.6, specks) * 0.7)
    albedo = mix(albedo, colour(0.95, 0.92, 0.86), step(-2.1, -2.6, specks) * 0.8)
    return Layer(height, albedo, _whole(size), 0.03)


def moss(rng: Rng, size: int) -> Layer:
    """Cushions of moss, bright on the tips and nearly black between."""
    cushions = fractal(rng, size, slope=2.0, low=2, high=12)
    tips, fine = fractal(rng, size, slope=0.9, low=9, high=34), fractal(rng, size, slope=0.4, low=26)
    height = 0.034 * cushions + 0.010 * tips + 0.004 * fine
    lit = step(-2.4, 2.2, 0.5 * cushions + 0.8 * tips + 0.5 * fine)
    yellow = step(-1.5, 1.5, fractal(rng, size, slope=2.0, high=10))
    green = mix(colour(0.38, 0.47, 0.22), colour(0.56, 0.56, 0.27), yellow)
    return Layer(height, mix(colour(0.15, 0.20, 0.10), green, lit), _whole(size), 0.02)


def bark(rng: Rng, size: int) -> Layer:
    """Furrowed bark: plates drawn out along the trunk, furrows between, a breath of lichen."""
    angle = float(rng.uniform(0, np.pi))
    ridges = stretched(rng, size, angle=angle, stretch=float(rng.uniform(3, 6)), slope=1.5, low=3)
    fibres = stretched(rng, size, angle=angle, stretch=9, slope=0.6, low=12)
    plates = 1 - np.exp(-np.abs(ridges) * np.float32(2.2))
    height = 0.075 * plates + 0.006 * fibres
    albedo = mix(colour(0.20, 0.14, 0.10), colour(0.56, 0.45, 0.36), np.clip(plates + 0.12 * fibres, 0, 1))
    lichen = step(0.9, 1.6, fractal(rng, size, slope=1.5) + 0.4 * plates) * np.float32(rng.uniform(0, 0.9))
    return Layer(height, mix(albedo, colour(0.58, 0.63, 0.50), lichen), _whole(size), 0.03)


def water(rng: Rng, size: int) -> Layer:
    """Pebbles on a sandy bed under shallow clear water, with a net of light (caustics) over them."""
    near, second, value = cells(rng, size, count=int(rng.integers(6, 11)))
    rough, soft = fractal(rng, size, slope=1.0), fractal(rng, size, slope=2.2, low=4, high=20)
    inside = np.minimum(0.42 + 0.3 * value - near, 0.75 * (second - near)) + 0.045 * soft
    round_share = np.sqrt(np.clip(inside / (0.35 + 0.2 * value), 0, 1))
    stone_in = step(-0.02, 0.05, inside)
    bed = mix(colour(0.52, 0.47, 0.38), colour(0.36, 0.33, 0.28), np.clip(0.5 + 0.25 * rough, 0, 1))
    grey = mix(colour(0.34, 0.35, 0.36), colour(0.74, 0.70, 0.64), np.clip(value + 0.08 * rough, 0, 1))
    warm = mix(grey, colour(0.55, 0.40, 0.30), step(0.75, 0.95, wrap(value * 7) * 2))
    albedo = mix(bed * (1 - 0.55 * step(-0.3, 0.0, inside)), warm, stone_in)
    net = np.exp(-np.abs(soft + 0.3 * rough) * 8) + np.exp(-np.abs(fractal(rng, size, slope=2.2, low=3, high=16)) * 8)
    deep = colour(float(rng.uniform(0.66, 0.84)), 0.93, float(rng.uniform(0.86, 0.96)))
    albedo = albedo * deep * (0.70 + np.float32(rng.uniform(0.5, 1.2)) * blur(net, size / 180))
    return Layer(0.075 * round_share * (0.5 + 0.5 * value) + 0.004 * rough, albedo, _whole(size), 0.05)


def litter(rng: Rng, size: int) -> Layer:
    """Fallen leaves over one another on dark soil."""
    rough = fractal(rng, size, slope=1.0)
    height = 0.012 * rough
    albedo = mix(colour(0.16, 0.11, 0.08), colour(0.34, 0.25, 0.17), np.clip(0.4 + 0.25 * rough, 0, 1))
    albedo = np.array(np.broadcast_to(albedo, (3, size, size)))
    across, down = frame(size)
    for number in range(int(rng.integers(20, 30))):
        _fallen_leaf(rng, height, albedo, across, down, rough, level=0.012 + 0.0016 * number)
    return Layer(height, albedo, _whole(size), 0.04)


FALLEN = (
    (0.50, 0.33, 0.16),
    (0.62, 0.42, 0.20),
    (0.40, 0.26, 0.16),
    (0.66, 0.52, 0.30),
    (0.46, 0.40, 0.24),
    (0.56, 0.27, 0.15),
)


def _fallen_leaf(
    rng: Rng, height: Field, albedo: Field, across: Field, down: Field, rough: Field, *, level: float
) -> None:
    """Draw one leaf into `height` and `albedo`, in a window just large enough."""
    size = height.shape[0]
    long, wide = float(rng.uniform(0.22, 0.42)), float(rng.uniform(0.3, 0.55))
    centre = rng.uniform(-1.05, 1.05, 2)
    low = np.clip(((centre - long + 1) * size / 2).astype(int), 0, size)
    high = np.clip(((centre + long + 1) * size / 2).astype(int) + 1, 0, size)
    window = (slice(low[1], high[1]), slice(low[0], high[0]))
    x, y = across[window] - np.float32(centre[0]), down[window] - np.float32(centre[1])
    if x.size == 0:
        return
    x, y = rotate(x / np.float32(long), y / np.float32(long), float(rng.uniform(0, 2 * np.pi)))
    y = y + np.float32(rng.uniform(-0.25, 0.25)) * x * x
    reach = np.float32(wide) * np.maximum(1 - x * x, 0) ** np.float32(rng.uniform(0.7, 1.1)) * (1 - 0.3 * x)
    inside = np.clip((reach - np.abs(y)) * np.float32(size * long / 2) + 0.5, 0, 1)
    rib = np.exp(-((y / np.float32(0.03)) ** 2))
    veins = np.cos((x - 0.8 * np.abs(y)) * np.float32(2 * np.pi * 6))
    curl = float(rng.uniform(-0.04, 0.12)) * (y / np.float32(wide)) ** 2
    raised = level + curl + 0.004 * veins - 0.01 * rib + 0.006 * rough[window]
    shade = colour(*np.clip(np.array(FALLEN[int(rng.integers(len(FALLEN)))]) * rng.uniform(0.75, 1.15), 0, 1))
    shade = shade * (1 + 0.18 * rough[window] + 0.35 * rib)
    height[window] = mix(height[window], raised, inside)
    albedo[:, window[0], window[1]] = mix(albedo[:, window[0], window[1]], shade, inside)


def stone(rng: Rng, size: int) -> Layer:
    """Weathered stone with mineral specks, cracks and patches of lichen."""
    rough, patches = fractal(rng, size, slope=1.1), fractal(rng, size, slope=1.9)
    clefts = np.exp(-np.abs(fractal(rng, size, slope=2.0, high=20)) * 22)
    height = 0.011 * rough + 0.03 * patches - 0.03 * clefts
    warm = float(rng.uniform(0, 1))
    light = mix(colour(0.60, 0.62, 0.64), colour(0.68, 0.60, 0.52), warm)
    dark = mix(colour(0.33, 0.35, 0.38), colour(0.42, 0.34, 0.29), warm)
    albedo = mix(light, dark, np.clip(0.45 + 0.2 * rough + 0.2 * patches, 0, 1)) * (1 - 0.5 * clefts)
    lichen = step(1.0, 1.3, patches + 0.35 * rough) * np.float32(rng.uniform(0, 0.9))
    return Layer(height, mix(albedo, colour(0.74, 0.66, 0.36), lichen), _whole(size), 0.04)


GROUNDS: dict[str, Callable[[Rng, int], Layer]] = {
    "sand": sand,
    "moss": moss,
    "bark": bark,
    "water": water,
    "litter": litter,
    "stone": stone,
}
GROUND_NAMES = tuple(GROUNDS)
