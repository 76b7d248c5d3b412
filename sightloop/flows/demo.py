"""Fill an empty data folder with sample projects that train themselves while you watch."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sightloop.core.entities import Job, Json, Progress
from sightloop.core.errors import Missing
from sightloop.core.ports import Report
from sightloop.flows import accounts, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.samples import write
from sightloop.store import jobs, users
from sightloop.store import projects as project_rows

ADMIN = "admin@sightloop.local"
STEPS = ("draw", "import", "describe", "snapshot", "train", "evaluate", "register")
SEED = 7


@dataclass(frozen=True)
class Sample:
    """One sample project; `labelled` and `new` are pictures per class."""

    name: str
    title: str
    labelled: int
    new: int
    params: Mapping[str, Any] = field(default_factory=dict)


SAMPLES = (
    Sample("specimens", "Specimens: ten forms in the field", labelled=120, new=12),
    Sample("eyes", "Eyes: clear and clouded lenses", labelled=160, new=20),
)


def prepare(services: Services, *, scale: float = 1.0) -> Json:
    """Make sure that the admin account and the sample projects exist and are trained or being trained.

    Args:
        scale: multiplies the number of pictures; 1.0 is the demo, less is for tests.

    Returns:
        {"admin": {"email", "password"} or None where accounts exist already, "jobs": ids of the jobs to follow}.
    """
    found = [_project(services, sample, scale=scale) for sample in SAMPLES]
    return {"admin": _admin(services), "jobs": [job.id for job in found if job]}


def _admin(services: Services) -> Json | None:
    with services.db.connect() as db:
        if users.count(db):
            return None
    password = secrets.token_urlsafe(12)
    accounts.add_user(services, email=ADMIN, name="Admin", password=password, role="admin")
    return {"email": ADMIN, "password": password}


def _project(services: Services, sample: Sample, *, scale: float) -> Job | None:
    """The job that fills this project: the one that is at it, a new one, or None where it has a model."""
    try:
        with services.db.connect() as db:
            project = project_rows.get(db, sample.name)
            running = jobs.all(db, project_id=project.id, states=("queued", "running"), limit=1)
        if project.live_version_id or running:
            return running[0] if running else None
    except Missing:
        project = projects.create(
            services, user=OPERATOR, name=sample.name, title=sample.title, classes=write.CLASSES[sample.name]
        )
    with services.db.begin() as db:
        return jobs.enqueue(
            db,
            kind="demo",
            steps=STEPS,
            params=_params(services, sample, scale=scale),
            project_id=project.id,
            created_by=OPERATOR.id,
            heavy=True,
        )


def _params(services: Services, sample: Sample, *, scale: float) -> Json:
    folder = services.data / "samples" / sample.name
    return {
        "kind": sample.name,
        "labelled": max(4, round(sample.labelled * scale)),
        "new": max(1, round(sample.new * scale)),
        "path": str((folder / "dataset.csv").absolute()),
        "family": "transfer",
        "params": {**TRAINING, **sample.params},
        "experiment": "demo",
    }


TRAINING: Json = {"backbone": "resnet10t", "weights": "none", "freeze": "none", "input_size": 80, "epochs": 12}


def draw(services: Services, job: Job, report: Report) -> Json:
    """Job step: draw the project's pictures, the labelled ones and some that nobody has looked at yet."""
    table = Path(job.params["path"])
    kind, labelled, new = job.params["kind"], job.params["labelled"], job.params["new"]
    rows = [
        *_draw(kind, table.parent / "labelled", count=labelled, seed=SEED, told=True, report=report),
        *_draw(kind, table.parent / "new", count=new, seed=SEED + 1, told=False, report=report),
    ]
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("filepath", "label"), *rows])
    return {"drawn": len(rows)}


def _draw(kind: str, folder: Path, *, count: int, seed: int, told: bool, report: Report) -> list[tuple[str, str]]:
    rows = []
    for done, (path, name) in enumerate(write.write_set(kind, folder, count_per_class=count, seed=seed), start=1):
        rows.append((str(path.relative_to(folder.parent)), name if told else ""))
        report(Progress(done, count * len(write.CLASSES[kind]), f"{done} sample pictures drawn"))
    return rows
