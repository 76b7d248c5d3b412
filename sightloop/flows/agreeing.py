"""Measure anew how well people's masks agree with the live answers, after the threshold has moved."""

from __future__ import annotations

from dataclasses import replace

from sightloop.core.entities import Image, Job, Json, Progress, Project
from sightloop.core.errors import Missing, Overloaded, Rejected
from sightloop.core.ports import Report
from sightloop.flows import drawing
from sightloop.flows.services import Services
from sightloop.store import changes, images, projects
from sightloop.store.database import Connection
from sightloop.store.images import Filters

BATCH = 32


def agree(services: Services, job: Job, report: Report) -> Json:
    """Job step: write each drawn picture's Dice with its live answer at the project's threshold."""
    assert job.project_id is not None
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
        drawn = [image for image in images.stream(db, project.id, filters=Filters(labelled=True)) if image.version_id]
    moved = 0
    for start in range(0, len(drawn), BATCH):
        found = {image.id: _agreement(services, project, image) for image in drawn[start : start + BATCH]}
        with services.db.begin() as db:
            moved += _write(db, project, drawn[start : start + BATCH], found)
        report(Progress(start + len(found), len(drawn), f"{start + len(found)} of {len(drawn)} masks compared"))
    return {"compared": len(drawn), "moved": moved}


def _agreement(services: Services, project: Project, image: Image) -> float | None:
    try:
        packed = drawing.packed_map(services, image)
    except (Missing, Rejected, Overloaded):  # purged or damaged meanwhile, or no core was free
        return image.agreement
    return drawing.agreement(services, project, image, packed)


def _write(db: Connection, project: Project, asked: list[Image], found: dict[str, float | None]) -> int:
    """Write what differs, of pictures whose mask and answer are still those that were compared."""
    now = changes.current(db, found, project_id=project.id)
    same = [
        now[one.id]
        for one in asked
        if one.id in now and (now[one.id].mask, now[one.id].label, now[one.id].version_id) == _seen(one)
    ]
    moved = [image for image in same if image.agreement != found[image.id]]
    changes.save(db, [changes.Change(one, replace(one, agreement=found[one.id]), "") for one in moved])
    return len(moved)


def _seen(image: Image) -> tuple[str | None, str | None, str | None]:
    return image.mask, image.label, image.version_id
