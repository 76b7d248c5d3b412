"""Jobs: short lists of steps that one worker at a time carries on, by lease, database time and fencing token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from sightloop.core.entities import Job, JobState, Json, User
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.core.ids import new_id
from sightloop.store import joblog, rows
from sightloop.store.database import lock, now
from sightloop.store.registry_tables import jobs
from sightloop.store.tables import members

TRIES: Final = 3
LEASE: Final = 30.0
BACKOFF: Final = 5.0  # seconds before the second try, twice as many before the third
DIED: Final = "the worker died three times"
UNFINISHED: Final = ("queued", "running")

append_log = joblog.append_log
log = joblog.log
worker_seen = joblog.worker_seen
workers_alive = joblog.workers_alive


def enqueue(
    db: Connection,
    *,
    kind: str,
    steps: Sequence[str],
    params: Json | None = None,
    project_id: str | None = None,
    created_by: str | None = None,
    heavy: bool = False,
    run_after: float | None = None,
) -> Job:
    """Queue a job; of the heavy ones only one runs at a time. `run_after` is a time, not a delay."""
    if not steps:
        raise Rejected(f"job {kind!r} has no steps.")
    values: Json = {"kind": kind, "steps": list(steps), "params": params or {}, "project_id": project_id}
    values |= {"created_by": created_by, "heavy": heavy, "run_after": run_after, "created_at": now(db)}
    values |= {"id": new_id(), "step": 0, "state": "queued", "progress": 0.0, "message": "", "context": {}}
    db.execute(insert(jobs).values(**values, tries=0, fence=0, cancel_requested=False))
    return get(db, str(values["id"]))


def bury(db: Connection) -> list[Job]:
    """End expired jobs that nobody shall try again, and return them.

    Those that three workers in a row let expire have failed; those that a person asked to stop are cancelled.
    """
    lock(db, "jobs:claim")
    at = now(db)
    ended = {"finished_at": at, "lease_until": None}
    stopped = update(jobs).where(_expired(at), jobs.c.cancel_requested).values(state="cancelled", **ended)
    died = update(jobs).where(_expired(at), jobs.c.tries >= TRIES).values(state="failed", error=DIED, **ended)
    return [get(db, row[0]) for query in (stopped, died) for row in db.execute(query.returning(jobs.c.id)).all()]


def claim(
    db: Connection, *, worker: str, lease: float = LEASE, kinds: Sequence[str] | None = None, job_id: str | None = None
) -> Job | None:
    """Take the oldest job that waits, or whose worker let its lease of `lease` seconds expire; None if there is none.

    `bury` those first that nobody shall try again.
    """
    lock(db, "jobs:claim")
    at = now(db)
    c = jobs.c
    free = and_(c.state == "queued", or_(c.run_after.is_(None), c.run_after <= at))
    query = select(jobs).where(or_(free, _expired(at)))
    if kinds is not None:
        query = query.where(c.kind.in_(list(kinds)))
    if job_id is not None:
        query = query.where(c.id == job_id)
    if _heavy_runs(db, at):
        query = query.where(c.heavy.is_(False))
    row = db.execute(query.order_by(c.created_at, c.id).limit(1).with_for_update(skip_locked=True)).first()
    return None if row is None else _taken(db, row, worker=worker, at=at, lease=lease)


def heartbeat(
    db: Connection,
    job_id: str,
    *,
    fence: int,
    lease: float = LEASE,
    progress: float | None = None,
    message: str | None = None,
) -> bool:
    """Say that the job's worker lives and how far (0..1) the step is; returns whether a person asked it to stop.

    What is None stays as it was.

    Raises:
        Conflict: another worker has the job now, or it has ended.
    """
    at = now(db)
    row = _held(db, job_id, fence=fence)
    told = {"progress": progress, "message": message}
    told = {name: value for name, value in told.items() if value is not None}
    _set(db, job_id, heartbeat_at=at, lease_until=at + lease, **told)
    return bool(row.cancel_requested)


def advance(db: Connection, job_id: str, *, fence: int, context: Json) -> Job:
    """Go on to the next step, with `context` merged into the job's; tries are counted anew. Raises Conflict."""
    row = _held(db, job_id, fence=fence)
    if row.step + 1 >= len(row.steps):
        raise Rejected(f"job {job_id} is at its last step.", hint="Finish it.")
    _set(db, job_id, step=row.step + 1, context=row.context | context, progress=0.0, message="", tries=1)
    return get(db, job_id)


def finish(db: Connection, job_id: str, *, fence: int, context: Json) -> Job:
    """Mark the job done, with `context` merged into its own. Raises Conflict."""
    row = _held(db, job_id, fence=fence)
    _end(db, job_id, "done", step=len(row.steps), context=row.context | context, progress=1.0)
    return get(db, job_id)


