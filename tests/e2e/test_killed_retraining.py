"""A retraining whose worker is killed (-9) at every one of its stages ends as one left alone: once, and whole."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from pathlib import Path
from signal import SIGKILL

from sightloop.core.entities import Job, Json
from sightloop.flows import importing, jobs, models, noticing, predict, projects, retraining, runs, training
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.store import gates, snapshots, versions
from sightloop.store import projects as project_rows
from tests import cascaded, tiny
from tests.e2e.running import environment

EACH = 40
LEASE = "1"
PARAMS: Json = {"weights": "none", "backbone": "test_resnet", "input_size": 32}

# Python runs a module of this name on its path before anything else: in the worker's child it kills the worker and the
# child itself at the worst moment of a step, when all that the step does is done and nothing says so yet.
KILLING = """
import os, signal, sys
if "--child" in sys.orig_argv:
    from sightloop.flows import jobs
    advance = jobs.advance
    def killing(services, job, *, result):
        if job.steps[job.step] == os.environ["KILLED_AT"]:
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        return advance(services, job, result=result)
    jobs.advance = killing
"""


def test_a_retraining_whose_worker_is_killed_at_every_stage_makes_one_version_that_goes_live_once(
    services: Services, tmp_path: Path
) -> None:
    painted(services, tmp_path)
    (tmp_path / "sitecustomize.py").write_text(KILLING)
    job = retraining.start(services, user=OPERATOR, name="paint", force=True)
    for stage in training.STEPS:
        assert work(services, job, PYTHONPATH=str(tmp_path), KILLED_AT=stage) == -SIGKILL
        killed = jobs.show(services, user=OPERATOR, job_id=job.id)
        assert (killed.state, killed.steps[killed.step]) == ("running", stage)
    assert work(services, job) == 0
    said = [row["line"] for row in jobs.log(services, user=OPERATOR, job_id=job.id)]
    assert [said.count(f"step {name}: started") for name in training.STEPS] == [2] * len(training.STEPS)
    ended_once(services, job)
    served(services)


def painted(services: Services, root: Path) -> None:
    """Pictures that people have labelled, and a live model that is wrong of every one."""
    project = projects.create(services, user=OPERATOR, name="paint", classes=tuple(tiny.COLOURS))
    projects.update(services, user=OPERATOR, name="paint", settings={"ratios": [0.4, 0.2, 0.4]})
    for colour in tiny.COLOURS:
        (root / "pictures" / colour).mkdir(parents=True)
        for seed in range(EACH):
            (root / "pictures" / colour / f"{seed}.jpg").write_bytes(tiny.picture(colour, seed=seed))
    tiny.run(services, importing.start(services, user=OPERATOR, name="paint", path=root / "pictures"))
    cascaded.member(services, project, root, sharpness=-8.0, params=PARAMS)


def work(services: Services, job: Job, **variables: str) -> int:
    """Let a worker carry the job; how its process ended."""
    command = [sys.executable, "-m", "sightloop.worker", "--data", str(services.data), "--once", "--job", job.id]
    done = subprocess.run(
        [*command, "--lease", LEASE], env=environment(**variables), stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode


def ended_once(services: Services, job: Job) -> None:
    """Everything that a retraining leaves behind is there, and once."""
    done = jobs.show(services, user=OPERATOR, job_id=job.id)
    assert (done.state, done.context["version"], done.context["gate"]["promoted"]) == ("done", 2, True)
    assert [row["number"] for row in models.listing(services, user=OPERATOR, name="paint")] == [2, 1]
    project = project_for(services, user=OPERATOR, name="paint", action="view")
    with services.db.connect() as db:
        log = project_rows.promotions(db, project.id)
        assert [snapshot.id for snapshot in snapshots.all(db, project.id)] == [done.context["snapshot_id"]]
        verdict = gates.newest(db, done.context["version_id"])
    assert verdict is not None
    assert verdict["id"] == done.context["gate"]["id"]
    assert Counter(row.version_id for row in log) == Counter({row.version_id: 1 for row in log})
    assert [(row.action, row.by) for row in log if row.version_id == project.live_version_id] == [("promote", None)]
    assert [run["state"] for run in runs.listing(services, user=OPERATOR, project="paint")] == ["done"]
    told = Counter(row["kind"] for row in noticing.listing(services, user=OPERATOR).items)
    assert told == {"gate": 1, "promotion": 1, "training": 1}


def served(services: Services) -> None:
    """What is live is the version that was made, its bundle is what its hash says, and it answers as it should."""
    with services.db.connect() as db:
        live = versions.by_id(db, project_rows.get(db, "paint").live_version_id or "")
    assert live.number == 2
    assert hashlib.sha256(services.blobs.path(live.bundle).read_bytes()).hexdigest() == live.bundle
    said = predict.predict(services, user=OPERATOR, project="paint", data=tiny.picture("blue", seed=EACH))
    assert (said["predicted"], said["model_version"]) == ("blue", 2)
