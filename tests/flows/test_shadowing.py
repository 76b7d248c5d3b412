"""A version in shadow: asked about the newest pictures, shown to nobody, and live only where nothing breaks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from sightloop.core.entities import Job, Json, Progress, Project
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows import models, rollout, shadow_deciding, shadowing
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.measure import watch as rules
from sightloop.store import gates, images, jobs, outcomes, projects, tables, watches
from sightloop.store.database import Connection
from tests import tiny
from tests.flows import racing, watched

Model = Callable[..., int]
Keep = Callable[..., Any]
Run = Callable[[Job], Job]


@pytest.fixture
def used(services: Services, project: Project, model: Model, kept: Keep) -> Project:
    """A project whose live version answered four pictures."""
    model(project)
    for seed in range(4):
        kept(tiny.picture("red", seed=seed))
    return project


def start(services: Services, ref: str = "2") -> Job:
    return shadowing.start(services, user=OPERATOR, name="paint", ref=ref, reason="it is smaller")


def a_day_later(services: Services, project: Project) -> dict[str, Any]:
    """What comes of the project's shadow when its day is over."""
    clock = services.clock
    tomorrow = replace(services, clock=lambda: clock() + 1.1 * shadowing.DAY)
    shadowing.look(tomorrow)
    with services.db.connect() as db:
        [job, *_] = jobs.all(db, project_id=project.id, kinds=("shadow",), states=("queued",), limit=5)
    found: dict[str, Any] = shadow_deciding.run(tomorrow, job, lambda _: None)["shadow"]
    return found


def judge(services: Services, project: Project, *, verdict: str) -> None:
    """The gate has said this of version 2 against version 1."""
    report: Json = {"verdict": verdict, "sentence": f"So it is: {verdict}.", "needed": None, "margin": 0.01}
    report |= {"n": 50, "recent": 0, "rules": []}
    one, two = (watched.version(services, project, number).id for number in (1, 2))
    with services.db.begin() as db:
        gates.add(db, project.id, version_id=two, live_id=one, report=report)


def live(services: Services, project: Project) -> int:
    with services.db.connect() as db:
        found = projects.get(db, project.id).live_version_id
    return next(
        int(row["number"]) for row in models.listing(services, user=OPERATOR, name="paint") if row["id"] == found
    )


def test_a_version_is_asked_unseen_and_waits_where_the_pictures_are_too_few(
    services: Services, used: Project, model: Model, run_job: Run
) -> None:
    model(used, live=False, sharpness=1.0)
    done = run_job(start(services))
    assert done.context["shadow"]["state"] == "watching"
    assert live(services, used) == 1
    with services.db.connect() as db:
        [image, *_] = watches.arrivals(db, used.id, limit=9)
        said = outcomes.said(db, [image.id], version_ids=[watched.version(services, used, 2).id])
        assert len(said) == 1
        assert {one.route for one in images.predictions_of(db, image.id)} == {"single"}


def test_after_a_day_with_nothing_broken_it_goes_live_and_is_watched(
    services: Services, used: Project, model: Model, run_job: Run
) -> None:
    model(used, live=False, sharpness=6.0)
    judge(services, used, verdict="promote")
    run_job(start(services))
    assert (a_day_later(services, used)["state"], live(services, used)) == ("passed", 2)
    done = models.log(services, user=OPERATOR, name="paint")[0]
    assert (done.action, done.by) == ("promote", OPERATOR.id)
    assert done.reason == "it is smaller; Version 2 goes live: nothing broke in 4 answers in shadow."
    assert done.detail is not None
    assert [rule["name"] for rule in done.detail["shadow"]["rules"]] == ["errors", "latency", "classes"]
    told = rollout.show(services, user=OPERATOR, project="paint")
    assert [(one["kind"], one["state"]) for one in told["history"]] == [("watch", "watching"), ("shadow", "passed")]


@pytest.mark.parametrize("verdict", ["refuse", "undecided", None])
def test_what_the_gate_has_not_found_better_is_logged_as_forced(
    services: Services, used: Project, model: Model, run_job: Run, verdict: str | None
) -> None:
    model(used, live=False, sharpness=6.0)
    if verdict:
        judge(services, used, verdict=verdict)
    run_job(start(services))
    assert a_day_later(services, used)["state"] == "passed"
    done = models.log(services, user=OPERATOR, name="paint")[0]
    assert (done.action, done.detail is not None and done.detail.get("verdict")) == ("force", verdict)


def test_what_the_gate_put_into_shadow_is_a_promotion(
    services: Services, used: Project, model: Model, run_job: Run
) -> None:
    model(used, live=False, sharpness=6.0)
    one, two = (watched.version(services, used, number) for number in (1, 2))
    found = {"reason": "better", "detail": {"verdict": "promote"}}
    with services.db.begin() as db:
        job = shadowing.begin(db, used, two, live=one, by=None, found=found)
    run_job(job)
    a_day_later(services, used)
    done = models.log(services, user=OPERATOR, name="paint")[0]
    assert (done.action, done.by) == ("promote", None)


def test_only_pictures_that_came_in_use_count(services: Services, used: Project, model: Model, run_job: Run) -> None:
    model(used, live=False, sharpness=6.0)
    with services.db.begin() as db:
        [first, *_] = watches.used(db, used.id, limit=9)
        db.execute(update(tables.images).where(tables.images.c.id != first.id).values(source="import"))
    assert (
        run_job(start(services))
        .context["shadow"]["sentence"]
        .startswith("Version 2 answers in shadow: 1 of 200 pictures in use")
    )


