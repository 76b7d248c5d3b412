"""What follows a promotion: a watch, and the way back where the version does worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from sightloop.core.entities import Job, ModelVersion, Project
from sightloop.core.errors import Conflict
from sightloop.flows import models, watching
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs, mishaps, projects, tables, watch_tables, watches
from sightloop.store.database import Connection
from tests.flows import racing, watched

Model = Callable[..., int]
DAY = 86_400.0


@pytest.fixture
def before(services: Services, project: Project, model: Model) -> ModelVersion:
    """The live version."""
    return watched.version(services, project, model(project))


@pytest.fixture
def bad(services: Services, project: Project, before: ModelVersion, model: Model) -> ModelVersion:
    """A second version, forced live a moment ago; people looked at 200 answers of the first, and corrected 4."""
    made = watched.version(services, project, model(project, live=False, sharpness=1.0))
    watched.came(services, project, before, 200, at=services.clock() - DAY, corrected=4, confirmed=196)
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="it is sharper", force=True)
    return made


def live(services: Services, project: Project) -> str | None:
    with services.db.connect() as db:
        return projects.get(db, project.id).live_version_id


def told(services: Services) -> list[tuple[str, str]]:
    with services.db.connect() as db:
        c = watch_tables.notices.c
        return [(row[0], row[1]) for row in db.execute(select(c.kind, c.sentence).order_by(c.seq))]


def test_the_first_version_of_a_project_is_not_watched(services: Services, project: Project, model: Model) -> None:
    model(project, live=False)
    models.promote(services, user=OPERATOR, name="paint", ref="1")
    with services.db.connect() as db:
        assert watches.open(db) == []


def test_a_promotion_begins_a_watch_and_tells_the_outside(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    watch = watched.newest(services, project)
    assert (watch.kind, watch.state, watch.version_id, watch.replaced_id) == ("watch", "watching", bad.id, before.id)
    assert watch.report["until"] - watch.began_at == pytest.approx(7 * DAY, abs=5)
    assert told(services) == [("promotion", "Version 2 of project paint was forced live in place of version 1.")]


def test_a_bad_version_that_was_forced_goes_back_by_itself_through_corrections(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    watched.came(services, project, bad, 30, at=services.clock(), corrected=15, confirmed=15)
    watching.look(services)
    watch = watched.newest(services, project)
    assert (watch.state, live(services, project)) == ("rolled_back", before.id)
    said = "Of 30 answers that people looked at they corrected 15 (50.0%), against 2.0% of 200 before"
    assert said in watch.report["sentence"]
    done = models.log(services, user=OPERATOR, name="paint")[0]
    assert (done.action, done.by, done.replaced_id) == ("rollback", None, bad.id)
    assert done.detail is not None
    assert (done.detail["broken"], done.detail["watch"]) == (["corrections"], watch.id)
    assert told(services)[-1][0] == "rollback"
    watching.look(services)
    assert len([kind for kind, _ in told(services) if kind == "rollback"]) == 1


def test_as_many_corrections_as_before_break_nothing(services: Services, project: Project, bad: ModelVersion) -> None:
    watched.came(services, project, bad, 100, at=services.clock(), corrected=3, confirmed=97)
    found = watched.rule(services, project, "corrections")
    assert (found["passed"], found["figures"]["corrected"]) == (True, 3)
    assert live(services, project) == bad.id


def test_what_people_said_of_imported_pictures_is_no_correction(
    services: Services, project: Project, bad: ModelVersion
) -> None:
    """They were not taken in use, so nobody met the version's answer there."""
    for image in watched.came(services, project, bad, 20, at=services.clock(), corrected=20):
        with services.db.begin() as db:
            db.execute(update(tables.images).where(tables.images.c.id == image.id).values(source="import"))
    assert watched.rule(services, project, "corrections")["figures"]["n"] == 0


def test_a_version_that_answers_something_else_goes_back_by_itself_through_its_classes(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    pictures = watched.came(services, project, before, 120, at=services.clock() - 60)
    watched.say(services, bad, pictures, "green")
    found = watched.rule(services, project, "classes")
    assert (found["passed"], found["figures"]["apart"], live(services, project)) == (False, 1.0, before.id)


def test_a_job_asks_both_versions_about_the_newest_pictures(
    services: Services,
    project: Project,
    kept: Callable[..., Any],
    picture: Callable[..., bytes],
    model: Model,
    run_job: Callable[[Job], Job],
) -> None:
    model(project)
    for seed in range(3):
        kept(picture(seed=seed))
    model(project, live=False, sharpness=1.0)
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="new", force=True)
    watching.look(services)
    with services.db.connect() as db:
        [job] = jobs.all(db, project_id=project.id, kinds=("watch",), limit=5)
    assert run_job(job).context == {"asked": 3}
    assert watched.rule(services, project, "classes")["figures"]["n"] == 3
    with services.db.connect() as db:
        assert len(jobs.all(db, project_id=project.id, kinds=("watch",), limit=5)) == 1


