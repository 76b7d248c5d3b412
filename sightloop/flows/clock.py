"""What is due by time rather than by request: expiry, repair, and pictures that still wait for an answer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from sightloop.core.errors import Missing
from sightloop.flows import checking, trash
from sightloop.flows.jobs import FINAL
from sightloop.flows.services import Services
from sightloop.store import idempotency, images, jobs, projects
from sightloop.store.database import Connection

DAY = 86_400.0
HOUR = 3600.0
MINUTE = 60.0
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
    with services.db.begin() as db:
        for project in projects.all(db, reader=None):
            waiting = images.pending(db, project.id, limit=1)
            if waiting and waiting[0].created_at < now - WAITED and not _busy(db, project.id, now=now):
                jobs.enqueue(
                    db, kind="score", steps=("score",), params={}, project_id=project.id, created_by=None, heavy=False
                )


def _busy(db: Connection, project_id: str, *, now: float) -> bool:
    return any(
        "score" in job.steps and (job.state not in FINAL or (job.finished_at or now) > now - PAUSE)
        for job in jobs.all(db, project_id=project_id, limit=20)
    )


def purge_trash(services: Services) -> None:
    """Remove for good what has been in the trash for longer than the setting says."""
    trash.purge_expired(services)


def forget_keys(services: Services) -> None:
    """Forget idempotency keys of yesterday."""
    with services.db.begin() as db:
        idempotency.expire(db, before=services.clock() - DAY)


def sweep_work(services: Services) -> None:
    """Remove the checkpoints of jobs that are over or unknown."""
    folder = services.data / "work"
    for path in folder.iterdir() if folder.is_dir() else ():
        with services.db.connect() as db:
            try:
                kept = jobs.get(db, path.stem).state not in FINAL
            except Missing:
                kept = False
        if not kept and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif not kept:
            path.unlink(missing_ok=True)


def mend(services: Services) -> None:
    """Put right what a crash may have left: unfinished uploads, and the class folders."""
    checking.repair_at_start(services)


DUTIES = {
    "repair": Duty(DAY, mend),
    "sweep of checkpoints": Duty(HOUR, sweep_work),
    "purge of the trash": Duty(HOUR, purge_trash),
    "expiry of idempotency keys": Duty(HOUR, forget_keys),
    "scoring of waiting pictures": Duty(MINUTE, score_waiting),
}
