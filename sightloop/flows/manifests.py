"""The rows of a snapshot: which labelled pictures there are, on which side, in which group."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping

from sightloop.core.entities import Image, Json, Project, Snapshot
from sightloop.core.splits import SIDES, certifies
from sightloop.flows.services import Services
from sightloop.store import cascades, images, tallies
from sightloop.store.database import Connection
from sightloop.tasks import TASKS

CERTIFY = "certify"  # the project setting that keeps half of the calibration side for certificates


def teaching_rows(db: Connection, project: Project) -> list[Json]:
    """One row per picture that a human labelled with one of the project's classes, ordered by image id.

    A row is {"image_id", "sha256", "label", "side", "group", "leaked"} and "mask" where one was drawn; `leaked` says
    that an imported data set had the same picture, or a near copy, on its training side too. Where the project is to
    certify cascades, half of the calibration side also says `certifies`: no model may be fitted or chosen on it.
    """
    first = cascades.first_members(db, project.id) if project.settings.get(CERTIFY) else {}
    return [_row(image, project, first) for image in images.stream(db, project.id) if _teaches(image, project)]


def read(services: Services, taken: Snapshot) -> list[Json]:
    """The rows of a stored snapshot."""
    return [json.loads(line) for line in services.blobs.get(taken.hash).decode().splitlines()]


def count(rows: Iterable[Json]) -> Json:
    """Pictures per side and class: {"train": {"cat": 70, ...}, "calibration": {...}, "test": {...}}."""
    found = Counter((row["side"], row["label"]) for row in rows)
    return {side: {label: n for (place, label), n in sorted(found.items()) if place == side} for side in SIDES}


def tallied(project: Project, labels: Iterable[Json]) -> dict[str, Counter[str]]:
    """As `count` would have them of a snapshot taken now, from the `labels` of `store.tallies.summary`."""
    found: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    for row in labels:
        if (
            row["status"] == "ready"
            and row["side"] in found
            and row["class"] in TASKS[project.task].words(project.classes)
        ):
            found[row["side"]][row["class"]] = row["n"]
    return found


def warnings(db: Connection, project: Project, counts: Json) -> list[str]:
    """What a person should know before trusting a model made from these counts."""
    unlearnt = [name for name in project.classes if name not in counts["train"]]
    empty = [side for side in SIDES if not counts[side]]
    return [
        *(f"class {name!r} has no training picture and cannot be learnt" for name in unlearnt),
        *(f"the {side} side is empty" for side in empty),
        *(_by_site(db, project) if empty else ()),
    ]


def _by_site(db: Connection, project: Project) -> list[str]:
    """That few sites leave sides empty, where pictures are grouped by them, and what can be done."""
    sites = sum(1 for name in tallies.summary(db, project.id)["sites"] if name)
    if not sites or not project.settings.get("group_by_site", True):
        return []
    return [
        f"all pictures of a site are on one side, and there are {sites} site(s): set group_by_site to false in the "
        f"project's settings (sightloop project set {project.name} --no-group-by-site), and pictures added from then "
        "on are kept together only where they look nearly the same"
    ]


def _teaches(image: Image, project: Project) -> bool:
    return (
        image.status == "ready"
        and image.trashed_at is None
        and image.side in SIDES
        and image.label in TASKS[project.task].words(project.classes)
    )


def _row(image: Image, project: Project, first: Mapping[str, str]) -> Json:
    group = image.group_id or image.id
    certify = image.side == "calibration" and bool(project.settings.get(CERTIFY)) and certifies(first.get(group, group))
    return {
        "image_id": image.id,
        "sha256": image.sha256,
        "label": image.label,
        "side": image.side,
        "group": group,
        "leaked": bool(image.meta.get("leaked")),
        **({"certifies": True} if certify else {}),
        **({"mask": image.mask} if image.mask else {}),
    }
