"""Learn what is usual in a project: limits for the quality checks, from its own pictures."""

from __future__ import annotations

import dataclasses
from itertools import islice

from sightloop.core.entities import Image, Job, Json, Progress
from sightloop.core.ports import Report
from sightloop.flows.services import Services
from sightloop.store import images, projects
from sightloop.vision import quality

SAMPLE = 5_000  # pictures the limits are learnt from
ENOUGH = 20
BATCH = 500


def describe(services: Services, job: Job, report: Report) -> Json:
    """Job step: set the limits and flag every picture by them; below 20 pictures there are no limits yet."""
    assert job.project_id is not None
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
        measured = [_measures(image) for image in islice(images.stream(db, project.id), SAMPLE) if image.quality]
    if len(measured) < ENOUGH:
        return {"quality_limits": None}
    limits = {name: list(pair) for name, pair in quality.limits(measured).items()}
    with services.db.begin() as db:
        projects.update(db, project, settings={**project.settings, "quality_limits": limits})
    flagged = _flag_all(services, project.id, limits, report)
    return {"quality_limits": limits, "flagged": flagged}


def _flag_all(services: Services, project_id: str, limits: Json, report: Report) -> int:
    pairs = {name: (pair[0], pair[1]) for name, pair in limits.items()}
    flagged, seen = 0, 0
    with services.db.connect() as db:
        everything = [image for image in images.stream(db, project_id) if image.quality]
    for start in range(0, len(everything), BATCH):
        changed = []
        for image in everything[start : start + BATCH]:
            issues = quality.issues(_measures(image), pairs)
            flagged += bool(issues)
            if issues != image.quality.get("issues"):
                changed.append(dataclasses.replace(image, quality={**image.quality, "issues": issues}))
        with services.db.begin() as db:
            images.requalify(db, changed)
        seen += len(everything[start : start + BATCH])
        report(Progress(seen, len(everything), "quality checked"))
    return flagged


def _measures(image: Image) -> dict[str, float]:
    return {name: value for name, value in image.quality.items() if name != "issues"}
