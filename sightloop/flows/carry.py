"""Carry a job: run the steps that are left, say how far they are, and record how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sightloop.core.entities import Job, Progress
from sightloop.core.errors import (
    Cancelled,
    Conflict,
    Overloaded,
    SightloopError,
    StorageFull,
    Throttled,
    Unavailable,
)
from sightloop.flows import jobs
from sightloop.flows.services import Services

REPORT_SECONDS = 1.0
PASSING = (Overloaded, Throttled, Unavailable, StorageFull)  # errors that end by themselves

STOPPED = "stopped on request."

log = logging.getLogger(__name__)


class LostJob(Cancelled):
    """Another worker has claimed the job since; nothing may be written for it any more."""


class Reporter:
    """What a step calls to say how far it is; here a cancel arrives, as `Cancelled`."""

    def __init__(self, services: Services, job: Job, *, lease: float, stopping: Callable[[], bool]) -> None:
        self.job = job
        self.cancelled = False
        self._services = services
        self._lease = lease
        self._stopping = stopping
        self._written_at = float("-inf")

    def __call__(self, progress: Progress) -> None:
        """Write the progress at most once a second; raises Cancelled where the step should stop."""
        if time.monotonic() - self._written_at < REPORT_SECONDS and not self._stopping():
            return
        self._written_at = time.monotonic()
        share = min(1.0, progress.done / progress.total) if progress.total else 0.0
        try:
            self.cancelled = jobs.beat(self._services, self.job, lease=self._lease, progress=(share, progress.message))
        except Conflict as error:
            raise LostJob(error.message) from error
        except Unavailable:
            log.warning("progress of job %s could not be written", self.job.id)
        if self.cancelled or self._stopping():
            raise Cancelled(f"job {self.job.id} was asked to stop.")


def carry(services: Services, job: Job, *, report: Reporter) -> None:
    """Run the steps that are left, one after another; an error of ours is recorded, any other is raised."""
    from sightloop.flows.steps import step

    try:
        while job.state == "running":
            name = job.steps[job.step]
            jobs.note(services, job, line=f"step {name}: started")
            job = report.job = jobs.advance(services, job, result=step(name)(services, job, report))
    except LostJob:
        log.warning("job %s was taken over by another worker", job.id)
    except Cancelled:
        if report.cancelled:
            jobs.fail(services, job, error=STOPPED, retry=False)
        else:
            jobs.release(services, job)
    except SightloopError as error:
        sentence = f"{error.message} {error.hint}".strip()
        jobs.fail(services, job, error=sentence, retry=isinstance(error, PASSING))
