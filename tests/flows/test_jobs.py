"""Jobs as people see them: how long still, whose, and once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sightloop.core.entities import Job, JobState, Project, User
from sightloop.core.errors import Conflict, Forbidden, Missing
from sightloop.core.ids import new_id
from sightloop.flows import accounts, jobs, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs as rows
from sightloop.store import notices


def queued(services: Services, **values: Any) -> Job:
    with services.db.begin() as db:
        return rows.enqueue(db, **{"kind": "train", "steps": ("snapshot", "train"), **values})


def ended(services: Services, job: Job, state: JobState = "failed") -> Job:
    claimed = jobs.claim(services, worker="w", job_id=job.id)
    assert claimed is not None
    with services.db.begin() as db:
        if state == "cancelled":
            rows.cancel(db, job.id)
        if state == "done":
            rows.advance(db, job.id, fence=claimed.fence, context={})
            return rows.finish(db, job.id, fence=claimed.fence, context={})
        return rows.fail(db, job.id, fence=claimed.fence, error="broke")


def account(services: Services, *, role: str, email: str = "") -> User:
    """A member of the project "paint" with this role."""
    address = email or f"{new_id()}@example.org"
    made = accounts.add_user(services, email=address, name="A", password="correct horse battery", role="viewer")
    projects.set_member(services, user=OPERATOR, name="paint", email=address, role=role)
    return made


def test_what_remains_follows_from_how_far_the_current_try_of_the_step_came(
    services: Services, project: Project
) -> None:
    job = queued(services, project_id=project.id)
    assert [jobs.described(services, found=[job])[0][name] for name in ("project", "elapsed", "remaining")] == [
        "paint", None, None
    ]  # fmt: skip
    running = jobs.claim(services, worker="w", job_id=job.id)
    assert running is not None
    jobs.note(services, running, line="step snapshot: started")
    jobs.beat(services, running, progress=(0.01, "hardly begun"))
    assert jobs.described(services, found=[jobs.show(services, user=OPERATOR, job_id=job.id)])[0]["remaining"] is None
    jobs.beat(services, running, progress=(0.25, "a quarter"))
    [told] = jobs.described(services, found=[jobs.show(services, user=OPERATOR, job_id=job.id)])
    assert 0 <= told["remaining"] <= 3 * told["elapsed"]
    over = jobs.fail(services, running, error="broke", retry=False)
    [told] = jobs.described(services, found=[over])
    assert told["remaining"] is None
    assert told["elapsed"] == over.finished_at - over.started_at  # type: ignore[operator]


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_job_that_ended_without_success_is_queued_again_as_it_was(
    services: Services, project: Project, state: JobState
) -> None:
    job = ended(services, queued(services, project_id=project.id, params={"family": "linear"}, heavy=True), state)
    again = jobs.retry(services, user=OPERATOR, job_id=job.id)
    assert (again.kind, again.steps, again.params, again.project_id) == (job.kind, job.steps, job.params, project.id)
    assert (again.state, again.step, again.id != job.id) == ("queued", 0, True)
    other = queued(services, heavy=True)
    assert jobs.claim(services, worker="w", job_id=again.id)
    assert jobs.claim(services, worker="w", job_id=other.id) is None, "the new one is heavy too"


@pytest.mark.parametrize("state", ["queued", "done"])
def test_a_job_that_waits_or_is_done_is_not_queued_again(services: Services, project: Project, state: JobState) -> None:
    job = queued(services, project_id=project.id)
    job = job if state == "queued" else ended(services, job, state)
    with pytest.raises(Conflict, match=state):
        jobs.retry(services, user=OPERATOR, job_id=job.id)


def test_an_import_whose_archive_is_gone_cannot_be_tried_again(
    services: Services, project: Project, tmp_path: Path
) -> None:
    archive = tmp_path / "set.zip"
    archive.write_bytes(b"PK")
    made = queued(services, kind="import", steps=("import",), project_id=project.id, params={"path": str(archive)})
    job = ended(services, made)
    assert jobs.retry(services, user=OPERATOR, job_id=job.id).params == job.params
    archive.unlink()
    with pytest.raises(Conflict, match="is gone"):
        jobs.retry(services, user=OPERATOR, job_id=job.id)
    assert len(jobs.listing(services, user=OPERATOR)) == 2


def test_people_try_their_own_jobs_again_as_far_as_their_role_goes(services: Services, project: Project) -> None:
    reviewer, maintainer = account(services, role="reviewer"), account(services, role="maintainer")
    mine = {"project_id": project.id, "created_by": reviewer.id}
    export = ended(services, queued(services, kind="export", steps=("export",), **mine))
    training = ended(services, queued(services, **mine))
    assert jobs.retry(services, user=reviewer, job_id=export.id).created_by == reviewer.id
    with pytest.raises(Forbidden):
        jobs.retry(services, user=reviewer, job_id=training.id)
    assert jobs.retry(services, user=maintainer, job_id=training.id).created_by == maintainer.id
    projects.remove_member(services, user=OPERATOR, name="paint", user_id=reviewer.id)
    with pytest.raises(Missing):
        jobs.retry(services, user=reviewer, job_id=export.id)


def test_a_job_of_the_installation_is_tried_again_by_administrators_only(services: Services, project: Project) -> None:
    maintainer = account(services, role="maintainer")
    job = ended(services, queued(services, kind="check", steps=("check",), created_by=maintainer.id))
    with pytest.raises(Forbidden):
        jobs.retry(services, user=maintainer, job_id=job.id)
    assert jobs.retry(services, user=OPERATOR, job_id=job.id).kind == "check"


def test_jobs_are_listed_by_kind(services: Services) -> None:
    wanted = queued(services, kind="check", steps=("check",))
    queued(services)
    assert [job.id for job in jobs.listing(services, user=OPERATOR, kinds=("check", "import"))] == [wanted.id]


def test_a_training_whose_workers_all_died_is_told_as_failed(services: Services, project: Project) -> None:
    queued(services, project_id=project.id)
    while jobs.claim(services, worker="w", lease=-1.0):
        pass
    with services.db.connect() as db:
        [told] = [one for one in notices.page(db, limit=5) if one["kind"] == "training"]
    assert told["sentence"] == "A training failed: the worker died three times"
