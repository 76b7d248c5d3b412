"""Small pictures that can be told apart by their pattern."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sightloop.core.arrays import Pixels
from sightloop.core.entities import Example
from sightloop.vision.encode import jpeg

CLASSES = ("stripes", "checks", "plain")


def drawn(kind: str, *, seed: int) -> Pixels:
    """A picture of 48 × 40 pixels."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:40, :48]
    period = int(rng.integers(3, 6))
    shape = {
        "stripes": (columns // period) % 2,
        "checks": (rows // period + columns // period) % 2,
        "plain": np.zeros_like(rows),
    }[kind]
    light = rng.uniform(60, 120, 3) + shape[..., None] * rng.uniform(60, 120, 3)
    return np.asarray((light + rng.normal(0, 8, light.shape)).clip(0, 255), np.uint8)


def examples(folder: Path, *, count: int, seed: int) -> tuple[Example, ...]:
    """`count` pictures of each class, written as JPEG."""
    found = []
    for target, name in enumerate(CLASSES):
        for number in range(count):
            identity = f"{name}-{seed}-{number}"
            path = folder / f"{identity}.jpg"
            path.write_bytes(jpeg(drawn(name, seed=seed + 1000 * target + number)))
            found.append(Example(identity, str(path), target, identity))
    return tuple(found)
