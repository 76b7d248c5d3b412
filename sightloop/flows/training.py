"""Train a model: ask for it, and carry out its steps from snapshot to registered version."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sightloop import families
from sightloop.core.entities import Example, Job, Json, Progress, Snapshot, TrainingSet, User
from sightloop.core.ports import Report
from sightloop.flows import manifests
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.store import jobs, projects, runs, snapshots
from sightloop.store.database import Connection

STEPS = ("snapshot", "train", "evaluate", "register")


def start(
    services: Services, *, user: User, name: str, family: str, params: Mapping[str, Any], experiment: str = ""
) -> Job:
    """Queue a training of `family` with `params`; both are checked before anything is queued.

    Raises:
        Missing: no such project or family.
        Rejected: a parameter is unknown or out of range, or the family's extra is not installed.
    """
    project = project_for(services, user=user, name=name, action="train")
    checked = dataclasses.asdict(families.params(family, dict(params)))
    families.check_weights(family, checked, services.weights)
    with services.db.begin() as db:
        return jobs.enqueue(
            db,
            kind="train",
            steps=STEPS,
            params={"family": family, "params": checked, "experiment": experiment or project.name},
            project_id=project.id,
            created_by=user.id,
            heavy=True,
        )


def offered(services: Services) -> list[Json]:
    """Every family that can be trained, with its parameters; see `families.offered`."""
    return families.offered(services.weights)


def train(services: Services, job: Job, report: Report) -> Json:
    """Job step: let the family make a bundle folder in the job's work folder."""
    assert job.project_id is not None
    work = services.work_folder(job.id)
    name, params = job.params["family"], job.params["params"]
    with services.db.begin() as db:
        project = projects.get(db, job.project_id)
        taken = snapshots.get(db, job.context["snapshot_id"])
        known = runs.by_job(db, job.id)
        run_id = known["id"] if known else _start_run(db, job, taken)
    follow = _Curve(services, run_id, report)
    made = families.get(name).train(
        training_set(services, taken),
        families.params(name, params),
        folder=work / "bundle",
        work=work / "state",
        report=follow,
        context={"weights_dir": str(services.weights), "snapshot": taken.hash, "project": project.name},
    )
    follow.complete(made.get("history", []))
    return {"run_id": run_id, "trained": made}


def _start_run(db: Connection, job: Job, taken: Snapshot) -> str:
    return runs.start(
        db,
        taken.project_id,
        family=job.params["family"],
        params={**job.params["params"], "experiment": job.params["experiment"]},
        job_id=job.id,
        snapshot_id=taken.id,
        created_by=job.created_by,
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


def training_set(services: Services, taken: Snapshot) -> TrainingSet:
    """The snapshot's training and calibration sides with local paths; the test side is never in it."""
    rows = [row for row in manifests.read(services, taken) if row["side"] in ("train", "calibration")]
    classes = tuple(sorted({row["label"] for row in rows if row["side"] == "train"}))
    sides: dict[str, list[Example]] = {"train": [], "calibration": []}
    for row in rows:
        if row["label"] in classes:
            path = str(services.blobs.path(row["sha256"]))
            sides[row["side"]].append(Example(row["image_id"], path, classes.index(row["label"]), row["group"]))
    return TrainingSet(classes, tuple(sides["train"]), tuple(sides["calibration"]))
