"""The rows of a snapshot: which labelled pictures there are, on which side, in which group."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from sightloop.core.entities import UNKNOWN, Image, Json, Project, Snapshot
from sightloop.core.splits import SIDES
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.store.database import Connection


def teaching_rows(db: Connection, project: Project) -> list[Json]:
    """One row per picture that a human labelled with one of the project's classes, ordered by image id.

    A row is {"image_id", "sha256", "label", "side", "group", "leaked"}; `leaked` says that an imported data set had
    the same picture, or a near copy, on its training side too.
    """
    return [_row(image) for image in images.stream(db, project.id) if _teaches(image, project)]


def read(services: Services, taken: Snapshot) -> list[Json]:
    """The rows of a stored snapshot."""
    return [json.loads(line) for line in services.blobs.get(taken.hash).decode().splitlines()]


def count(rows: Iterable[Json]) -> Json:
    """Pictures per side and class: {"train": {"cat": 70, ...}, "calibration": {...}, "test": {...}}."""
    found = Counter((row["side"], row["label"]) for row in rows)
    return {side: {label: n for (place, label), n in sorted(found.items()) if place == side} for side in SIDES}


def warnings(project: Project, counts: Json) -> list[str]:
    """What a person should know before trusting a model made from these counts."""
    unlearnt = [name for name in project.classes if name not in counts["train"]]
    return [
        *(f"class {name!r} has no training picture and cannot be learnt" for name in unlearnt),
        *(f"the {side} side is empty" for side in SIDES[1:] if not counts[side]),
    ]


def _teaches(image: Image, project: Project) -> bool:
    return (
        image.status == "ready"
        and image.trashed_at is None
        and image.side in SIDES
        and image.label != UNKNOWN
        and image.label in project.classes
    )


def _row(image: Image) -> Json:
    return {
        "image_id": image.id,
        "sha256": image.sha256,
        "label": image.label,
        "side": image.side,
        "group": image.group_id or image.id,
        "leaked": bool(image.meta.get("leaked")),
    }
