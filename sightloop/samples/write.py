"""Write sample sets to disk: a folder per class of JPEGs, or images/ and masks/ for cracks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count as numbers
from pathlib import Path

import numpy as np

from sightloop.core.arrays import Pixels
from sightloop.core.entities import Progress
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.samples import cracks, eyes, specimens
from sightloop.samples.knobs import DEFAULT, Knobs
from sightloop.vision import encode

Draw = Callable[..., Pixels]
DRAWN: dict[str, tuple[tuple[str, ...], Draw]] = {
    "specimens": (specimens.CLASSES, specimens.draw),
    "eyes": (eyes.CLASSES, eyes.draw),
}
KINDS = (*DRAWN, "cracks")
INTACT_EVERY = 10  # every tenth crack picture shows a sound surface and has an empty mask


def _silent(progress: Progress) -> None:
    """Report to nobody."""
    del progress


def write_set(
    kind: str,
    folder: Path,
    *,
    count_per_class: int,
    seed: int = 0,
    size: int | None = None,
    knobs: Knobs = DEFAULT,
    quality: int = 90,
    report: Report = _silent,
) -> list[Path]:
    """Draw and write a sample set; the same arguments give the same pixels.

    Args:
        kind: "specimens" or "eyes" (`folder/<class>/<class>-00000.jpg`), or "cracks"
            (`folder/images/<surface>-00000.jpg` beside `folder/masks/<surface>-00000.png`, 255 where cracked).
        count_per_class: pictures per class, or per surface.
        seed: 0 or more; sets with different seeds share no picture.
        size: side in pixels; 160, or 256 for cracks, where not given.

    Returns:
        The paths of the pictures (not the masks), in order of class and number.

    Raises:
        Rejected: no such kind, or a number that is too small.
    """
    if kind not in KINDS:
        raise Rejected(f"no kind of samples {kind!r}", hint=f"Known kinds: {', '.join(KINDS)}.")
    if count_per_class < 1 or seed < 0:
        raise Rejected(
            f"{count_per_class} pictures per class with seed {seed}", hint="At least 1, and a seed from 0 on."
        )
    if kind == "cracks":
        return _write_cracks(
            folder, count_per_class, seed=seed, size=size or 256, knobs=knobs, quality=quality, report=report
        )
    classes, draw = DRAWN[kind]
    done, paths = numbers(1), []
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count_per_class):
            picture = draw(name, seed=picture_seed(seed, number), size=size or 160, knobs=knobs)
            paths.append(folder / name / f"{name}-{number:05d}.jpg")
            paths[-1].write_bytes(encode.jpeg(picture, quality=quality))
            report(Progress(next(done), count_per_class * len(classes), f"drew {name} {number + 1}"))
    return paths


def picture_seed(seed: int, number: int) -> int:
    """A seed for picture `number` of the set `seed`, spread so that sets do not overlap."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0])


def _write_cracks(
    folder: Path, count: int, *, seed: int, size: int, knobs: Knobs, quality: int, report: Report
) -> list[Path]:
    images, masks = folder / "images", folder / "masks"
    images.mkdir(parents=True, exist_ok=True)
    masks.mkdir(parents=True, exist_ok=True)
    done, paths = numbers(1), []
    for surface in cracks.SURFACES:
        for number in range(count):
            intact = number % INTACT_EVERY == INTACT_EVERY - 1
            own = picture_seed(seed, number)
            picture, mask = cracks.draw(seed=own, size=size, surface=surface, knobs=knobs, intact=intact)
            paths.append(images / f"{surface}-{number:05d}.jpg")
            paths[-1].write_bytes(encode.jpeg(picture, quality=quality))
            (masks / f"{surface}-{number:05d}.png").write_bytes(encode.png(mask * np.uint8(255)))
            report(Progress(next(done), count * len(cracks.SURFACES), f"drew {surface} {number + 1}"))
    return paths