def fail(db: Connection, job_id: str, *, fence: int, error: str, retry: bool = False) -> Job:
    """Record that a step failed: queued again while tries are left and `retry`, cancelled where a person asked to stop.

    Raises:
        Conflict: another worker has the job now, or it has ended.
    """
    row = _held(db, job_id, fence=fence)
    if row.cancel_requested:
        _end(db, job_id, "cancelled", error=error)
    elif retry and row.tries < TRIES:
        later = now(db) + BACKOFF * 2 ** (row.tries - 1)
        _set(db, job_id, state="queued", error=error, run_after=later, lease_until=None, worker=None)
    else:
        _end(db, job_id, "failed", error=error)
    return get(db, job_id)


def cancel(db: Connection, job_id: str) -> Job:
    """Ask a job to stop: at once where it waits, at its worker's next heartbeat where it runs.

    Raises:
        Conflict: it has ended.
    """
    row = _locked(db, job_id)
    if row.state not in UNFINISHED:
        raise Conflict(f"job {job_id} is {row.state} already.", current=row.state)
    if row.state == "queued":
        _end(db, job_id, "cancelled", cancel_requested=True)
    else:
        _set(db, job_id, cancel_requested=True)
    return get(db, job_id)


def release(db: Connection, job_id: str, *, fence: int) -> Job:
    """Give a running job back to the queue, as a worker that shuts down does; the try is not counted."""
    row = _held(db, job_id, fence=fence)
    _set(db, job_id, state="queued", lease_until=None, worker=None, tries=max(row.tries - 1, 0))
    return get(db, job_id)


def get(db: Connection, job_id: str) -> Job:
    """The job; raises Missing."""
    row = db.execute(select(*rows.columns(jobs, Job)).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise Missing(f"no job {job_id!r}.")
    return rows.read(Job, row)


def all(  # noqa: A001
    db: Connection,
    *,
    project_id: str | None = None,
    kinds: Sequence[str] | None = None,
    states: Sequence[JobState] | None = None,
    limit: int = 50,
    reader: User | None = None,
) -> list[Job]:
    """Jobs that `reader` may see, the newest first: of projects with a role, and their own; None and admins see all."""
    c = jobs.c
    query = select(*rows.columns(jobs, Job)).order_by(c.created_at.desc(), c.id.desc()).limit(limit)
    if project_id is not None:
        query = query.where(c.project_id == project_id)
    if kinds is not None:
        query = query.where(c.kind.in_(list(kinds)))
    if states is not None:
        query = query.where(c.state.in_(list(states)))
    if reader is not None and reader.role != "admin":
        mine = select(members.c.project_id).where(members.c.user_id == reader.id)
        query = query.where(or_(c.project_id.in_(mine), c.created_by == reader.id))
    return [rows.read(Job, row) for row in db.execute(query)]


def counts(db: Connection) -> dict[str, int]:
    """How many jobs are in each state, none left out."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    return dict.fromkeys(get_args(JobState), 0) | {state: int(n) for state, n in db.execute(query)}


def _expired(at: float) -> Any:
    return and_(jobs.c.state == "running", jobs.c.lease_until < at)


def _heavy_runs(db: Connection, at: float) -> bool:
    c = jobs.c
    query = select(c.id).where(c.state == "running", c.heavy, c.lease_until >= at).limit(1)
    return db.execute(query).first() is not None


def _taken(db: Connection, row: Row[Any], *, worker: str, at: float, lease: float) -> Job:
    _set(
        db,
        row.id,
        state="running",
        worker=worker,
        fence=row.fence + 1,
        tries=row.tries + 1,
        started_at=row.started_at or at,
        heartbeat_at=at,
        lease_until=at + lease,
        error=None,
    )
    return get(db, row.id)


def _locked(db: Connection, job_id: str) -> Row[Any]:
    row = db.execute(select(jobs).where(jobs.c.id == job_id).with_for_update()).one_or_none()
    if row is None:
        raise Missing(f"no job {job_id!r}.")
    return row


def _held(db: Connection, job_id: str, *, fence: int) -> Row[Any]:
    row = _locked(db, job_id)
    if row.fence != fence or row.state != "running":
        raise Conflict(f"job {job_id} is {row.state} at fence {row.fence}, not {fence}.", current=row.state)
    return row


def _end(db: Connection, job_id: str, state: JobState, **values: Any) -> None:
    _set(db, job_id, state=state, finished_at=now(db), lease_until=None, **values)


def _set(db: Connection, job_id: str, **values: Any) -> None:
    db.execute(update(jobs).where(jobs.c.id == job_id).values(values))
