"""What is due by time rather than by request: expiry, repair, and pictures that still wait for an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sightloop.core.entities import Job
from sightloop.flows import backup, checking, export_job, trash, view
from sightloop.flows.jobs import FINAL, sweep_work
from sightloop.flows.services import Services
from sightloop.store import idempotency, images, jobs, projects

DAY = 86_400.0
HOUR = 3600.0
MINUTE = 60.0
VIEW_SECONDS = 5.0
WAITED = 30.0  # seconds a picture is left to whoever uploaded it
PAUSE = 600.0  # seconds between two tries on pictures that stay pending


@dataclass(frozen=True)
class Duty:
    """Something to do every so many seconds."""

    seconds: float
    run: Callable[[Services], None]


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


def _scores(job: Job, *, now: float) -> bool:
    """Whether the job is about to answer waiting pictures, or tried to a moment ago."""
    return "score" in job.steps and (job.state not in FINAL or (job.finished_at or now) > now - PAUSE)


def purge_trash(services: Services) -> None:
    """Remove for good what has been in the trash for longer than the setting says."""
    trash.purge_expired(services)


def forget_keys(services: Services) -> None:
    """Forget idempotency keys of yesterday."""
    with services.db.begin() as db:
        idempotency.sweep(db, before=services.clock() - DAY)


def mend(services: Services) -> None:
    """Put right what a crash may have left: unfinished uploads, and the class folders."""
    checking.repair_at_start(services)


def follow_view(services: Services) -> None:
    """Let the class folders follow what happened to pictures."""
    view.follow_events(services)


DUTIES = {
    "class folders": Duty(VIEW_SECONDS, follow_view),
    "repair": Duty(DAY, mend),
    "sweep of checkpoints": Duty(HOUR, sweep_work),
    "purge of the trash": Duty(HOUR, purge_trash),
    "expiry of exports": Duty(HOUR, export_job.sweep),
    "daily backup": Duty(HOUR, backup.queue_daily),
    "expiry of idempotency keys": Duty(HOUR, forget_keys),
    "scoring of waiting pictures": Duty(MINUTE, score_waiting),
}