def test_more_mistakes_on_pictures_drawn_at_random_take_it_back(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    pictures = watched.drawn(services, project, 12, label="red")
    watched.say(services, before, pictures, "red")
    watched.say(services, bad, pictures, "green")
    found = watched.rule(services, project, "accuracy")
    assert (found["passed"], found["figures"]["worse"], live(services, project)) == (False, 12, before.id)


def test_failures_take_a_version_back(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    with services.db.begin() as db:
        mishaps.add(db, project.id, version_id=bad.id, what=[f"{n}: RuntimeError: no memory" for n in range(3)])
    found = watched.rule(services, project, "errors")
    assert (found["passed"], found["figures"]["failed"], live(services, project)) == (False, 3, before.id)


def test_a_version_that_takes_twice_as_long_as_the_one_before_beside_it_goes_back(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    pictures = watched.came(services, project, bad, 116, at=services.clock(), seconds=0.02)
    assert watched.rule(services, project, "latency")["passed"] is None
    watched.timed(services, before, pictures, 0.01)
    watched.timed(services, bad, pictures, 0.02)
    assert watched.rule(services, project, "latency")["passed"] is False
    assert live(services, project) == before.id


def test_a_busy_machine_takes_no_version_back(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    pictures = watched.came(services, project, bad, 116, at=services.clock(), seconds=0.02)
    assert "a busy machine looks the same" in watched.rule(services, project, "latency")["sentence"]
    with services.db.connect() as db:
        [job] = jobs.all(db, project_id=project.id, kinds=("watch",), limit=5)
    assert job.params["time"] is True
    for version in (before, bad):
        watched.timed(services, version, pictures, 0.02)
    assert watched.rule(services, project, "latency")["passed"] is True
    assert live(services, project) == bad.id


def test_a_job_times_both_versions_on_the_same_pictures(
    services: Services,
    project: Project,
    kept: Callable[..., Any],
    picture: Callable[..., bytes],
    model: Model,
    run_job: Callable[[Job], Job],
) -> None:
    model(project)
    pictures = [kept(picture(seed=seed)).id for seed in range(3)]
    model(project, live=False, sharpness=1.0)
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="new", force=True)
    watch = watched.newest(services, project)
    with services.db.begin() as db:
        params = {"watch": watch.id, "version": 2, "time": True}
        job = jobs.enqueue(db, kind="watch", steps=watching.STEPS, params=params, project_id=project.id)
    run_job(job)
    with services.db.connect() as db:
        for version in (watch.version_id, watch.replaced_id or ""):
            assert len(watches.seconds(db, pictures, version_id=version, since=watch.began_at)) == 3


def test_after_a_week_with_nothing_broken_it_has_passed(
    services: Services, project: Project, bad: ModelVersion
) -> None:
    later: Any = services.clock
    watching.look(replace(services, clock=lambda: later() + 8 * DAY))
    watch = watched.newest(services, project)
    assert (watch.state, watch.ended_at is not None, live(services, project)) == ("passed", True, bad.id)
    assert "nothing broke in 0 answers" in watch.report["sentence"]


def test_going_back_by_hand_ends_the_watch_and_is_told(services: Services, project: Project, bad: ModelVersion) -> None:
    models.rollback(services, user=OPERATOR, name="paint", reason="worse on moss")
    watch = watched.newest(services, project)
    assert (watch.state, watch.report["sentence"]) == (
        "ended",
        "A person went back from version 2 to version 1: worse on moss",
    )
    assert [kind for kind, _ in told(services)] == ["promotion", "rollback"]


def test_a_newer_promotion_ends_an_older_watch(
    services: Services, project: Project, bad: ModelVersion, model: Model
) -> None:
    model(project, live=False, sharpness=2.0)
    models.promote(services, user=OPERATOR, name="paint", ref="3", reason="newer", force=True)
    with services.db.connect() as db:
        states = [(one.state, one.report["sentence"]) for one in watches.newest(db, project.id, limit=9)]
    assert [state for state, _ in states] == ["watching", "ended"]
    assert states[1][1] == "Version 3 went live."


def test_another_live_version_is_never_taken_back(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion, model: Model
) -> None:
    """Also where the watch of the one before it was left open."""
    with services.db.begin() as db:
        mishaps.add(db, project.id, version_id=bad.id, what=["a", "b", "c"])
    model(project, sharpness=2.0)
    third = live(services, project)
    watching.look(services)
    assert (watched.newest(services, project).state, live(services, project)) == ("ended", third)


def test_two_clocks_that_look_at_once_queue_one_job_and_keep_what_each_wrote(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    watch = watched.newest(services, project)

    def other(db: Connection) -> None:
        jobs.enqueue(db, kind="watch", steps=watching.STEPS, params={"watch": watch.id}, project_id=project.id)
        watches.note(db, watch, watch.report | {"asked_at": 7.0, "looks": {"corrections": 3}})

    racing.overtaken(services, lambda: watching.look(services), by=other)
    with services.db.connect() as db:
        assert len(jobs.all(db, project_id=project.id, kinds=("watch",), limit=5)) == 1
    report = watched.newest(services, project).report
    assert (report["asked_at"], report["looks"]["corrections"]) == (7.0, 3)


def test_a_watch_that_a_person_ends_while_it_is_looked_at_stays_as_it_ended(
    services: Services, project: Project, bad: ModelVersion
) -> None:
    def end(db: Connection) -> None:
        watch = watches.open(db, project.id)[0]
        watches.end(db, watch, state="ended", report=watch.report | {"sentence": "Ended by hand."})

    racing.overtaken(services, lambda: watching.look(services), by=end)
    assert watched.newest(services, project).report["sentence"] == "Ended by hand."
    with services.db.connect() as db:
        assert jobs.all(db, project_id=project.id, kinds=("watch",), limit=5) == []


def test_after_going_back_by_itself_nobody_goes_back_to_the_bad_version_unforced(
    services: Services, project: Project, before: ModelVersion, bad: ModelVersion
) -> None:
    watched.came(services, project, bad, 30, at=services.clock(), corrected=15, confirmed=15)
    watching.look(services)
    assert live(services, project) == before.id
    with pytest.raises(Conflict, match=r"version 2 was taken back already\. .*corrected") as refused:
        models.rollback(services, user=OPERATOR, name="paint", reason="taken back")
    assert "--force" in refused.value.hint
    assert live(services, project) == before.id
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="all the same", force=True)
    assert models.rollback(services, user=OPERATOR, name="paint").version_id == before.id
