"""An export as a job: the file is whole or absent, is fetched by who may see it, and goes after a day."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest

from sightloop.core.entities import Image, Job, Progress, Project, User
from sightloop.core.errors import Cancelled, Conflict, Missing, Rejected
from sightloop.core.ids import new_id
from sightloop.flows import correct, export_job, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import users

Picture = Callable[..., bytes]
Kept = Callable[..., Image]
Run = Callable[[Job], Job]


@pytest.fixture
def filled(project: Project, kept: Kept, services: Services, picture: Picture) -> Project:
    """Four pictures, one of them labelled red."""
    made = [kept(picture("red", seed=seed), f"{seed}.jpg") for seed in range(4)]
    correct.correct(services, user=OPERATOR, image_id=made[0].id, value="red", revision=None)
    return project


def ask(services: Services, **chosen: object) -> Job:
    return export_job.start(services, user=OPERATOR, name="paint", chosen=chosen)


def files(services: Services) -> list[str]:
    return sorted(path.name for folder in ("exports", "work") for path in (services.data / folder).rglob("*.zip"))


def test_the_file_holds_the_chosen_pictures_and_the_job_says_how_many(
    services: Services, filled: Project, run_job: Run
) -> None:
    job = run_job(ask(services, label="red"))
    path, name = export_job.fetch(services, user=OPERATOR, job_id=job.id)
    assert (job.state, job.context["count"], job.context["bytes"]) == ("done", 1, path.stat().st_size)
    assert name == "paint.zip"
    with zipfile.ZipFile(path) as archive:
        assert [one for one in archive.namelist() if "/" in one] == ["red/0.jpg"]


def test_a_filter_that_there_is_not_is_refused_before_anything_is_queued(services: Services, filled: Project) -> None:
    with pytest.raises(Rejected, match="'colour'"):
        ask(services, colour="red")


def test_a_stopped_export_leaves_no_file_under_its_name(services: Services, filled: Project) -> None:
    job = ask(services)

    def report(progress: Progress) -> None:
        if progress.done == 2:
            raise Cancelled("enough.")

    with pytest.raises(Cancelled):
        export_job.run(services, job, report)
    assert not (services.data / "exports").exists()
    with pytest.raises(Conflict, match="queued"):
        export_job.fetch(services, user=OPERATOR, job_id=job.id)


def test_an_export_that_was_killed_is_written_anew(services: Services, filled: Project, run_job: Run) -> None:
    job = ask(services)
    (services.work_folder(job.id) / "half.zip").write_bytes(b"PK")
    done = run_job(job)
    with zipfile.ZipFile(export_job.fetch(services, user=OPERATOR, job_id=done.id)[0]) as archive:
        assert archive.testzip() is None


def test_the_file_goes_a_day_after_the_job_ended_and_not_before(
    services: Services, filled: Project, run_job: Run
) -> None:
    job = run_job(ask(services))
    ended = job.finished_at or 0
    export_job.sweep(replace(services, clock=lambda: ended + export_job.KEPT - 60))
    assert f"{job.id}.zip" in files(services)
    export_job.sweep(replace(services, clock=lambda: ended + export_job.KEPT + 60))
    assert f"{job.id}.zip" not in files(services)
    with pytest.raises(Missing, match="has no file"):
        export_job.fetch(services, user=OPERATOR, job_id=job.id)


def test_a_file_without_a_job_goes_after_a_day_too(services: Services) -> None:
    (services.data / "exports").mkdir()
    (services.data / "exports" / "strange.zip").write_bytes(b"PK")
    export_job.sweep(services)
    assert files(services) == ["strange.zip"]
    export_job.sweep(replace(services, clock=lambda: services.clock() + export_job.KEPT + 60))
    assert files(services) == []


def test_who_lost_their_part_in_the_project_cannot_fetch_what_they_exported(
    services: Services, filled: Project, run_job: Run
) -> None:
    ann = User(new_id(), "ann@example.org", "Ann", "viewer", 0.0)
    with services.db.begin() as db:
        users.add(db, ann, password_hash="!")
    projects.set_member(services, user=OPERATOR, name="paint", email=ann.email, role="viewer")
    job = run_job(export_job.start(services, user=ann, name="paint", chosen={}))
    assert export_job.fetch(services, user=ann, job_id=job.id)[0].is_file()
    projects.remove_member(services, user=OPERATOR, name="paint", user_id=ann.id)
    with pytest.raises(Missing):
        export_job.fetch(services, user=ann, job_id=job.id)
