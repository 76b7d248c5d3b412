"""Ask a version about pictures beside the live answers: what it says is kept, and shown to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sightloop.core.entities import Answer, Image, Job, Json, ModelVersion, Prediction, Progress, Project
from sightloop.core.errors import BadImage, Missing, Overloaded
from sightloop.core.ports import Report
from sightloop.flows import breaking, completing, verdicts, watch_evidence
from sightloop.flows.services import Services
from sightloop.store import projects, versions, watches
from sightloop.store.watches import Watch

BATCH = 16
PATIENCE = 300.0  # seconds a picture may wait


@dataclass(frozen=True)
class Asked:
    """How many pictures the version answered, and how often it broke down: once where pictures fail together."""

    answered: int
    failed: int


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: ask a watched version and the one that it replaced what one of them has not answered."""
    with services.db.connect() as db:
        watch = watches.get(db, job.params["watch"])
        if watch is None or watch.ended_at is not None:
            return {"asked": 0}
        project = projects.get(db, watch.project_id)
        both = [versions.by_id(db, one or "") for one in (watch.replaced_id, watch.version_id)]
        pictures = watch_evidence.newest(db, project)
        unrated = [watch_evidence.unrated(db, project, watch, one) for one in both]
    found = 0
    for version, left in zip(both, unrated, strict=True):
        found += completing.complete(services, project, version, left, report=report)
        found += ask(services, project, version, pictures, report=report).answered
    if job.params.get("time"):
        time(services, project, both, pictures, report=report)
    _keep(services, watch, pictures)
    return {"asked": found}


def _keep(services: Services, watch: Watch, pictures: Sequence[Image]) -> None:
    """Write into the report of now, if the watch goes on, which pictures both versions were asked about."""
    with services.db.begin() as db:
        if now := watches.still(db, watch):
            watches.note(db, now, now.report | {"asked": [image.id for image in pictures]})


def time(
    services: Services, project: Project, both: Sequence[ModelVersion], pictures: Sequence[Image], *, report: Report
) -> None:
    """Ask both versions about the same pictures in turn, so that whatever else the machine does slows both alike."""
    timed = pictures[: watch_evidence.SIDE_BY_SIDE]
    for start in range(0, len(timed), BATCH):
        for version in both:
            ask(services, project, version, timed[start : start + BATCH], report=report, again=True)


def ask(
    services: Services,
    project: Project,
    version: ModelVersion,
    pictures: Sequence[Image],
    *,
    report: Report,
    again: bool = False,
) -> Asked:
    """Keep what the version says of those of these pictures that it has not answered, in the runtime that serves.

    That it breaks down over a picture is written down as a failure of the version.

    Args:
        again: ask about all of them, answered or not.
    """
    with services.db.connect() as db:
        known = watches.said(db, [image.id for image in pictures], version_id=version.id)
    left = [image for image in pictures if again or image.id not in known]
    answered, failed = 0, 0
    for start in range(0, len(left), BATCH):
        batch = [(image, _submitted(services, version, image)) for image in left[start : start + BATCH]]
        said, errors = _collected(project, version, batch, at=services.clock())
        with services.db.begin() as db:
            answered += watches.keep(db, said)
        breaking.note(services, project_id=project.id, version_id=version.id, errors=errors)
        failed += len(errors)
        done = min(len(left), start + BATCH)
        report(Progress(done, len(left), f"{done} pictures asked about"))
    return Asked(answered, failed)


def _submitted(services: Services, version: ModelVersion, image: Image) -> Future[Answer] | None:
    try:
        data = services.blobs.get(image.sha256)
        asked = services.runtime.submit(
            data, project_id=version.project_id, facts=False, version_id=version.id, timeout=PATIENCE
        )
    except (Missing, Overloaded):
        return None
    return asked


def _collected(
    project: Project, version: ModelVersion, asked: Sequence[tuple[Image, Future[Answer] | None]], *, at: float
) -> tuple[list[Prediction], dict[str, BaseException]]:
    said: list[Prediction] = []
    errors: dict[str, BaseException] = {}
    for image, future in asked:
        error = future.exception(PATIENCE) if future else None
        if future is None or isinstance(error, (BadImage, Overloaded, Missing)):
            continue
        if error is not None and not breaking.is_mishap(error):
            raise error
        if error is None:
            said.append(verdicts.unseen(project, image, future.result(), version_id=version.id, at=at))
        elif breaking.counts(error, image.id):
            errors[image.id] = error
    return said, errors
