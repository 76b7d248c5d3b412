"""Let the worker answer pictures that have waited too long for one, or have one of an older model."""

from __future__ import annotations

from sightloop.core.entities import Job, Json, User
from sightloop.flows import registry
from sightloop.flows.access import project_for
from sightloop.flows.jobs import FINAL
from sightloop.flows.services import Services
from sightloop.store import images, jobs, projects

WAITED = 30.0  # seconds a picture is left to whoever uploaded it
PAUSE = 600.0  # seconds between two tries on pictures that stay pending


def score_waiting(services: Services) -> None:
    """Queue a job for each project whose pictures have waited too long for an answer, unless one is at it."""
    now = services.clock()
    with services.db.connect() as db:
        waiting = [
            project.id
            for project in projects.all(db, reader=None)
            if any(image.created_at < now - WAITED for image in images.pending(db, project.id, limit=1))
            and not any(_scores(job, now=now) for job in jobs.all(db, project_id=project.id, limit=20))
        ]
    for project_id in waiting:
        with services.db.begin() as db:
            jobs.enqueue(db, kind="score", steps=("score",), project_id=project_id)


def rescore(services: Services, *, user: User, name: str) -> Json:
    """Queue the live model's answers for every picture that an older model answered; labels are never touched."""
    project = project_for(services, user=user, name=name, action="train")
    with services.db.begin() as db:
        return {"job": registry.queue_rescore(db, project.id, version_id=project.live_version_id, by=user.id)}


def _scores(job: Job, *, now: float) -> bool:
    """Whether the job is about to answer waiting pictures, or tried to a moment ago."""
    return "score" in job.steps and (job.state not in FINAL or (job.finished_at or now) > now - PAUSE)
