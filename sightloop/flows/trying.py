"""Carry a search out, and keep every trial as a run inside the search's own."""

from __future__ import annotations

from sightloop import families
from sightloop.core.entities import Job, Json
from sightloop.core.ports import Report
from sightloop.flows.examples import training_set
from sightloop.flows.fitting import context_of
from sightloop.flows.services import Services
from sightloop.store import projects, runs, snapshots
from sightloop.store.database import Connection

ENDED = {"done": "done", "pruned": "done", "failed": "failed"}  # a trial's state → its run's


def search(services: Services, job: Job, report: Report) -> Json:
    """Job step: let the family try parameters; the best ones are those of the training that follows."""
    assert job.project_id is not None
    with services.db.begin() as db:
        project = projects.get(db, job.project_id)
        taken = snapshots.get(db, job.context["snapshot_id"])
        known = runs.by_job(db, job.id, kind="search")
        run_id = known["id"] if known else _start(db, job, kind="search", params=_asked(job))
    found = families.run_search(
        job.params,
        training_set(services, taken, project=project),
        work=services.work_folder(job.id) / "state",
        context=context_of(services, taken, project, job.params["params"]),
        told=_Log(services, job, run_id),
        report=report,
    )
    with services.db.begin() as db:
        runs.finish(db, run_id, metrics=found)
    return {"search_run": run_id, "found": found["found"]}


def _asked(job: Job) -> Json:
    asked = {name: job.params[name] for name in ("trials", "processes", "space")}
    return {**job.params["params"], **asked, "experiment": job.params["experiment"]}


def _start(db: Connection, job: Job, *, kind: str, params: Json, parent_id: str | None = None) -> str:
    assert job.project_id is not None
    return runs.start(
        db,
        job.project_id,
        family=job.params["family"],
        params=params,
        job_id=job.id,
        snapshot_id=job.context["snapshot_id"],
        created_by=job.created_by,
        kind=kind,
        parent_id=parent_id,
    )


class _Log:
    """Writes what is told of trials into their runs; what is told again after a crash is written once."""

    def __init__(self, services: Services, job: Job, run_id: str) -> None:
        self.services, self.job, self.run_id = services, job, run_id
        with services.db.connect() as db:
            found = runs.inside(db, run_id, kind="trial")
            points = runs.points_inside(db, run_id)
        self.runs = {run["params"]["trial"]: run["id"] for run in found}
        self.over = {run["id"] for run in found if run["finished_at"] is not None}
        self.steps = {run: {point["step"] for point in known} for run, known in points.items()}

    def __call__(self, trial: Json) -> None:
        with self.services.db.begin() as db:
            run = self.runs.get(trial["number"]) or self._begin(db, trial)
            for row in trial["epochs"]:
                self._point(db, run, dict(row))
            if trial["state"] in ENDED and run not in self.over:
                runs.finish(db, run, metrics=_figures(trial), state=ENDED[trial["state"]])
                self.over.add(run)

    def _begin(self, db: Connection, trial: Json) -> str:
        params = {**self.job.params["params"], **trial["params"], "trial": trial["number"]}
        run = _start(db, self.job, kind="trial", params=params, parent_id=self.run_id)
        self.runs[trial["number"]] = run
        return run

    def _point(self, db: Connection, run: str, figures: Json) -> None:
        step, known = figures.pop("epoch"), self.steps.setdefault(run, set())
        if step not in known:
            runs.point(db, run, step=step, figures=figures)
            known.add(step)


def _figures(trial: Json) -> Json:
    said = {"accuracy": trial["value"], "loss": trial["loss"], "reason": trial["reason"]}
    return {name: value for name, value in said.items() if value is not None} | {"pruned": trial["state"] == "pruned"}
