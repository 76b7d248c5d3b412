"""Let a family make a bundle of a snapshot, and keep its progress as points of a run."""

from __future__ import annotations

from collections.abc import Sequence

from sightloop import families
from sightloop.core.entities import Job, Json, Progress, Project, Snapshot, TrainingSet
from sightloop.core.ports import Report
from sightloop.flows import members, taught
from sightloop.flows.examples import training_set
from sightloop.flows.services import Services
from sightloop.store import projects, runs, snapshots
from sightloop.store.database import Connection


def train(services: Services, job: Job, report: Report) -> Json:
    """Job step: let the family make a bundle folder in the job's work folder."""
    assert job.project_id is not None
    work = services.work_folder(job.id)
    name, params = job.params["family"], chosen(job)
    with services.db.begin() as db:
        project = projects.get(db, job.project_id)
        taken = snapshots.get(db, job.context["snapshot_id"])
        known = runs.by_job(db, job.id)
        run_id = known["id"] if known else _start_run(db, job, taken)
    follow = _Curve(services, run_id, report)
    made = families.get(name).train(
        _data(services, taken, project, params),
        families.params(name, params),
        folder=work / "bundle",
        work=work / "state",
        report=follow,
        context={
            **context_of(services, taken, project, params),
            "members": members.folders(services, project, params) if name == members.FAMILY else {},
        },
    )
    follow.complete(made.get("history", []))
    return {"run_id": run_id, "trained": made}


def chosen(job: Job) -> Json:
    """The parameters of a training: those asked for, with what a search found in their place."""
    return {**job.params["params"], **job.context.get("found", {})}


def context_of(services: Services, taken: Snapshot, project: Project, params: Json) -> Json:
    """What every family is told beside its pictures and parameters."""
    return {
        "weights_dir": str(services.weights),
        "snapshot": taken.hash,
        "project": project.name,
        "live": _live(services, project, params),
    }


def _data(services: Services, taken: Snapshot, project: Project, params: Json) -> TrainingSet:
    """The snapshot's pictures; a cascade is certified only with those that none of its members has met."""
    found = training_set(services, taken, project=project)
    return taught.unmet(services, members.named(services, project, params), found)


def _live(services: Services, project: Project, params: Json) -> str | None:
    """The folder of the live bundle, or of the accurate member of a live cascade, where a training goes on from it."""
    return members.live_folder(services, project) if params["weights"] == families.LIVE else None


def _start_run(db: Connection, job: Job, taken: Snapshot) -> str:
    return runs.start(
        db,
        taken.project_id,
        family=job.params["family"],
        params={**chosen(job), "experiment": job.params["experiment"]},
        job_id=job.id,
        snapshot_id=taken.id,
        created_by=job.created_by,
        parent_id=job.context.get("search_run"),
    )


class _Curve:
    """Passes progress on to the job and keeps its figures as points of the run."""

    def __init__(self, services: Services, run_id: str, report: Report) -> None:
        self.services, self.run_id, self.report = services, run_id, report

    def __call__(self, progress: Progress) -> None:
        self.report(progress)
        if "epoch" in progress.figures:
            figures = dict(progress.figures)
            with self.services.db.begin() as db:
                runs.point(db, self.run_id, step=figures.pop("epoch"), figures=figures)

    def complete(self, history: Sequence[Json]) -> None:
        """Add the epochs that a crash took between their checkpoint and their point."""
        with self.services.db.begin() as db:
            known = {point["step"] for point in runs.points(db, self.run_id)}
            for row in history:
                if "epoch" in row and row["epoch"] not in known:
                    figures = {name: value for name, value in row.items() if name != "epoch"}
                    runs.point(db, self.run_id, step=row["epoch"], figures=figures)
