"""Draw the masks that a data set has for a batch of pictures, each once, and keep them beside the pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sightloop.core.arrays import Mask
from sightloop.core.entities import Drawn, Image, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import drawing
from sightloop.flows.items import Size
from sightloop.flows.services import Services
from sightloop.measure import overlap
from sightloop.tasks import segment
from sightloop.vision import masks
from sightloop.vision.masks import Read

THREADS = 2  # masks in memory at a time


@dataclass(frozen=True)
class Sketch:
    """The mask of a picture that is taken in: its file, and how it is drawn at (height, width) of the picture."""

    where: str
    draw: Callable[[Size], Read]


@dataclass(frozen=True)
class Wanted:
    """A sketch to draw, the size of its picture, and the picture where the project has it already."""

    sketch: Sketch
    size: Size
    image: Image | None = None


@dataclass(frozen=True)
class Stroke:
    """What was drawn: the image-level word, the mask as a file (b"" an empty one), and what there is to say of it.

    Of a refused mask `word` and `drawn` are None, and `note` is the reason.
    """

    word: str | None = None
    drawn: Drawn | None = None
    data: bytes = b""
    note: str | None = None


def draw(services: Services, project: Project, wanted: Mapping[str, Wanted]) -> dict[str, Stroke]:
    """Draw every sketch and store it; a bad one is one refusal and never fails the others."""
    if not wanted:
        return {}
    with ThreadPoolExecutor(THREADS) as threads:
        found = threads.map(lambda one: _stroke(services, project, one), wanted.values())
        return dict(zip(wanted, found, strict=True))


def _stroke(services: Services, project: Project, wanted: Wanted) -> Stroke:
    try:
        found = wanted.sketch.draw(wanted.size)
    except Rejected as error:
        return Stroke(note=error.message)
    data = masks.encode(found.mask) if found.mask.any() else b""
    agreement = _agreement(services, project, wanted.image, found.mask) if wanted.image else None
    drawn = Drawn(services.blobs.put(data) if data else None, agreement)
    return Stroke(segment.word(found.mask, project.classes), drawn, data, found.note)


def _agreement(services: Services, project: Project, image: Image, mask: Mask) -> float | None:
    try:
        said = drawing.model_mask(services, image, threshold=project.floor)
    except Missing:  # purged meanwhile
        return None
    return None if said is None else overlap.dice(said, mask)
