"""Answer pictures: decode once, predict, judge, and write what was said."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, wait

from sightloop.core.entities import Answer, Image, Job, Json, Progress, Project
from sightloop.core.errors import BadImage, Missing, Overloaded
from sightloop.core.ports import Report
from sightloop.flows import breaking
from sightloop.flows.services import Services
from sightloop.flows.verdicts import Row, prediction, with_issues
from sightloop.store import images, projects, waiting

BATCH = 64  # pictures per transaction when nobody waits
PATIENCE = 300.0  # seconds a batch of a job may take


def score(services: Services, *, project_id: str, image_ids: Sequence[str], timeout: float) -> list[Image]:
    """Answer these pictures as far as `timeout` seconds go; the others stay pending and the worker finishes them.

    Returns the images as they are afterwards, in the order asked.
    """
    with services.db.connect() as db:
        project = projects.get(db, project_id)
        pictures = [image for image in images.many(db, list(image_ids)) if image.status == "pending"]
    answer_images(services, project=project, pictures=pictures, timeout=timeout)
    with services.db.connect() as db:
        found = {image.id: image for image in images.many(db, list(image_ids))}
    return [found[image_id] for image_id in image_ids if image_id in found]


def score_pending(services: Services, job: Job, report: Report) -> Json:
    """Job step: answer everything that is pending in the job's project."""
    assert job.project_id is not None
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
    done, after = 0, None
    while True:
        with services.db.connect() as db:
            batch = images.pending(db, project.id, limit=BATCH, after=after)
            left = waiting.count(db, project.id)
        if not batch:
            return {"scored": done}
        answer_images(services, project=project, pictures=batch, timeout=PATIENCE)
        done, after = done + len(batch), batch[-1].id
        report(Progress(done, done + max(0, left - len(batch)), f"{done} pictures answered"))


def rescore(services: Services, job: Job, report: Report) -> Json:
    """Job step: let the live model answer what another version, or none, answered; labels are never touched."""
    assert job.project_id is not None
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
    done, after = 0, None
    while project.live_version_id:
        with services.db.connect() as db:
            batch = waiting.answered_by_others(db, project.id, project.live_version_id, limit=BATCH, after=after)
        if not batch:
            break
        answer_images(services, project=project, pictures=batch, timeout=PATIENCE)
        done, after = done + len(batch), batch[-1].id
        report(Progress(done, done + BATCH, f"{done} pictures answered"))
    return {"rescored": done}


def answer_images(services: Services, *, project: Project, pictures: Sequence[Image], timeout: float) -> None:
    """Run `pictures` through the runtime for at most `timeout` seconds and write every answer in one transaction.

    Those that the model breaks down over stay pending, and what fails together is written down once.
    """
    until = time.monotonic() + timeout
    asked = [(image, _submit(services, image, timeout=timeout)) for image in pictures]
    wait([future for _, future in asked if future], timeout=max(0.0, until - time.monotonic()))
    rows: list[Row] = []
    unreadable: list[tuple[Image, str]] = []
    broken: dict[str, BaseException] = {}
    for image, future in asked:
        if future is None or future.cancel() or not future.done():
            continue
        error = future.exception()
        if error is None:
            rows.append(_row(services, project, image, future.result()))
        elif isinstance(error, BadImage):
            unreadable.append((image, error.message))
        elif breaking.is_mishap(error):
            if breaking.counts(error, image.id):
                broken[image.id] = error
        elif not isinstance(error, Overloaded):
            raise error
    if rows or unreadable:
        _write(services, rows, unreadable)
    breaking.note(services, project_id=project.id, version_id=project.live_version_id, errors=broken)


def _submit(services: Services, image: Image, *, timeout: float) -> Future[Answer] | None:
    try:
        data = services.blobs.get(image.sha256)
        return services.runtime.submit(data, project_id=image.project_id, facts=True, timeout=timeout)
    except (Overloaded, Missing):
        return None


def _row(services: Services, project: Project, image: Image, answer: Answer) -> Row:
    facts = answer.facts
    if facts is not None:
        services.blobs.keep("thumb", image.sha256, facts.thumbnail)
        facts = with_issues(facts, project)
    return image, facts, prediction(services, project, image, answer), answer.embedding


def _write(services: Services, rows: Sequence[Row], unreadable: Sequence[tuple[Image, str]]) -> None:
    with services.db.begin() as db:
        images.apply_answers(db, rows)
        for image, reason in unreadable:
            images.mark_unreadable(db, image, reason)
