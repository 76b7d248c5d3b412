"""Small pictures of dark lines on a light ground with exact masks, and a training that learns them in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sightloop import families
from sightloop.core.arrays import Mask, Pixels
from sightloop.core.entities import Example, Json, TrainingSet
from sightloop.vision import masks
from sightloop.vision.encode import png

SMALL: dict[str, Any] = {
    "backbone": "plain", "weights": "none", "width": 4, "tile": 32, "tiles": 2, "batch": 8, "input_size": 64,
    "epochs": 10, "lr": 1e-2, "averaging": 0.8, "checkpoint_seconds": 0, "gaussian_blur": 0.5,
}  # fmt: skip
CONTEXT: Json = {"weights_dir": "", "snapshot": "abc", "created_at": 1_700_000_000.0}


def drawn(*, seed: int, height: int = 56, width: int = 72, empty: bool = False) -> tuple[Pixels, Mask]:
    """A noisy light picture, and unless `empty` a dark line of 3 to 6 pixels across it."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    turn = rng.uniform(0, np.pi)
    across = (columns - rng.uniform(0.3, 0.7) * width) * np.cos(turn) + (
        rows - rng.uniform(0.3, 0.7) * height
    ) * np.sin(turn)
    mask = (np.abs(across) < rng.uniform(1.5, 3)) & (not empty)
    light = rng.uniform(140, 200) - 90 * mask[..., None] + rng.normal(0, 8, (height, width, 3))
    return light.clip(0, 255).astype(np.uint8), mask.astype(np.uint8)


def examples(folder: Path, *, count: int, seed: int, empty_every: int = 5) -> tuple[Example, ...]:
    """`count` pictures as PNG with their masks; every `empty_every`th shows nothing and has no mask file."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(count):
        empty = number % empty_every == empty_every - 1
        pixels, mask = drawn(seed=seed + number, empty=empty)
        path, mask_path = folder / f"{seed + number}.png", folder / f"{seed + number}-mask.png"
        path.write_bytes(png(pixels))
        mask_path.write_bytes(masks.encode(mask))
        found.append(Example(path.stem, str(path), 1 - empty, path.stem, None if empty else str(mask_path)))
    return tuple(found)


def training_set(folder: Path, *, train: int = 20, calibration: int = 20) -> TrainingSet:
    return TrainingSet(
        ("crack",), examples(folder, count=train, seed=0), examples(folder, count=calibration, seed=1000)
    )


def train(
    values: dict[str, Any], data: TrainingSet, place: Path, *, report: Any = lambda _: None, live: Path | None = None
) -> Json:
    """Train with `values` into `place`/bundle."""
    params = families.params("attention_unet", values)
    context = CONTEXT | ({"live": str(live)} if live else {})
    return families.get("attention_unet").train(
        data, params, folder=place / "bundle", work=place / "work", report=report, context=context
    )
