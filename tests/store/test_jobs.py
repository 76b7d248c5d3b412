"""Jobs: one worker at a time, whatever dies, and what a person asked for."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import update

from sightloop.core.entities import Job
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.store import jobs, projects
from sightloop.store.database import Database
from sightloop.store.registry_tables import jobs as table
from tests.store import builders


def queued(database: Database, **more: Any) -> Job:
    """A queued job of two steps."""
    with database.begin() as db:
        return jobs.enqueue(db, **({"kind": "train", "steps": ("snapshot", "train")} | more))


def claimed(database: Database, worker: str = "w1", **more: Any) -> Job | None:
    """The job that a worker gets."""
    with database.begin() as db:
        jobs.bury(db)
        return jobs.claim(db, worker=worker, **more)


def surely(job: Job | None) -> Job:
    """The job, which must be one."""
    assert job is not None
    return job


def expire(database: Database, job: Job) -> None:
    """Let the lease of a running job end, as if its worker had died a minute ago."""
    with database.begin() as db:
        db.execute(update(table).where(table.c.id == job.id).values(lease_until=database.now(db) - 60))


def test_the_oldest_job_is_claimed_first_and_once(database: Database) -> None:
    first, second = queued(database), queued(database)
    got = [claimed(database), claimed(database), claimed(database)]
    assert [job and job.id for job in got] == [first.id, second.id, None]
    assert [job and (job.state, job.fence, job.tries) for job in got[:2]] == [("running", 1, 1)] * 2


def test_only_wanted_kinds_or_one_job_are_claimed(database: Database) -> None:
    first, second = queued(database, kind="import"), queued(database)
    assert claimed(database, kinds=["export"]) is None
    assert surely(claimed(database, job_id=second.id)).id == second.id
    assert surely(claimed(database, kinds=["import"])).id == first.id


def test_one_heavy_job_runs_at_a_time(database: Database) -> None:
    first, second = queued(database, heavy=True), queued(database, heavy=True)
    light = queued(database)
    assert [job and job.id for job in (claimed(database), claimed(database))] == [first.id, light.id]
    with database.begin() as db:
        jobs.finish(db, first.id, fence=1, context={})
    assert surely(claimed(database)).id == second.id


def test_a_dead_worker_s_heavy_job_is_taken_before_another(database: Database) -> None:
    first = queued(database, heavy=True)
    queued(database, heavy=True)
    expire(database, surely(claimed(database)))
    again = surely(claimed(database, "w2"))
    assert (again.id, again.fence, again.worker, again.tries) == (first.id, 2, "w2", 2)
    assert claimed(database) is None


def test_a_job_for_later_waits(database: Database) -> None:
    queued(database, run_after=4e9)
    assert claimed(database) is None


def test_a_heartbeat_keeps_the_lease_and_tells_progress(database: Database) -> None:
    job = queued(database)
    claimed(database, lease=0.0)
    with database.begin() as db:
        assert jobs.heartbeat(db, job.id, fence=1, lease=60, progress=0.5, message="half") is False
        now = jobs.get(db, job.id)
        assert jobs.heartbeat(db, job.id, fence=1, lease=60) is False
        assert jobs.get(db, job.id).progress == 0.5
    assert (now.progress, now.message) == (0.5, "half")
    assert claimed(database) is None


def test_a_worker_that_was_replaced_may_write_nothing(database: Database) -> None:
    job = queued(database)
    expire(database, surely(claimed(database)))
    claimed(database, "w2")
    writes: list[Any] = [
        lambda db: jobs.heartbeat(db, job.id, fence=1),
        lambda db: jobs.advance(db, job.id, fence=1, context={}),
        lambda db: jobs.finish(db, job.id, fence=1, context={}),
        lambda db: jobs.fail(db, job.id, fence=1, error="x"),
    ]
    for write in writes:
        with pytest.raises(Conflict, match="fence 2, not 1"), database.begin() as db:
            write(db)


def test_steps_hand_on_what_they_found(database: Database) -> None:
    job = queued(database)
    claimed(database)
    with database.begin() as db:
        onward = jobs.advance(db, job.id, fence=1, context={"snapshot": "s1"})
        done = jobs.finish(db, job.id, fence=1, context={"version": 3})
    assert (onward.step, onward.progress) == (1, 0.0)
    assert (done.state, done.context, done.step) == ("done", {"snapshot": "s1", "version": 3}, 2)


def test_there_is_no_step_after_the_last(database: Database) -> None:
    job = queued(database, steps=("only",))
    claimed(database)
    with pytest.raises(Rejected, match="last step"), database.begin() as db:
        jobs.advance(db, job.id, fence=1, context={})


def test_a_job_whose_workers_die_three_times_has_failed(database: Database) -> None:
    job = queued(database)
    for _ in range(3):
        expire(database, surely(claimed(database)))
    assert claimed(database) is None
    with database.connect() as db:
        now = jobs.get(db, job.id)
    assert (now.state, now.error) == ("failed", "the worker died three times")


def test_a_retry_comes_later_and_at_most_twice(database: Database) -> None:
    job = queued(database)
    states = []
    for fence in (1, 2, 3):
        claimed(database, job_id=job.id)
        with database.begin() as db:
            states.append(jobs.fail(db, job.id, fence=fence, error="no disk", retry=True).state)
        assert claimed(database) is None
        with database.begin() as db:
            db.execute(update(table).values(run_after=None))
    assert states == ["queued", "queued", "failed"]


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked(database: Database) -> None:
    waiting, running = queued(database), queued(database)
    claimed(database, job_id=running.id)
    with database.begin() as db:
        assert jobs.cancel(db, waiting.id).state == "cancelled"
        assert jobs.cancel(db, running.id).state == "running"
        assert jobs.heartbeat(db, running.id, fence=1) is True
        assert jobs.fail(db, running.id, fence=1, error="stopped", retry=True).state == "cancelled"
        with pytest.raises(Conflict, match="cancelled already"):
            jobs.cancel(db, running.id)


def test_a_cancelled_job_of_a_dead_worker_is_not_tried_again(database: Database) -> None:
    job = surely(claimed(database, job_id=queued(database).id))
    with database.begin() as db:
        jobs.cancel(db, job.id)
    expire(database, job)
    assert claimed(database) is None
    with database.connect() as db:
        assert jobs.get(db, job.id).state == "cancelled"


def test_a_job_given_back_has_lost_no_try(database: Database) -> None:
    job = surely(claimed(database, job_id=queued(database).id))
    with database.begin() as db:
        assert jobs.release(db, job.id, fence=1).tries == 0
    assert surely(claimed(database)).fence == 2


def test_a_reader_sees_their_own_jobs_and_those_of_their_projects(database: Database) -> None:
    with database.begin() as db:
        ann, bob = builders.user(db), builders.user(db, "bob@example.org")
        boss = builders.user(db, "boss@example.org", role="admin")
        project = builders.project(db)
        projects.set_member(db, project.id, user_id=bob.id, role="viewer")
        job = jobs.enqueue(db, kind="train", steps=["train"], project_id=project.id, created_by=ann.id)
        other = jobs.enqueue(db, kind="backup", steps=["backup"])
        seen = [[it.id for it in jobs.all(db, reader=reader)] for reader in (ann, bob, boss, None)]
    assert seen == [[job.id], [job.id], [other.id, job.id], [other.id, job.id]]


def test_jobs_are_listed_by_project_and_state(database: Database) -> None:
    first, second = queued(database), queued(database)
    claimed(database)
    with database.connect() as db:
        assert [it.id for it in jobs.all(db, states=["running"])] == [first.id]
        assert [it.id for it in jobs.all(db, limit=1)] == [second.id]
        assert jobs.all(db, project_id="none") == []


def test_a_log_is_read_on_from_the_last_line(database: Database) -> None:
    job = queued(database)
    with database.begin() as db:
        for line in ("one", "two", "three"):
            jobs.append_log(db, job.id, line)
        lines = jobs.log(db, job.id)
        assert [line["line"] for line in jobs.log(db, job.id, after=lines[0]["seq"])] == ["two", "three"]


def test_workers_seen_lately_are_alive(database: Database) -> None:
    with database.begin() as db:
        jobs.worker_seen(db, "w1")
        jobs.worker_seen(db, "w1")
        now = database.now(db)
        assert jobs.workers_alive(db, since=now - 5) == ["w1"]
        assert jobs.workers_alive(db, since=now + 5) == []


def test_a_job_that_never_was_is_missing(database: Database) -> None:
    with pytest.raises(Missing), database.begin() as db:
        jobs.cancel(db, "x")


def test_many_workers_at_once_never_share_a_job(database: Database) -> None:
    wanted = {queued(database, heavy=number % 5 == 0).id for number in range(20)}
    got: list[str] = []

    def work(worker: str) -> None:
        while (job := claimed(database, worker)) is not None:
            got.append(job.id)
            with database.begin() as db:
                jobs.finish(db, job.id, fence=job.fence, context={})

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rest = [job.id for job in iter(lambda: claimed(database), None)]
    assert sorted(got + rest) == sorted(wanted)
