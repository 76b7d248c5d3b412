"""When the current try of a step began."""

from __future__ import annotations

from sqlalchemy import update

from sightloop.store import attempts, jobs
from sightloop.store.database import Database
from sightloop.store.registry_tables import job_lines


def test_a_try_begins_with_the_last_step_that_was_started(database: Database) -> None:
    with database.begin() as db:
        job, other = (jobs.enqueue(db, kind="train", steps=("train",)) for _ in range(2))
        for line in ("step snapshot: started", "step train: started", "put back into the queue"):
            jobs.append_log(db, job.id, line)
        lines = jobs.log(db, job.id)
        for number, found in enumerate(lines):
            db.execute(update(job_lines).where(job_lines.c.seq == found["seq"]).values(at=100.0 + number))
        assert attempts.began(db, [job.id, other.id]) == {job.id: 101.0}
