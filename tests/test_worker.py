"""Jobs survive the death of their process, of their worker, and of both; real processes, really killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psutil
import pytest

from sightloop import wiring
from sightloop.core.entities import Job, Progress, Project
from sightloop.core.errors import Conflict
from sightloop.flows import carry, clock, importing, jobs, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import images
from sightloop.store import jobs as rows
from sightloop.store.images import Filters
from sightloop.vision import encode

PICTURES = 400
PATIENCE = 90.0

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    built = wiring.build(Settings(data=tmp_path / "data", workers=1))
    yield built
    built.close()


@pytest.fixture
def project(services: Services) -> Project:
    return projects.create(services, user=OPERATOR, name="paint")


@pytest.fixture
def job(services: Services, project: Project, tmp_path: Path) -> Job:
    """An import that takes a few seconds, because its pictures are many."""
    folder = tmp_path / "pictures" / "noise"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(PICTURES):
        pixels = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8).repeat(40, 0).repeat(40, 1)
        (folder / f"{number}.jpg").write_bytes(encode.jpeg(pixels))
    return importing.start(services, user=OPERATOR, name="paint", path=folder.parent)


@pytest.fixture
def start(services: Services) -> Iterator[Start]:
    """Starts workers on the data folder, and ends those that are left."""
    with ExitStack() as stack:

        def begin(*arguments: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "sightloop.worker", "--data", str(services.data), "--lease", "2"]
            process = subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield begin


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def now(services: Services, job: Job) -> Job:
    return jobs.show(services, user=OPERATOR, job_id=job.id)


def count(services: Services, project: Project) -> int:
    with services.db.connect() as db:
        return images.count(db, project.id, Filters())


def in_the_middle(services: Services, project: Project) -> None:
    until(lambda: count(services, project) > 0)
    assert count(services, project) < PICTURES


def carriers(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(worker.pid).children()


def test_a_job_whose_process_is_killed_goes_on_and_stores_every_picture_once(
    services: Services, project: Project, job: Job, start: Start
) -> None:
    worker = start()
    in_the_middle(services, project)
    carriers(worker)[0].kill()
    until(lambda: now(services, job).state == "done")
    assert count(services, project) == PICTURES
    assert any("killed by signal 9" in row["line"] for row in jobs.log(services, user=OPERATOR, job_id=job.id))


def test_a_killed_worker_takes_its_child_along_and_the_next_worker_finishes_the_job(
    services: Services, project: Project, job: Job, start: Start
) -> None:
    worker = start()
    in_the_middle(services, project)
    child = carriers(worker)[0]
    worker.kill()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert now(services, job).state == "running"
    start()
    until(lambda: now(services, job).state == "done")
    assert count(services, project) == PICTURES
    assert now(services, job).fence == 2


def test_a_worker_that_is_asked_to_stop_puts_its_job_back(
    services: Services, project: Project, job: Job, start: Start
) -> None:
    worker = start()
    in_the_middle(services, project)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    assert (now(services, job).state, now(services, job).tries) == ("queued", 0)
    assert start("--once").wait(PATIENCE) == 0
    assert now(services, job).state == "done"
    assert count(services, project) == PICTURES


def test_a_worker_ends_when_whoever_it_is_attached_to_is_gone(start: Start) -> None:
    worker = start("--attached")
    assert worker.stdin
    worker.stdin.close()
    assert worker.wait(PATIENCE) == 0


def test_a_cancelled_job_stops_and_its_worker_goes_on(
    services: Services, project: Project, job: Job, start: Start
) -> None:
    worker = start()
    in_the_middle(services, project)
    jobs.cancel(services, user=OPERATOR, job_id=job.id)
    until(lambda: now(services, job).state == "cancelled")
    until(lambda: not carriers(worker))
    assert worker.poll() is None
    assert jobs.workers_alive(services) == 1


def test_once_with_a_job_leaves_the_others_alone(services: Services, job: Job, start: Start) -> None:
    with services.db.begin() as db:
        other = rows.enqueue(db, kind="nothing", steps=("nothing",))
    assert start("--once", "--job", other.id).wait(PATIENCE) == 0
    assert (now(services, other).state, now(services, job).state) == ("failed", "queued")
    assert now(services, other).error == "no step 'nothing'. The job was made by another version of Sightloop."


def test_a_report_of_a_job_that_was_taken_over_is_refused(services: Services, job: Job) -> None:
    first = jobs.claim(services, worker="one", lease=-1.0)
    second = jobs.claim(services, worker="two")
    assert first
    assert second
    report = carry.Reporter(services, first, lease=30.0, stopping=lambda: False)
    with pytest.raises(carry.LostJob):
        report(Progress(1, 2, "half"))
    with pytest.raises(Conflict):
        jobs.advance(services, first, result={})
    assert jobs.advance(services, second, result={"seen": 1}).context == {"seen": 1}


def test_the_sweep_keeps_the_checkpoints_of_jobs_that_may_go_on(services: Services, job: Job) -> None:
    kept = services.work_folder(job.id)
    with services.db.begin() as db:
        over = rows.enqueue(db, kind="nothing", steps=("nothing",))
        rows.cancel(db, over.id)
    gone = services.work_folder(over.id)
    jobs.sweep_work(services)
    assert (kept.exists(), gone.exists()) == (True, False)


@pytest.mark.parametrize("name", clock.DUTIES)
def test_every_duty_of_the_clock_can_be_done_on_an_empty_installation(services: Services, name: str) -> None:
    clock.DUTIES[name].run(services)
