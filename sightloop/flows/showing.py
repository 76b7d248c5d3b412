"""The worst and the best pictures of a version's evaluation, drawn anew each time: a bundle never holds a photo."""

from __future__ import annotations

from collections.abc import Iterable

from sightloop.core.arrays import Pixels
from sightloop.core.entities import Image, Json, ModelVersion, Project
from sightloop.core.errors import BadImage, Missing
from sightloop.flows import drawing
from sightloop.flows.services import Services
from sightloop.measure import overlap
from sightloop.store import images
from sightloop.vision import masks, strips
from sightloop.vision.decode import decode

KINDS = ("best", "worst")
PATIENCE = 120.0  # seconds that a picture may wait for its answer

Shown = tuple[Pixels, str]


def kinds(version: ModelVersion) -> list[str]:
    """Which sheets can be drawn of a version: those whose examples are stored pictures."""
    return [kind for kind in KINDS if any(row["image_id"] for row in _examples(version, kind))]


def sheet(services: Services, project: Project, version: ModelVersion, *, kind: str) -> bytes:
    """Photo, people's mask and the version's mask of each example, as WebP; pictures that are gone are left out.

    Raises:
        Missing: none of them is there any more.
    """
    rows = [row["image_id"] for row in _examples(version, kind) if row["image_id"]]
    with services.db.connect() as db:
        there = [image for image in images.many(db, rows) if image.project_id == project.id]
    found = {image.id: image for image in there if image.trashed_at is None}
    shown = list(_shown(services, project, version, [found[one] for one in rows if one in found]))
    if not shown:
        raise Missing(f"the {kind} pictures of version {version.number} are gone.", hint="Evaluate it again.")
    return strips.sheet([strip for strip, _ in shown], [caption for _, caption in shown])


def _examples(version: ModelVersion, kind: str) -> list[Json]:
    rows: list[Json] = version.metrics.get("test", {}).get("examples", {}).get(kind, [])
    return rows


def _shown(services: Services, project: Project, version: ModelVersion, there: Iterable[Image]) -> Iterable[Shown]:
    for image in there:
        data = services.blobs.get(image.sha256)
        asked = services.runtime.submit(
            data, project_id=project.id, facts=False, version_id=version.id, timeout=PATIENCE
        )
        truth = drawing.human_mask(services, image)
        try:
            answer, pixels = asked.result(), decode(data)
        except BadImage:
            continue
        if answer.map is None or truth is None:
            continue
        said = masks.threshold(masks.unpack_map(answer.map), project.floor)
        caption = f"Dice {overlap.dice(said, truth):.3f}: photo, people, model"
        yield strips.strip(pixels, [truth, said]), caption
