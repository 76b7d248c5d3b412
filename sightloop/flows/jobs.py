"""Jobs: who may see and stop them, and the bookkeeping of the worker that carries one."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

from sightloop.core.entities import Job, JobState, Json, User
from sightloop.core.errors import Conflict, Forbidden, Missing
from sightloop.core.permissions import Action, require
from sightloop.flows import learnt_notices
from sightloop.flows.access import project_for, project_in
from sightloop.flows.services import Services
from sightloop.store import attempts, jobs, names

LEASE = 30.0
ALIVE = 20.0
STRANGE = 86_400.0  # seconds after which what belongs to no job goes
GUESSABLE = 0.02  # share of a step that must be done before the rest is estimated from it
FINAL: tuple[JobState, ...] = ("done", "failed", "cancelled")
OWN: dict[str, Action] = {"import": "upload", "export": "export", "evaluate": "view"}  # others need "train"


def listing(
    services: Services,
    *,
    user: User,
    project: str | None = None,
    states: Sequence[JobState] | None = None,
    kinds: Sequence[str] | None = None,
    limit: int = 50,
) -> list[Job]:
    """The newest jobs that `user` may see, of one project or of all."""
    found = project_for(services, user=user, name=project, action="view") if project else None
    project_id = found.id if found else None
    with services.db.connect() as db:
        return jobs.all(db, project_id=project_id, states=states, kinds=kinds, limit=limit, reader=user)


def described(services: Services, *, found: Sequence[Job]) -> list[Json]:
    """Jobs with the name of their `project`, `by_name`, the seconds `elapsed` since they began, and those `remaining`.

    What remains is of the current step, judged by how far its current try has come in what time; None where the job
    does not run or the try is at its very beginning.
    """
    with services.db.connect() as db:
        known = names.of_projects(db, [job.project_id for job in found])
        people = names.of_users(db, [job.created_by for job in found])
        began = attempts.began(db, [job.id for job in found if job.state == "running"])
        now = services.db.now(db)
    return [
        {
            **dataclasses.asdict(job),
            "project": known.get(job.project_id or ""),
            "by_name": people.get(job.created_by or ""),
            "elapsed": None if job.started_at is None else max(0.0, (job.finished_at or now) - job.started_at),
            "remaining": _remaining(job, now - began[job.id]) if job.id in began else None,
        }
        for job in found
    ]


def _remaining(job: Job, spent: float) -> float | None:
    return max(0.0, spent) * (1 - job.progress) / job.progress if job.progress >= GUESSABLE else None


def show(services: Services, *, user: User, job_id: str) -> Job:
    """One job; raises Missing where there is none, or none this user may see."""
    with services.db.connect() as db:
        job = jobs.get(db, job_id)
        if user.role == "admin" or job.created_by == user.id:
            return job
        if job.project_id is None:
            raise Missing(f"no job {job_id!r}.")
        project_in(db, user=user, name=job.project_id, action="view")
    return job


def cancel(services: Services, *, user: User, job_id: str) -> Job:
    """Ask a job to stop: at once where it waits, at its next progress report where it runs.

    Raises:
        Missing: no such job, or none this user may see.
        Forbidden: somebody else's job, and the user's role is too low.
        Conflict: it is over already.
    """
    job = show(services, user=user, job_id=job_id)
    if job.created_by != user.id and user.role != "admin":
        if job.project_id is None:
            raise Forbidden(f"job {job_id!r} is not yours.")
        project_for(services, user=user, name=job.project_id, action="train")
    with services.db.begin() as db:
        job = jobs.cancel(db, job_id)
    clear_up(services, job_id)
    return job


def retry(services: Services, *, user: User, job_id: str) -> Job:
    """Queue a job that failed or was cancelled again, as a new one.

    Raises:
        Missing: no such job, or none this user may see.
        Forbidden: the role is too low for this kind of job, or for somebody else's.
        Conflict: it is neither failed nor cancelled, or the file that was sent for it is gone.
    """
    job = show(services, user=user, job_id=job_id)
    action = OWN.get(job.kind, "train") if job.created_by == user.id else "train"
    if job.project_id is None:
        require(user.role, "administer", what=f"job {job_id!r}")
    else:
        project_for(services, user=user, name=job.project_id, action=action)
    with services.db.begin() as db:
        new = attempts.again(db, job_id, by=user.id)  # taken back by the error below
        if not Path(job.params.get("path", "/")).exists():
            raise Conflict(f"the file of job {job_id!r} is gone.", hint="Send it again.")
    return new


def log(services: Services, *, user: User, job_id: str) -> list[Json]:
    """What a job wrote down, oldest first."""
    show(services, user=user, job_id=job_id)
    with services.db.connect() as db:
        return jobs.log(db, job_id)


def workers_alive(services: Services) -> int:
    """How many workers that take any job said so within the last seconds."""
    with services.db.connect() as db:
        return len(jobs.workers_alive(db, since=services.db.now(db) - ALIVE))


def counts(services: Services) -> dict[str, int]:
    """How many jobs are in each state."""
    with services.db.connect() as db:
        return jobs.counts(db)


def seen(services: Services, worker: str) -> None:
    """Say that `worker` is alive."""
    with services.db.begin() as db:
        jobs.worker_seen(db, worker)


def claim(services: Services, *, worker: str, lease: float = LEASE, job_id: str | None = None) -> Job | None:
    """Take the next job that may run (or `job_id`), held for `lease` seconds; None where there is none."""
    with services.db.begin() as db:
        for gone in jobs.bury(db):
            learnt_notices.ended(db, gone)
        return jobs.claim(db, worker=worker, lease=lease, job_id=job_id)


def beat(services: Services, job: Job, *, lease: float = LEASE, progress: tuple[float, str] | None = None) -> bool:
    """Hold the job for `lease` more seconds; returns whether it was asked to stop.

    Args:
        progress: how far the step is (0..1) and a sentence; what was said last stays where it is None.

    Raises:
        Conflict: another worker has claimed the job since, or it has ended.
    """
    with services.db.begin() as db:
        if progress is None:
            current = jobs.get(db, job.id)
            progress = (current.progress, current.message)
        share, message = progress
        return jobs.heartbeat(db, job.id, fence=job.fence, lease=lease, progress=share, message=message)


def held(services: Services, *, job_id: str, fence: int) -> Job:
    """The job as its holder sees it; raises Conflict where another worker has claimed it since."""
    with services.db.connect() as db:
        job = jobs.get(db, job_id)
    if job.fence != fence or job.state != "running":
        raise Conflict(f"job {job_id!r} is {job.state} under fence {job.fence}, not {fence}.")
    return job


def advance(services: Services, job: Job, *, result: Json) -> Job:
    """Store what a step found and move on to the next, in one transaction; the last step finishes the job."""
    move = jobs.advance if job.step + 1 < len(job.steps) else jobs.finish
    with services.db.begin() as db:
        moved = move(db, job.id, fence=job.fence, context=result)
        learnt_notices.ended(db, moved)
        return moved


def fail(services: Services, job: Job, *, error: str, retry: bool) -> Job:
    """Give the job up with its reason: again later with `retry` and tries left, cancelled where that was asked for."""
    with services.db.begin() as db:
        jobs.append_log(db, job.id, error)
        failed = jobs.fail(db, job.id, fence=job.fence, error=error, retry=retry)
        learnt_notices.ended(db, failed)
        return failed


def release(services: Services, job: Job) -> Job:
    """Put the job back as it is, for another worker to go on with; the try does not count."""
    with services.db.begin() as db:
        jobs.append_log(db, job.id, "put back into the queue")
        return jobs.release(db, job.id, fence=job.fence)


def note(services: Services, job: Job, *, line: str) -> None:
    """Add a line to what the job wrote down."""
    with services.db.begin() as db:
        jobs.append_log(db, job.id, line)


def over(services: Services, job_id: str) -> bool:
    """Whether nothing more will happen to the job."""
    with services.db.connect() as db:
        return jobs.get(db, job_id).state in FINAL


def clear_up(services: Services, job_id: str) -> None:
    """Remove what a job that is over no longer needs: its checkpoints, and an uploaded file that was only for it."""
    with services.db.connect() as db:
        job = jobs.get(db, job_id)
    if job.state in FINAL:
        shutil.rmtree(services.data / "work" / job_id, ignore_errors=True)
        if job.params.get("discard"):
            Path(job.params["path"]).unlink(missing_ok=True)


def sweep_work(services: Services) -> None:
    """Remove the checkpoints of jobs that are over, and after a day what belongs to no job."""
    folder = services.data / "work"
    for path in folder.iterdir() if folder.is_dir() else ():
        if not _needed(services, path):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _needed(services: Services, path: Path) -> bool:
    try:
        return not over(services, path.stem)
    except Missing:
        return path.stat().st_mtime > services.clock() - STRANGE
