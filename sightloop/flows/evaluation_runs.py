"""The experiment log of evaluations: which version was judged on what, and what came out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sightloop.core.entities import Job, Json, ModelVersion, Project
from sightloop.core.errors import Rejected
from sightloop.flows import outbox, outcomes
from sightloop.flows.judging import Judged
from sightloop.flows.services import Services
from sightloop.store import projects, runs, versions
from sightloop.store.database import Connection


@dataclass(frozen=True)
class Evaluation:
    """A version that is judged now, and the id of the run that says so."""

    project: Project
    version: ModelVersion
    run_id: str


def begin(services: Services, job: Job) -> Evaluation:
    """Begin the run of an evaluation's job, or find the one that a worker which died had begun."""
    with services.db.begin() as db:
        project = projects.get(db, job.project_id or "")
        version = versions.by_id(db, job.params["version_id"])
        known = runs.by_job(db, job.id, kind="evaluation")
        return Evaluation(project, version, known["id"] if known else _start(db, job, version))


def _start(db: Connection, job: Job, version: ModelVersion) -> str:
    path = job.params.get("path")
    data = "test side" if path is None else "archive" if job.params["discard"] else Path(path).name
    return runs.start(
        db,
        version.project_id,
        family=version.family,
        params={"version": version.number, "data": data},
        job_id=job.id,
        created_by=job.created_by,
        kind="evaluation",
    )


def end(services: Services, evaluation: Evaluation, *, judged: Judged, figures: Json) -> None:
    """Keep the figures in the run and what was said of stored pictures in their rows; plots wait for the mirror."""
    if services.tracker is not None:
        with suppress(Rejected):  # nothing is installed to draw with
            drawn = judged.plots(figures)
            outbox.put(services, evaluation.run_id, {f"plots/{name}": data for name, data in drawn.items()})
    project, version = evaluation.project, evaluation.version
    with services.db.begin() as db:
        runs.finish(db, evaluation.run_id, metrics=figures, version_id=version.id)
        outcomes.keep(db, judged.said(), project=project, version=version, at=services.clock())
