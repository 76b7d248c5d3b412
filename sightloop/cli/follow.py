"""Follow a job to its end: stage, progress, elapsed and remaining; Ctrl-C asks it to stop."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from sightloop.cli import workers
from sightloop.cli.output import duration
from sightloop.core.errors import Cancelled, Conflict, SightloopError

if TYPE_CHECKING:
    from sightloop.core.entities import Job
    from sightloop.flows.services import Services

FINAL = ("done", "failed", "cancelled")
POLL_SECONDS = 0.2
STARTS = 5
WIDTH = 24


def follow(services: Services, job: Job) -> Job:
    """The finished job; where no worker is alive, one is started for it.

    Raises:
        Cancelled: somebody asked it to stop.
        SightloopError: it failed, with its reason.
    """
    from sightloop.flows import access, jobs

    own = _Own(services, job)
    line = _Line()
    asked = False
    try:
        while job.state not in FINAL:
            try:
                own.ensure()
                time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                if asked:
                    raise
                asked = True
                line.say("Asked the job to stop; Ctrl-C again leaves it behind.")
                with suppress(Conflict):
                    jobs.cancel(services, user=access.OPERATOR, job_id=job.id)
            job = jobs.show(services, user=access.OPERATOR, job_id=job.id)
            line.show(job)
    finally:
        line.end()
        own.close()
    return _finished(job)


def _finished(job: Job) -> Job:
    if job.state == "cancelled":
        raise Cancelled(f"job {job.id} was cancelled.", hint="What it had finished is kept.")
    if job.state == "failed":
        raise SightloopError(job.error or f"job {job.id} failed.", hint=f"sightloop jobs log {job.id}")
    return job


class _Own:
    """A worker process for this one job, only where no other is alive; started again where it dies."""

    def __init__(self, services: Services, job: Job) -> None:
        self._services = services
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        self._starts = 0

    def ensure(self) -> None:
        from sightloop.flows import jobs

        if self._process and self._process.poll() is None:
            return
        if jobs.workers_alive(self._services):
            return
        if self._starts == STARTS:
            raise SightloopError(f"the worker ended {STARTS} times: {self._last_line()}", hint="sightloop doctor")
        self._starts += 1
        self._process = workers.start("--once", "--job", self._job.id, data=self._services.data, errors=self._errors)

    def close(self) -> None:
        if self._process:
            workers.stop(self._process)
        self._errors.close()

    def _last_line(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]


class _Line:
    """One line on stderr that is rewritten on a terminal, and printed once per stage elsewhere."""

    def __init__(self) -> None:
        self._rewrites = sys.stderr.isatty()
        self._last = ""
        self._stage = -1
        self._started = self._stage_started = time.monotonic()

    def show(self, job: Job) -> None:
        number = min(job.step, len(job.steps) - 1)
        if number != self._stage:
            self._stage, self._stage_started = number, time.monotonic()
            if not self._rewrites:
                click.echo(f"{number + 1}/{len(job.steps)} {job.steps[number]}", err=True)
        if self._rewrites:
            self._write(self._text(job, number=number))

    def say(self, sentence: str) -> None:
        self.end()
        click.echo(sentence, err=True)

    def end(self) -> None:
        if self._last:
            click.echo("", err=True)
        self._last = ""

    def _text(self, job: Job, *, number: int) -> str:
        now = time.monotonic()
        done = round(job.progress * WIDTH)
        spent = now - self._stage_started
        left = f", {duration(spent / job.progress - spent)} left" if 0.02 < job.progress < 1 else ""
        bar = "█" * done + "·" * (WIDTH - done)
        what = f"{number + 1}/{len(job.steps)} {job.steps[number]}: {job.message[:50]}"
        return f"{bar} {job.progress:4.0%}  {what}  {duration(now - self._started)}{left}"

    def _write(self, text: str) -> None:
        if text != self._last:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
        self._last = text
