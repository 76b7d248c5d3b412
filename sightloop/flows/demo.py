"""Fill an empty data folder with sample projects that train themselves while you watch."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sightloop.core.entities import Job, Json
from sightloop.core.errors import Missing
from sightloop.core.ports import Report
from sightloop.flows import accounts, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.samples import write
from sightloop.store import jobs, users
from sightloop.store import projects as project_rows

ADMIN = "admin@sightloop.local"
STEPS = ("draw", "import", "describe", "snapshot", "train", "evaluate", "register", "rescore")
SEED = 7
TRAINING: Json = {
    "backbone": "resnet10t_narrow",
    "weights": "none",
    "freeze": "none",
    "input_size": 64,
    "epochs": 22,
    "lr": 0.003,
    "dropout": 0.0,
    "hidden": 128,
    "warmup": 0.06,
    "zoom": 0.12,
    "rotation": 0.0,
    "threads": 1,
    "label_smoothing": 0.1,
    "patience": 0,
}
CRACKS: Json = {
    "backbone": "plain",
    "weights": "none",
    "width": 8,
    "tile": 96,
    "batch": 8,
    "epochs": 18,
    "lr": 0.003,
    "contrast": 0.6,
    "gaussian_blur": 2.0,
    "noise": 15.0,
    "zoom": 2.0,
    "threads": 2,
    "patience": 0,
}


@dataclass(frozen=True)
class Sample:
    """One sample project; `labelled` and `new` are pictures per class, or per surface of cracks."""

    name: str
    title: str
    labelled: int
    new: int
    recipe: str = "blank"
    family: str = "transfer"
    params: Mapping[str, Any] = field(default_factory=lambda: TRAINING)


SAMPLES = (
    Sample("specimens", "Specimens: ten forms in the field", labelled=170, new=12),
    Sample("eyes", "Eyes: clear and clouded lenses", labelled=300, new=20),
    Sample(
        "cracks",
        "Cracks in concrete and asphalt",
        labelled=100,
        new=6,
        recipe="crack",
        family="attention_unet",
        params=CRACKS,
    ),
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
            running = jobs.all(db, project_id=project.id, states=("queued", "running"), kinds=("demo",), limit=1)
        if project.live_version_id or running:
            return running[0] if running else None
    except Missing:
        classes = write.DRAWN[sample.name][0] if sample.name in write.DRAWN else ()
        project = projects.create(
            services, user=OPERATOR, name=sample.name, title=sample.title, recipe=sample.recipe, classes=classes
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
        "family": sample.family,
        "params": dict(sample.params),
        "experiment": "demo",
    }


def draw(services: Services, job: Job, report: Report) -> Json:
    """Job step: draw the project's pictures, the labelled ones and some that nobody has looked at yet."""
    folder = services.data / "samples" / job.params["kind"]
    kind, labelled, new = job.params["kind"], job.params["labelled"], job.params["new"]
    told = write.write_set(kind, folder / "labelled", count_per_class=labelled, seed=SEED, report=report)
    untold = write.write_set(kind, folder / "new", count_per_class=new, seed=SEED + 1, report=report)
    word = _mask if kind == "cracks" else _class
    rows = [(path, word(path)) for path in told] + [(path, "") for path in untold]
    with Path(job.params["path"]).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("filepath", "mask" if kind == "cracks" else "label"))
        table.writerows((path.relative_to(folder).as_posix(), said) for path, said in rows)
    return {"drawn": len(rows)}


def _class(path: Path) -> str:
    return path.parent.name


def _mask(path: Path) -> str:
    """Where the mask of a drawn crack lies, from the folder of the table."""
    return (Path("labelled") / "masks" / f"{path.stem}.png").as_posix()
