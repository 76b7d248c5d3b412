"""The experiment log: what was trained, with which parameters, how it went, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from sightloop.core.entities import Json
from sightloop.core.errors import Missing
from sightloop.core.ids import new_id
from sightloop.store.database import now
from sightloop.store.registry_tables import jobs, runs
from sightloop.store.registry_tables import points as figures_at

OVER = ("failed", "cancelled")


def start(
    db: Connection,
    project_id: str,
    *,
    family: str,
    params: Json,
    job_id: str | None = None,
    snapshot_id: str | None = None,
    created_by: str | None = None,
    kind: str = "training",
    parent_id: str | None = None,
) -> str:
    """Begin a run (a training, search, trial or evaluation), maybe inside another; returns its id."""
    values: Json = {"id": new_id(), "project_id": project_id, "family": family, "params": params, "metrics": {}}
    values |= {"job_id": job_id, "snapshot_id": snapshot_id, "created_by": created_by, "state": "running"}
    values |= {"kind": kind, "parent_id": parent_id}
    db.execute(insert(runs).values(**values, started_at=now(db)))
    return str(values["id"])


def point(db: Connection, run_id: str, *, step: float, figures: Mapping[str, float]) -> None:
    """Set the figures measured at a step (an epoch) of a run; a step that is done again after a crash counts once."""
    db.execute(delete(figures_at).where(figures_at.c.run_id == run_id, figures_at.c.step == step))
    db.execute(insert(figures_at).values(run_id=run_id, step=step, figures=dict(figures), at=now(db)))


def finish(
    db: Connection, run_id: str, *, metrics: Json | None = None, state: str = "done", version_id: str | None = None
) -> Json:
    """End a run (done, failed, cancelled) with its metrics and the model version it made."""
    values: Json = {"state": state, "finished_at": now(db)}
    values |= {} if metrics is None else {"metrics": metrics}
    values |= {} if version_id is None else {"version_id": version_id}
    db.execute(update(runs).where(runs.c.id == run_id).values(values))
    return get(db, run_id)


def get(db: Connection, run_id: str) -> Json:
    """A run's row; raises Missing."""
    row = db.execute(_rows().where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise Missing(f"no run {run_id!r}.")
    return _told(row)


def by_job(db: Connection, job_id: str, *, kind: str = "training") -> Json | None:
    """The newest run of a job and kind, for a job that goes on after its worker died."""
    query = _rows().where(runs.c.job_id == job_id, runs.c.kind == kind).order_by(runs.c.started_at.desc())
    row = db.execute(query.limit(1)).first()
    return None if row is None else _told(row)


def inside(db: Connection, parent_id: str, *, kind: str) -> list[Json]:
    """The runs of a kind inside another, in the order in which they began."""
    query = _rows().where(runs.c.parent_id == parent_id, runs.c.kind == kind)
    return [_told(row) for row in db.execute(query.order_by(runs.c.started_at, runs.c.id))]


def all(  # noqa: A001
    db: Connection, project_id: str, *, job_id: str | None = None, kind: str | None = None, limit: int = 200
) -> list[Json]:
    """A project's runs, or those of one of its jobs or of one kind, the newest first."""
    query = _rows().where(runs.c.project_id == project_id).order_by(runs.c.started_at.desc(), runs.c.id.desc())
    if job_id is not None:
        query = query.where(runs.c.job_id == job_id)
    if kind is not None:
        query = query.where(runs.c.kind == kind)
    return [_told(row) for row in db.execute(query.limit(limit))]


def _rows() -> Select[Any]:
    ended = jobs.c.state.label("job_state"), jobs.c.finished_at.label("job_finished_at")
    return select(runs, *ended).outerjoin(jobs, jobs.c.id == runs.c.job_id)


def _told(row: Row[Any]) -> Json:
    """The row; a run that its job left behind, however it died, has ended as the job has."""
    run = dict(row._mapping)
    state, at = run.pop("job_state"), run.pop("job_finished_at")
    return run | {"state": state, "finished_at": at} if run["state"] == "running" and state in OVER else run


def points(db: Connection, run_id: str) -> list[Json]:
    """A run's figures in the order of steps, each {step, figures, at}."""
    query = (
        select(figures_at.c.step, figures_at.c.figures, figures_at.c.at)
        .where(figures_at.c.run_id == run_id)
        .order_by(figures_at.c.step)
    )
    return [dict(row._mapping) for row in db.execute(query)]


def points_inside(db: Connection, parent_id: str) -> dict[str, list[Json]]:
    """The points of every run inside another, by its id, each as `points` gives them."""
    query = (
        select(figures_at.c.run_id, figures_at.c.step, figures_at.c.figures, figures_at.c.at)
        .join(runs, runs.c.id == figures_at.c.run_id)
        .where(runs.c.parent_id == parent_id)
        .order_by(figures_at.c.run_id, figures_at.c.step)
    )
    found: dict[str, list[Json]] = {}
    for row in db.execute(query):
        told = dict(row._mapping)
        found.setdefault(told.pop("run_id"), []).append(told)
    return found
