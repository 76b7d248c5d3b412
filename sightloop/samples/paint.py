"""Palettes that all specimens share, so that no class can be told by its colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sightloop.samples.knobs import recolour
from sightloop.samples.light import colour
from sightloop.samples.noise import Field, Rng

PALETTES: tuple[tuple[tuple[float, float, float], ...], ...] = (
    ((0.90, 0.82, 0.68), (0.62, 0.36, 0.22), (0.32, 0.20, 0.16)),  # ivory, rust, umber
    ((0.86, 0.45, 0.34), (0.95, 0.78, 0.62), (0.48, 0.18, 0.20)),  # coral, apricot, wine
    ((0.80, 0.60, 0.25), (0.45, 0.28, 0.14), (0.94, 0.84, 0.56)),  # ochre, sepia, straw
    ((0.42, 0.55, 0.28), (0.72, 0.74, 0.40), (0.20, 0.29, 0.16)),  # leaf, lichen, pine
    ((0.34, 0.48, 0.60), (0.78, 0.83, 0.84), (0.15, 0.22, 0.34)),  # slate blue, mist, ink
    ((0.55, 0.34, 0.52), (0.88, 0.70, 0.76), (0.27, 0.15, 0.30)),  # plum, rose, aubergine
    ((0.72, 0.28, 0.20), (0.93, 0.66, 0.26), (0.26, 0.11, 0.11)),  # vermilion, saffron, garnet
    ((0.30, 0.56, 0.53), (0.85, 0.86, 0.72), (0.12, 0.28, 0.32)),  # verdigris, bone, deep teal
    ((0.93, 0.91, 0.87), (0.66, 0.62, 0.60), (0.36, 0.34, 0.36)),  # chalk, ash, flint
    ((0.44, 0.30, 0.22), (0.78, 0.60, 0.42), (0.20, 0.13, 0.11)),  # chestnut, fawn, peat
)

LEAST_CONTRAST = 0.16  # of the base colour with the ground, as sRGB-like lightness 0..1


@dataclass(frozen=True)
class Paint:
    """Three linear colours (3, 1, 1) of one palette, in a random order of the first two."""

    base: Field
    second: Field
    dark: Field


def choose(rng: Rng, *, shift: float = 0.0, ground: float = 0.0) -> Paint:
    """A palette by chance, jittered, and made lighter or darker where it would vanish on its ground.

    Args:
        shift: the knob `palette`.
        ground: mean linear albedo of what the specimen lies on, 0..1.
    """
    chosen = np.array(PALETTES[int(rng.integers(len(PALETTES)))])
    chosen = chosen * rng.uniform(0.86, 1.1) + rng.uniform(-0.04, 0.04, (3, 3))
    if rng.random() < 0.35:
        chosen[[0, 1]] = chosen[[1, 0]]
    gap = float(chosen[0].mean()) - ground**0.5
    if abs(gap) < LEAST_CONTRAST:
        lighter = gap >= 0 if 0.35 < ground**0.5 < 0.65 else ground**0.5 < 0.5
        chosen[:2] = chosen[:2] * (1 + (LEAST_CONTRAST - abs(gap)) * (1.6 if lighter else -1.6))
    base, second, dark = (recolour(colour(*np.clip(row, 0.03, 1.0)), shift) for row in chosen)
    return Paint(base, second, dark)
