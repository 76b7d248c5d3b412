"""Learn what is usual in a project: limits for the quality checks, from its own pictures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from sightloop.core.entities import Image, Job, Json, Progress
from sightloop.core.ports import Report
from sightloop.flows.services import Services
from sightloop.store import images, projects
from sightloop.store import quality as quality_rows
from sightloop.vision import quality

SAMPLE = 5_000  # pictures the limits are learnt from
ENOUGH = 20
BATCH = 500
COPIES = ("exact_duplicate", "near_duplicate")


def describe(services: Services, job: Job, report: Report) -> Json:
    """Job step: set the limits and flag every picture by them; below 20 pictures there are no limits yet."""
    assert job.project_id is not None
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
        measured = [_measures(image) for image in islice(images.stream(db, project.id), SAMPLE) if image.quality]
    if len(measured) < ENOUGH:
        return {"quality_limits": None}
    limits, unfit = (
        {name: list(pair) for name, pair in quality.limits(measured, reach=reach).items()}
        for reach in (quality.ODD, quality.UNFIT)
    )
    learnt = {"quality_limits": limits, "retake_limits": unfit}
    with services.db.begin() as db:
        projects.update(db, project, settings={**project.settings, **learnt})
    flagged = _flag_all(services, project.id, limits, report)
    return {"quality_limits": limits, "flagged": flagged}


def _flag_all(services: Services, project_id: str, limits: Json, report: Report) -> int:
    pairs = {name: (pair[0], pair[1]) for name, pair in limits.items()}
    flagged, seen = 0, 0
    with services.db.connect() as db:
        for batch in batched(images.stream(db, project_id), BATCH):
            found = {image.id: _judged(image, pairs) for image in batch if image.quality}
            changed = {image.id: found[image.id] for image in batch if found.get(image.id, {}) != image.quality}
            with services.db.begin() as writing:
                quality_rows.judge(writing, project_id, changed)
            flagged += sum(bool(one["issues"]) for one in found.values())
            seen += len(batch)
            report(Progress(seen, seen + BATCH, "quality checked"))
    return flagged


def _judged(image: Image, limits: dict[str, tuple[float | None, float | None]]) -> Json:
    """The image's quality with its issues by these limits; issues of another kind stay."""
    others = [issue for issue in image.quality.get("issues", []) if issue in COPIES]
    return {**image.quality, "issues": [*quality.issues(_measures(image), limits), *others]}


def _measures(image: Image) -> dict[str, float]:
    return {name: value for name, value in image.quality.items() if name != "issues"}


T = TypeVar("T")


def batched(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last one shorter."""
    while batch := list(islice(items, size)):
        yield batch
