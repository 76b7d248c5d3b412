"""What a watch goes by: failures, corrections, and the pictures that both versions were asked about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, update

from sightloop.core.entities import Job, ModelVersion, Project
from sightloop.flows import models, watch_evidence, watching
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs, loop_tables, watch_tables, watches
from tests.flows import labelled, watched

Keep = Callable[..., Any]
Model = Callable[..., int]
DAY = 86_400.0


@pytest.fixture
def before(services: Services, project: Project, model: Model) -> ModelVersion:
    """The live version."""
    return watched.version(services, project, model(project))


@pytest.fixture
def promoted(services: Services, project: Project, before: ModelVersion, model: Model) -> Callable[[], ModelVersion]:
    """Forces a second version live."""

    def make() -> ModelVersion:
        made = watched.version(services, project, model(project, live=False, sharpness=1.0))
        models.promote(services, user=OPERATOR, name="paint", ref="2", reason="it is sharper", force=True)
        return made

    return make


def failed(services: Services, version: ModelVersion, n: int, *, at: float) -> None:
    """The version broke down over `n` pictures at a time."""
    row = {"project_id": version.project_id, "version_id": version.id, "at": at}
    with services.db.begin() as db:
        db.execute(insert(watch_tables.mishaps), [row | {"what": f"{at} {number}: no"} for number in range(n)])


def test_people_who_look_at_more_answers_than_before_do_not_take_a_version_back(
    services: Services, project: Project, before: ModelVersion, promoted: Callable[[], ModelVersion]
) -> None:
    """A tenth of what they looked at was wrong before and is now; of all answers it was 1 % before, and is 10 % now."""
    watched.came(services, project, before, 400, at=services.clock() - DAY, corrected=4, confirmed=36)
    watched.came(services, project, promoted(), 100, at=services.clock(), corrected=10, confirmed=90)
    found = watched.rule(services, project, "corrections")
    assert (found["passed"], found["figures"]["n"], found["figures"]["n_before"]) == (True, 100, 40)
    assert found["figures"]["before"] == pytest.approx(0.1)


def test_failures_before_the_oldest_answer_that_is_counted_are_not_counted_either(
    services: Services, project: Project, before: ModelVersion, promoted: Callable[[], ModelVersion]
) -> None:
    now = services.clock()
    failed(services, before, 40, at=now - 30 * DAY)
    watched.came(services, project, before, 99, at=now - DAY)
    failed(services, before, 1, at=now - DAY + 60)
    promoted()
    assert watched.rule(services, project, "errors")["figures"]["before"] == pytest.approx(0.01)


def test_answers_given_beside_count_where_failures_beside_do(
    services: Services, project: Project, before: ModelVersion, promoted: Callable[[], ModelVersion]
) -> None:
    pictures = watched.came(services, project, before, 200, at=services.clock() - DAY)
    bad = promoted()
    watched.timed(services, bad, pictures, 0.01)
    asked(services, project, [one.id for one in pictures])
    watched.came(services, project, bad, 150, at=services.clock())
    failed(services, bad, 3, at=services.clock())
    found = watched.rule(services, project, "errors")
    assert (found["passed"], found["figures"]["asked"]) == (True, 353)


def asked(services: Services, project: Project, ids: list[str]) -> None:
    """Both versions of the newest watch were asked about these pictures just now."""
    watch = watched.newest(services, project)
    with services.db.begin() as db:
        watches.note(db, watch, watch.report | {"asked": ids, "asked_at": services.clock()})


def test_pictures_that_come_while_both_are_asked_do_not_keep_the_rule_from_being_decided(
    services: Services, project: Project, before: ModelVersion, promoted: Callable[[], ModelVersion]
) -> None:
    pictures = watched.came(services, project, before, 120, at=services.clock() - 60)
    bad = promoted()
    watched.say(services, bad, pictures, "red")
    asked(services, project, [one.id for one in pictures])
    watched.came(services, project, bad, watch_evidence.NEWEST, at=services.clock())
    found = watched.rule(services, project, "classes")
    assert (found["passed"], found["figures"]["n"]) == (True, 120)


def test_both_are_timed_on_the_pictures_that_they_were_asked_about(
    services: Services, project: Project, before: ModelVersion, promoted: Callable[[], ModelVersion]
) -> None:
    watched.came(services, project, before, 60, at=services.clock() - DAY, seconds=0.01)
    bad = promoted()
    pictures = watched.came(services, project, bad, 116, at=services.clock(), seconds=0.02)
    for version in (before, bad):
        watched.timed(services, version, pictures, 0.02)
    asked(services, project, [one.id for one in pictures])
    watched.came(services, project, bad, watch_evidence.NEWEST, at=services.clock() + 1, seconds=0.02)
    assert watched.rule(services, project, "latency")["passed"] is True


def test_where_few_were_asked_about_those_that_came_since_are_too(
    services: Services, project: Project, before: ModelVersion, promoted: Callable[[], ModelVersion]
) -> None:
    pictures = watched.came(services, project, before, 3, at=services.clock() - 60)
    bad = promoted()
    watched.say(services, bad, pictures, "red")
    asked(services, project, [one.id for one in pictures])
    came = watched.came(services, project, bad, 110, at=services.clock())
    watched.say(services, before, came, "red")
    assert watched.rule(services, project, "classes")["figures"]["n"] == 113


def test_after_a_day_both_are_asked_about_what_came_since(
    services: Services, project: Project, before: ModelVersion, promoted: Callable[[], ModelVersion]
) -> None:
    pictures = watched.came(services, project, before, 120, at=services.clock() - 60)
    bad = promoted()
    watched.say(services, bad, pictures, "red")
    asked(services, project, [one.id for one in pictures])
    watched.came(services, project, bad, watch_evidence.NEWEST, at=services.clock())
    later: Any = services.clock
    watching.look(replace(services, clock=lambda: later() + 2 * DAY))
    with services.db.connect() as db:
        assert len(jobs.all(db, project_id=project.id, kinds=("watch",), limit=5)) == 1


def test_a_job_keeps_the_pictures_that_it_asked_about_in_the_report_of_now(
    services: Services,
    project: Project,
    kept: Keep,
    picture: Callable[..., bytes],
    promoted: Callable[[], ModelVersion],
    run_job: Callable[[Job], Job],
) -> None:
    pictures = [kept(picture(seed=seed)).id for seed in range(3)]
    promoted()
    watching.look(services)
    with services.db.connect() as db:
        [job] = jobs.all(db, project_id=project.id, kinds=("watch",), limit=5)
    watch = watched.newest(services, project)
    with services.db.begin() as db:
        watches.note(db, watch, watch.report | {"answers": 7})
    run_job(job)
    report = watched.newest(services, project).report
    assert (sorted(report["asked"]), report["answers"]) == (sorted(pictures), 7)


def test_only_what_was_drawn_at_random_and_answered_since_the_watch_began_judges(
    services: Services, project: Project, before: ModelVersion, promoted: Callable[[], ModelVersion]
) -> None:
    promoted()
    labelled.add(services, project, "nobody drew it", label="red")
    old, *fresh = watched.drawn(services, project, 3, label="red")
    c = loop_tables.wanted.c
    with services.db.begin() as db:
        answered = update(loop_tables.wanted).where(c.image_id == old.id)
        db.execute(answered.values(answered_at=services.clock() - DAY))
    with services.db.connect() as db:
        found = watch_evidence.judging(db, project, watched.newest(services, project))
    assert {one.id for one in found} == {one.id for one in fresh}
