"""A training whose process is killed ends as one that was left alone: same figures, one run, one version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import torch

from sightloop.core.entities import Job, Json
from sightloop.flows import importing, jobs, models, projects, runs, training
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests import tiny
from tests.e2e.running import environment, opened, until

EPOCHS = 25
TRAINING: dict[str, Any] = {
    "backbone": "test_resnet", "weights": "none", "input_size": 32, "precision": "fp32", "epochs": EPOCHS,
    "patience": 0, "views": 2, "checkpoint_seconds": 0.2,
}  # fmt: skip


def test_a_training_whose_process_is_killed_ends_as_one_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as services:
        painted(services, tmp_path / "pictures")
        killed = killed_once(services)
        [run], [version] = everything(services)
        assert (killed.state, killed.context["version"], version["number"]) == ("done", 1, 1)
        assert [point["step"] for point in points(services, run)] == list(range(1, EPOCHS + 1))
        alone = left_alone(services)
        assert alone.context["evaluation"] == killed.context["evaluation"]
        assert alone.context["trained"]["history"] == killed.context["trained"]["history"]
        assert alone.context["trained"]["metrics"] == killed.context["trained"]["metrics"]


def painted(services: Services, folder: Path) -> None:
    projects.create(services, user=OPERATOR, name="paint", classes=tuple(tiny.COLOURS))
    for colour in tiny.COLOURS:
        (folder / colour).mkdir(parents=True)
        for seed in range(12):
            (folder / colour / f"{seed}.jpg").write_bytes(tiny.picture(colour, seed=seed))
    tiny.run(services, importing.start(services, user=OPERATOR, name="paint", path=folder))


def asked(services: Services) -> Job:
    return training.start(services, user=OPERATOR, name="paint", family="transfer", params=TRAINING)


def killed_once(services: Services) -> Job:
    """Let a worker train, kill the process that does it in the middle, and let the worker go on."""
    job = asked(services)
    command = [sys.executable, "-m", "sightloop.worker", "--data", str(services.data), "--once", "--job", job.id]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as worker:
        until(lambda: len(measured(services)) > 2)
        psutil.Process(worker.pid).children()[0].kill()
        assert len(measured(services)) < EPOCHS
        until(lambda: worker.poll() is not None)
    said = [row["line"] for row in jobs.log(services, user=OPERATOR, job_id=job.id)]
    assert any("killed by signal 9" in line for line in said)
    assert said.count("step train: started") == 2
    return jobs.show(services, user=OPERATOR, job_id=job.id)


def left_alone(services: Services) -> Job:
    """The same training in this process, with as many threads as the worker's child has."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return tiny.run(services, asked(services))
    finally:
        torch.set_num_threads(before)


def measured(services: Services) -> list[Json]:
    return [point for run in everything(services)[0] for point in points(services, run)]


def points(services: Services, run: Json) -> list[Json]:
    found: list[Json] = runs.show(services, user=OPERATOR, project="paint", run_id=run["id"])["points"]
    return found


def everything(services: Services) -> tuple[list[Json], list[Json]]:
    found = runs.listing(services, user=OPERATOR, project="paint")
    return list(found), list(models.listing(services, user=OPERATOR, name="paint"))
