"""Pictures whose truth is known, with which a model is judged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sightloop.core.arrays import Mask
from sightloop.core.entities import NOTHING, Json, Project
from sightloop.core.errors import Rejected
from sightloop.flows import layouts, manifests
from sightloop.flows.items import Item, Layout, Size
from sightloop.flows.services import Services
from sightloop.vision import masks


@dataclass(frozen=True)
class Case:
    """One picture to be judged; `read` gives its encoded bytes, `group` is its unit of resampling.

    `image_id` is None where it is not a stored picture. Where masks are judged, `mask` gives the true one of a picture
    of the given size, and may raise BadImage; `mask_hash` is the SHA-256 of a stored one, None of an empty one.
    """

    read: Callable[[], bytes]
    label: str
    group: str
    leaked: bool = False
    image_id: str | None = None
    name: str = ""
    mask: Callable[[Size], Mask] = masks.empty
    mask_hash: str | None = None


def stored(services: Services, rows: Sequence[Json]) -> list[Case]:
    """The test side of a snapshot's rows, read from the store."""
    return [
        Case(
            _reader(services, row["sha256"]),
            row["label"],
            row["group"],
            row["leaked"],
            image_id=row["image_id"],
            name=row["image_id"],
            mask=_drawn(services, row["mask"]) if row.get("mask") else masks.empty,
            mask_hash=row.get("mask"),
        )
        for row in rows
        if row["side"] == "test"
    ]


def held_out(services: Services, project: Project) -> list[Case]:
    """The pictures of the project's test side with their labels of now."""
    with services.db.connect() as db:
        return stored(services, manifests.teaching_rows(db, project))


@contextmanager
def at(path: Path, project: Project) -> Iterator[list[Case]]:
    """The pictures of the folder, ZIP or table at `path` whose truth it tells, to be read while it is open.

    Raises:
        Missing, BadArchive: as `layouts.look`.
        Rejected: there is none, or a class that the project does not know; names it.
    """
    masked = project.task == "segment"
    with layouts.look(path, task=project.task) as layout:
        strange = [] if masked else sorted(set(layout.classes) - set(project.classes))
        known = [item for item in layout.items if (layout.has_mask(item) if masked else item.label is not None)]
        if strange or not known:
            but = f" but {strange[0]!r}" if strange else ""
            raise Rejected(
                f"{path.name!r} has no labelled pictures of project {project.name!r}{but}.",
                hint=f"Classes: {', '.join(project.classes)}.",
            )
        yield [_listed(layout, item, project) for item in known]


def _listed(layout: Layout, item: Item, project: Project) -> Case:
    def mask(size: Size) -> Mask:
        return layout.mask_of(item, classes=project.classes, size=size).mask

    group = item.site or hashlib.sha256(item.where.encode()).hexdigest()
    return Case(lambda: layout.read(item.where), item.label or NOTHING, group, name=item.where, mask=mask)


def _reader(services: Services, sha256: str) -> Callable[[], bytes]:
    return lambda: services.blobs.get(sha256)


def _drawn(services: Services, sha256: str) -> Callable[[Size], Mask]:
    return lambda _: masks.decode(services.blobs.get(sha256))