def test_after_a_day_without_a_picture_in_use_it_stays_out(
    services: Services, used: Project, model: Model, run_job: Run
) -> None:
    model(used, live=False, sharpness=6.0)
    with services.db.begin() as db:
        db.execute(update(tables.images).values(source="import"))
    run_job(start(services))
    found = a_day_later(services, used)
    assert (found["state"], live(services, used)) == ("refused", 1)
    assert "no picture came in use" in found["sentence"]


def test_a_hundred_pictures_are_not_enough_before_the_day_is_over(
    services: Services, used: Project, model: Model, run_job: Run
) -> None:
    model(used, live=False, sharpness=6.0)
    one, two = (watched.version(services, used, number) for number in (1, 2))
    pictures = watched.came(services, used, one, 120, at=services.clock())
    watched.say(services, two, pictures, "red")
    found = run_job(start(services)).context["shadow"]
    assert (found["state"], live(services, used)) == ("watching", 1)


def test_two_clocks_that_look_at_once_queue_one_job(
    services: Services, used: Project, model: Model, run_job: Run
) -> None:
    model(used, live=False, sharpness=6.0)
    run_job(start(services))
    watch = watched.newest(services, used)
    clock = services.clock
    later = replace(services, clock=lambda: clock() + 1.1 * shadowing.DAY)

    def queued(db: Connection) -> None:
        jobs.enqueue(db, kind="shadow", steps=shadowing.STEPS, params={"watch": watch.id}, project_id=used.id)

    racing.overtaken(services, lambda: shadowing.look(later), by=queued)
    with services.db.connect() as db:
        assert len(jobs.all(db, project_id=used.id, kinds=("shadow",), states=("queued",))) == 1


def test_a_shadow_that_a_person_ends_meanwhile_says_so(services: Services, used: Project, model: Model) -> None:
    model(used, live=False, sharpness=6.0)
    job = start(services)

    def end(_: Progress) -> None:
        with suppress(Conflict):
            rollout.end(services, user=OPERATOR, project="paint", reason="not needed")

    found = shadow_deciding.run(services, job, end)["shadow"]
    assert found == {"state": "ended", "sentence": "Ended by hand: not needed"}


def test_a_version_that_answers_something_else_stays_out(
    services: Services, used: Project, model: Model, run_job: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With four pictures instead of a hundred, because here every one of them is really asked about."""
    monkeypatch.setattr(rules, "SAME", 4)
    stubborn = model(used, live=False, sharpness=-8.0)  # answers what the picture is least like
    done = run_job(start(services, str(stubborn)))
    assert done.context["shadow"]["state"] == "refused"
    assert "shares of the classes are 1.00 apart" in done.context["shadow"]["sentence"]
    assert live(services, used) == 1


def test_only_one_version_answers_in_shadow_until_it_is_ended_with_a_reason(
    services: Services, used: Project, model: Model
) -> None:
    model(used, live=False, sharpness=1.0)
    model(used, live=False, sharpness=2.0)
    start(services)
    with pytest.raises(Conflict, match="version 2 answers in shadow already"):
        start(services, "3")
    with pytest.raises(Rejected, match="needs a reason"):
        rollout.end(services, user=OPERATOR, project="paint", reason=" ")
    with pytest.raises(Rejected, match="needs a reason"):
        shadowing.start(services, user=OPERATOR, name="paint", ref="3", reason=" ")
    ended = rollout.end(services, user=OPERATOR, project="paint", reason="not needed")
    assert (ended["state"], ended["sentence"]) == ("ended", "Ended by hand: not needed")
    assert start(services, "3").kind == "shadow"


def test_the_live_version_has_nothing_to_answer_beside(services: Services, used: Project) -> None:
    with pytest.raises(Conflict, match="version 1 is live already"):
        start(services, "1")


def test_a_shadow_never_takes_the_place_of_a_version_that_went_live_meanwhile(
    services: Services, used: Project, model: Model, run_job: Run
) -> None:
    model(used, live=False, sharpness=6.0)
    model(used, live=False, sharpness=2.0)
    job = start(services)
    models.promote(services, user=OPERATOR, name="paint", ref="3", reason="now", force=True)
    assert run_job(job).context["shadow"] is None
    assert live(services, used) == 3


def test_a_promotion_is_watched_beside_a_shadow_and_each_ends_by_its_version(
    services: Services, used: Project, model: Model
) -> None:
    model(used, live=False, sharpness=6.0)
    model(used, live=False, sharpness=2.0)
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="now", force=True)
    start(services, "3")
    end = partial(rollout.end, services, user=OPERATOR, project="paint", reason="enough")
    for wrong in ({"version": 1}, {"version": 3, "kind": "watch"}):
        with pytest.raises(Conflict, match=f"nothing of version {wrong['version']} of project 'paint'"):
            end(**wrong)
    left = end(version=3, kind="shadow")
    assert (left["state"], left["kind"], left["version"]) == ("watching", "watch", 2)
    with pytest.raises(Conflict, match="nothing of version 3"):
        end(version=3)
    assert end(version=2)["state"] == "ended"


def test_a_watch_that_goes_on_is_shown_although_a_later_shadow_is_over(
    services: Services, used: Project, model: Model
) -> None:
    model(used, live=False, sharpness=6.0)
    model(used, live=False, sharpness=2.0)
    models.promote(services, user=OPERATOR, name="paint", ref="2", reason="now", force=True)
    start(services, "3")
    shown = rollout.show(services, user=OPERATOR, project="paint")
    assert (shown["kind"], shown["version"]) == ("shadow", 3)
    rollout.end(services, user=OPERATOR, project="paint", reason="enough")
    shown = rollout.show(services, user=OPERATOR, project="paint")
    assert (shown["kind"], shown["state"], shown["version"]) == ("watch", "watching", 2)
    assert [one["id"] for one in shown["history"]].index(shown["id"]) == 1
