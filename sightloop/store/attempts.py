"""Tries of jobs: since when the current one runs, and another job like one that ended without success."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, func, select

from sightloop.core.entities import Job
from sightloop.core.errors import Conflict
from sightloop.store import jobs as job_rows
from sightloop.store import rows
from sightloop.store.registry_tables import job_lines, jobs

STARTED: Final = "step %: started"  # the line that each try of a step begins with


def began(db: Connection, ids: Iterable[str]) -> dict[str, float]:
    """Job id → when the current try of its current step began."""
    found: dict[str, float] = {}
    query = select(job_lines.c.job_id, func.max(job_lines.c.at)).where(job_lines.c.line.like(STARTED))
    for piece in rows.chunks(ids):
        of_these = query.where(job_lines.c.job_id.in_(piece)).group_by(job_lines.c.job_id)
        found |= {row[0]: float(row[1]) for row in db.execute(of_these)}
    return found


def again(db: Connection, job_id: str, *, by: str | None) -> Job:
    """Queue a new job that does what this one was to do, from its first step.

    Raises:
        Missing: no such job.
        Conflict: it is neither failed nor cancelled.
    """
    job = job_rows.get(db, job_id)
    if job.state not in ("failed", "cancelled"):
        hint = "Only failed and cancelled jobs can be tried again."
        raise Conflict(f"job {job_id!r} is {job.state}.", current=job.state, hint=hint)
    heavy = db.execute(select(jobs.c.heavy).where(jobs.c.id == job_id)).scalar_one()
    return job_rows.enqueue(
        db,
        kind=job.kind,
        steps=job.steps,
        params=job.params,
        project_id=job.project_id,
        created_by=by,
        heavy=bool(heavy),
    )
