"""Several processes on one database: each job is worked on once, and no upload or tally is lost to a race."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sightloop.store import images, jobs, tallies
from sightloop.store.database import Database
from tests.store import builders

ROOT = Path(__file__).parents[2]
CLAIM = """
import sys
from sightloop.store import jobs
from sightloop.store.database import Database
database = Database(sys.argv[1])
while True:
    with database.begin() as db:
        job = jobs.claim(db, worker=sys.argv[2])
    if job is None:
        break
    with database.begin() as db:
        jobs.append_log(db, job.id, sys.argv[2])
        jobs.finish(db, job.id, fence=job.fence, context={})
"""
UPLOAD = """
import sys
from sightloop.store import images
from sightloop.store.database import Database
from tests.store import builders
database = Database(sys.argv[1])
for number in range(20):
    with database.begin() as db:
        image, made = images.add(db, builders.image(sys.argv[2], number))
    with database.begin() as db:
        images.apply_answers(db, [(image, builders.facts(number // 2), builders.prediction(image), builders.vector())])
    with database.begin() as db:
        images.relabel(db, image, value="bee", action="correct", by=sys.argv[3])
"""
DIE = """
import os, sys
from sightloop.store.database import Database
from tests.store import builders
database = Database(sys.argv[1])
with database.begin() as db:
    builders.project(db, name="half")
    os.kill(os.getpid(), 9)
"""


def run(script: str, *words: list[str]) -> list[int]:
    """Run a script in as many processes as there are lists of words, at once; returns the exit codes."""
    started = [subprocess.Popen([sys.executable, "-c", script, *word], cwd=ROOT) for word in words]
    return [process.wait(timeout=120) for process in started]


def test_processes_that_claim_at_once_never_share_a_job(database: Database, database_url: str) -> None:
    with database.begin() as db:
        wanted = [jobs.enqueue(db, kind="x", steps=["x"], heavy=number % 4 == 0).id for number in range(12)]
    assert run(CLAIM, [database_url, "a"], [database_url, "b"], [database_url, "c"]) == [0, 0, 0]
    assert run(CLAIM, [database_url, "rest"]) == [0]
    with database.connect() as db:
        assert [len(jobs.log(db, name)) for name in wanted] == [1] * 12


def test_processes_that_upload_the_same_pictures_make_each_once(database: Database, database_url: str) -> None:
    with database.begin() as db:
        project = builders.project(db)
    assert run(UPLOAD, [database_url, project.id, "a"], [database_url, project.id, "b"]) == [0, 0]
    with database.connect() as db:
        tallies.verify(db, project.id)
        there = list(images.stream(db, project.id))
        assert (len(there), sum(it.status == "duplicate" for it in there)) == (20, 10)
        assert {len(images.labels_of(db, it.id)) for it in there} == {2}


def test_a_process_killed_in_a_transaction_leaves_nothing_and_no_lock(database: Database, database_url: str) -> None:
    assert run(DIE, [database_url]) == [-9]
    with database.begin() as db:
        assert builders.project(db, name="half").name == "half"
