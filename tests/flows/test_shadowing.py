"""A version in shadow: asked about the newest pictures, shown to nobody, and live only where nothing breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sightloop.core.entities import Job, Project
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows import models, rollout, shadow_deciding, shadowing
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.measure import watch as rules
from sightloop.store import images, jobs, outcomes, projects, watches
from tests import tiny
from tests.flows import watched

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
    return shadowing.start(services, user=OPERATOR, name="paint", ref=ref)


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
    run_job(start(services))
    clock = services.clock
    tomorrow = replace(services, clock=lambda: clock() + 1.1 * shadowing.DAY)
    shadowing.look(tomorrow)
    with services.db.connect() as db:
        [job, *_] = jobs.all(db, project_id=used.id, kinds=("shadow",), states=("queued",), limit=5)
    found = shadow_deciding.run(tomorrow, job, lambda _: None)["shadow"]
    assert (found["state"], live(services, used)) == ("passed", 2)
    done = models.log(services, user=OPERATOR, name="paint")[0]
    assert (done.action, done.by) == ("promote", OPERATOR.id)
    assert done.detail is not None
    assert [rule["name"] for rule in done.detail["shadow"]["rules"]] == ["errors", "latency", "classes"]
    told = rollout.show(services, user=OPERATOR, project="paint")
    assert [(one["kind"], one["state"]) for one in told["history"]] == [("watch", "watching"), ("shadow", "passed")]


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
