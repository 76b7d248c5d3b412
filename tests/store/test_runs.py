"""The experiment log: a curve has one point per step, in the order of steps, however often a training was killed."""

from __future__ import annotations

from sightloop.store import jobs, runs
from sightloop.store.database import Database
from tests.store import builders


def test_a_step_that_is_done_again_replaces_its_point(database: Database) -> None:
    with database.begin() as db:
        run = runs.start(db, builders.project(db).id, family="transfer", params={})
        for step, loss in ((1, 0.9), (2, 0.8), (3, 0.7), (2, 0.5)):
            runs.point(db, run, step=step, figures={"loss": loss})
        found = [(point["step"], point["figures"]["loss"]) for point in runs.points(db, run)]
    assert found == [(1, 0.9), (2, 0.5), (3, 0.7)]


def test_the_run_of_a_job_is_found_by_a_worker_that_goes_on_with_it(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        run = runs.start(db, project.id, family="transfer", params={}, job_id="some-job")
        known = runs.by_job(db, "some-job")
        assert known is not None
        assert (known["id"], known["state"]) == (run, "running")
        assert runs.finish(db, run, metrics={"n": 1})["state"] == "done"
        assert runs.by_job(db, "another") is None


def test_a_run_whose_job_was_given_up_ended_as_its_job_did(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        job = jobs.enqueue(db, kind="train", steps=("train",), project_id=project.id)
        other = jobs.enqueue(db, kind="train", steps=("train",), project_id=project.id)
        run = runs.start(db, project.id, family="linear", params={}, job_id=job.id)
        runs.start(db, project.id, family="linear", params={}, job_id=other.id)
        jobs.cancel(db, job.id)
        [found] = runs.all(db, project.id, job_id=job.id)
        assert (found["id"], found["state"], found["finished_at"]) == (
            run,
            "cancelled",
            jobs.get(db, job.id).finished_at,
        )
        assert {one["state"] for one in runs.all(db, project.id)} == {"cancelled", "running"}
