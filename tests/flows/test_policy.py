"""Whether a project learns again by itself: rules counted of real rows, what holds them, and who waits for labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, update

from sightloop.core.entities import Image, Job, Json, ModelVersion, Project
from sightloop.core.errors import Conflict
from sightloop.flows import challengers, policy, projects, promoting, retraining
from sightloop.flows import jobs as job_flows
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import drift, gates, images, jobs, registry_tables, runs, versions, watches
from sightloop.store import projects as project_rows
from sightloop.store.loop_tables import wanted
from sightloop.store.watch_tables import notices
from tests.flows import labelled

ACCURACY = {"accuracy": {"value": 0.95, "low": 0.90, "high": 0.98}}
DAY = 86_400.0


@pytest.fixture
def live(services: Services, project: Project) -> ModelVersion:
    """A live version that was right of 95 % of its held-out pictures, in a project that learns by itself."""
    set_(services, retrain_automatically=True, min_samples_for_retraining=3)
    for number, word in enumerate(("red", "blue")):
        labelled.add(services, project, f"first {number}", label=word, side="train")
    taken = labelled.freeze(services, project)
    drop_jobs(services)
    with services.db.begin() as db:
        made = versions.add(
            db,
            project.id,
            bundle="0" * 64,
            family="linear",
            params={"weights": "none", "backbone": "test_resnet"},
            metrics={"test": ACCURACY},
            snapshot_id=taken["snapshot_id"],
        )
        project_rows.set_live(db, project.id, version_id=made.id, by=None, action="promote")
    return made


def drop_jobs(services: Services) -> None:
    with services.db.begin() as db:
        db.execute(registry_tables.jobs.delete())


def set_(services: Services, **settings: Any) -> None:
    projects.update(services, user=OPERATOR, name="paint", settings=settings)


def decide(services: Services) -> Json:
    return policy.decide(services, user=OPERATOR, project="paint")


def rule(services: Services, name: str) -> Json:
    return next(one for one in decide(services)["rules"] if one["name"] == name)


def held(services: Services) -> list[str]:
    return [one["name"] for one in decide(services)["holds"]]


def came(services: Services, project: Project, live: ModelVersion, number: int, *, said: str = "red") -> Image:
    """A picture that came in use, answered by the live version."""
    image = labelled.add(services, project, f"came {number}", label=None, created_at=live.created_at + 1 + number)
    return labelled.answer(services, image, live, said)


def ask(services: Services, image: Image, *, at: float, report_id: str | None = None, kind: str = "random") -> None:
    row = {"image_id": image.id, "project_id": image.project_id, "at": at, "kind": kind, "judges": False}
    with services.db.begin() as db:
        db.execute(insert(wanted), [{**row, "report_id": report_id, "answered_at": at + 1}])


def sampled(services: Services, project: Project, live: ModelVersion, n: int, *, wrong: int) -> None:
    """Random pictures that the version was `wrong` of."""
    for number in range(n):
        image = labelled.relabel(services, came(services, project, live, number), "blue" if number < wrong else "red")
        ask(services, image, at=live.created_at + 1)


def alarm(services: Services, project: Project, live: ModelVersion, kind: str = "covariate") -> Json:
    since = live.created_at
    told: Json = {"version_id": live.id, "since": since, "until": since + 9, "n": 120, "p": 1e-6}
    with services.db.begin() as db:
        return drift.add(db, project.id, {**told, "kind": kind, "alarm": True})


def correct(services: Services, project: Project, live: ModelVersion, n: int) -> None:
    """Pictures that came in by import, that the model took for red and people for blue or green in turn."""
    for number in range(n):
        image = labelled.add(services, project, f"wrong {number}", label=None, source="import")
        labelled.answer(services, image, live, "red")
        labelled.relabel(services, image, "green" if number % 3 == 0 else "blue")


def train(services: Services, project: Project, *, state: str = "done", hours: float = 0.1, **params: Any) -> Job:
    """A training that ended now."""
    with services.db.begin() as db:
        job = jobs.enqueue(db, kind="train", steps=("train",), params=params, project_id=project.id, heavy=True)
        at = services.db.now(db)
        ended = {"state": state, "started_at": at - 3600 * hours, "finished_at": at}
        db.execute(update(registry_tables.jobs).where(registry_tables.jobs.c.id == job.id).values(ended))
        return jobs.get(db, job.id)


def queued(services: Services, project: Project, kind: str = "train") -> list[Job]:
    with services.db.connect() as db:
        return jobs.all(db, project_id=project.id, kinds=(kind,), states=jobs.UNFINISHED)


def told(services: Services) -> list[tuple[str, str]]:
    with services.db.connect() as db:
        return [(row.kind, row.sentence) for row in db.execute(notices.select().order_by(notices.c.seq))]


def test_without_a_live_model_that_is_the_whole_answer(services: Services, project: Project) -> None:
    found = decide(services)
    assert (found["would"], found["rule"], found["rules"], found["family"]) == (False, None, [], None)
    assert "no_model" in held(services)
    policy.start_due(services)
    assert queued(services, project) == []


def test_every_rule_is_listed_with_its_number_and_its_gap(services: Services, live: ModelVersion) -> None:
    found = decide(services)
    assert [one["name"] for one in found["rules"]] == ["performance", "covariate", "corrections", "class", "labels"]
    assert not found["would"]
    assert len(found["missing"]) == 5
    assert "0 of 200 corrections since version 1 learnt: 200 more are wanted." in found["missing"]
    assert found["learns"]["teach"] == 2
    assert (found["cool_down_days"], found["budget"]) == (7, {"hours": 24, "used": 0})


def test_drift_alone_never_retrains(services: Services, project: Project, live: ModelVersion) -> None:
    alarm(services, project, live)
    policy.start_due(services)
    assert rule(services, "covariate")["value"] == 0
    assert queued(services, project) == []


def test_an_alarm_and_enough_verified_labels_from_where_it_was_start_a_training_that_says_why(
    services: Services, project: Project, live: ModelVersion
) -> None:
    report = alarm(services, project, live)
    older = labelled.add(services, project, "older", label="red", created_at=live.created_at - 9)
    ask(services, older, at=live.created_at + 1, report_id=report["id"], kind="shifted")
    labelled.add(services, project, "elsewhere", label="red", created_at=live.created_at - 9)
    labelled.add(services, project, "imported", label="red", created_at=live.created_at + 5, source="import")
    for number in range(2):
        assert not rule(services, "covariate")["met"]
        labelled.relabel(services, came(services, project, live, number), "red")
    found = decide(services)
    assert (found["would"], found["rule"]) == (True, "covariate")
    policy.start_due(services)
    policy.start_due(services)
    [job] = queued(services, project)
    assert (job.params["rule"], job.params["why"]) == ("covariate", found["sentence"])
    assert "running" in held(services)


def test_labels_of_an_alarm_about_another_version_or_about_light_do_not_count(
    services: Services, project: Project, live: ModelVersion
) -> None:
    alarm(services, project, live, kind="acquisition")
    for number in range(5):
        labelled.relabel(services, came(services, project, live, number), "red")
    assert not rule(services, "covariate")["met"]
    assert "No alarm" in rule(services, "covariate")["sentence"]


def test_a_random_sample_that_shows_a_fall_retrains(services: Services, project: Project, live: ModelVersion) -> None:
    sampled(services, project, live, 29, wrong=20)
    assert "29 of 30" in rule(services, "performance")["sentence"]
    image = labelled.relabel(services, came(services, project, live, 99), "blue")
    assert not rule(services, "performance")["met"]  # it was not drawn at random
    ask(services, image, at=live.created_at + 1)
    found = decide(services)
    assert (found["would"], found["rule"]) == (True, "performance")
    assert found["rules"][0]["figures"]["live"]["high"] < ACCURACY["accuracy"]["low"]


def test_a_random_sample_that_shows_no_fall_does_not(services: Services, project: Project, live: ModelVersion) -> None:
    sampled(services, project, live, 40, wrong=4)
    found = rule(services, "performance")
    assert not found["met"]
    assert "is not shown to be worse" in found["sentence"]


def test_twenty_corrections_of_one_class_retrain(services: Services, project: Project, live: ModelVersion) -> None:
    correct(services, project, live, 29)  # 19 to blue
    found = rule(services, "class")
    assert (found["met"], found["value"]) == (False, 19)
    assert "19 of 20 corrections of 'blue'" in found["sentence"]
    correct(services, project, live, 30)
    found = decide(services)
    assert (found["would"], found["rule"]) == (True, "class")


def test_labels_ready_the_button_and_start_nothing_where_classes_are_told(
    services: Services, project: Project, live: ModelVersion
) -> None:
    for number in range(5):
        labelled.relabel(services, labelled.add(services, project, f"more {number}", label=None), "red")
    found = rule(services, "labels")
    assert (found["met"], found["starts"], decide(services)["would"]) == (True, False, False)
    policy.start_due(services)
    assert queued(services, project) == []
    assert retraining.start(services, user=OPERATOR, name="paint").state == "queued"


@pytest.fixture
def due(services: Services, project: Project, live: ModelVersion) -> ModelVersion:
    """A project that would learn now."""
    correct(services, project, live, 30)
    assert decide(services)["would"]
    return live


def test_it_is_held_where_nobody_switched_it_on_and_the_button_works_all_the_same(
    services: Services, project: Project, due: ModelVersion
) -> None:
    set_(services, retrain_automatically=False)
    found = decide(services)
    assert (found["would"], found["rule"], held(services)) == (False, "class", ["automatic_off"])
    assert "but project 'paint' does not learn by itself" in found["sentence"]
    policy.start_due(services)
    assert queued(services, project) == []
    assert "rule" not in retraining.start(services, user=OPERATOR, name="paint", force=True).params


def test_a_training_that_ended_well_cools_it_down_and_one_that_failed_does_not(
    services: Services, project: Project, due: ModelVersion
) -> None:
    train(services, project, state="failed")
    assert held(services) == ["tried"]  # until there is another label
    train(services, project)
    assert "cool_down" in held(services)
    [hold] = [one for one in decide(services)["holds"] if one["name"] == "cool_down"]
    with services.db.connect() as db:
        assert hold["until"] - services.db.now(db) == pytest.approx(7 * DAY, abs=60)
    set_(services, cool_down_days=0)
    assert "cool_down" not in held(services)


def test_the_budget_counts_only_trainings_that_started_by_themselves(
    services: Services, project: Project, due: ModelVersion
) -> None:
    set_(services, cool_down_days=0, budget_hours=2)
    train(services, project, hours=5)
    assert decide(services)["budget"] == {"hours": 2, "used": 0}
    train(services, project, hours=2.5, rule="class", why="")
    assert "budget" in held(services)
    assert decide(services)["budget"]["used"] == pytest.approx(2.5)


def test_the_training_that_made_the_live_version_does_not_hold_the_next(
    services: Services, project: Project, due: ModelVersion
) -> None:
    set_(services, cool_down_days=0)
    job = train(services, project)
    assert held(services) == ["tried"]
    with services.db.begin() as db:
        made = {"context": {"version_id": due.id, "version": 1}}
        db.execute(update(registry_tables.jobs).where(registry_tables.jobs.c.id == job.id).values(made))
    assert held(services) == []
    assert decide(services)["last"]["sentence"] == "Version 1 was made."


def test_a_version_in_shadow_holds_it(services: Services, project: Project, due: ModelVersion) -> None:
    with services.db.begin() as db:
        watches.begin(db, project.id, version_id="x", replaced_id=due.id, kind="shadow", report={})
    assert held(services) == ["running"]


def test_without_two_classes_that_teach_nothing_starts(services: Services, project: Project, due: ModelVersion) -> None:
    with services.db.connect() as db:
        words = [one for one in images.stream(db, project.id) if one.side == "train" and one.label != "blue"]
    for image in words:
        labelled.relabel(services, image, "unknown")
    found = decide(services)
    assert held(services) == ["nothing"]
    assert "2 classes of 'paint' must have training pictures with a label, and 1 have any" in found["sentence"]


def challenger(
    services: Services, project: Project, live: ModelVersion, *, verdict: str = "undecided", kind: str = "training"
) -> ModelVersion:
    """The newest version, made by a run of that kind, which nobody could tell from the live one."""
    made = labelled.version(services, project, live=False)
    told = {"verdict": verdict, "needed": 2, "sentence": "It cannot be told."}
    with services.db.begin() as db:
        runs.finish(db, runs.start(db, project.id, family="linear", params={}, kind=kind), version_id=made.id)
        gates.add(db, project.id, version_id=made.id, live_id=live.id, report=told)
    return made


def judges(services: Services, project: Project, number: int) -> Image:
    image = labelled.add(services, project, f"judge {number}", label=None, side="test")
    return labelled.relabel(services, image, "red")


def test_one_challenger_at_a_time_and_it_is_judged_again_when_its_labels_came(
    services: Services, project: Project, due: ModelVersion
) -> None:
    version = challenger(services, project, due)
    assert held(services) == ["challenger"]
    assert "about 2 more labels would tell" in decide(services)["sentence"]
    labelled.add(services, project, "teaches", label="red", side="train")
    policy.start_due(services)
    assert (queued(services, project), queued(services, project, "gate")) == ([], [])
    for number in range(2):
        judges(services, project, number)
    policy.start_due(services)
    policy.start_due(services)
    [job] = queued(services, project, "gate")
    assert job.params == {"version": 2, "version_id": version.id, "waited": True}
    assert queued(services, project) == []
    assert held(services) == ["running"]


def test_a_verdict_that_failed_is_not_asked_for_every_minute(
    services: Services, project: Project, due: ModelVersion
) -> None:
    set_(services, retrain_automatically=False)
    challenger(services, project, due)
    for number in range(2):
        judges(services, project, number)
    policy.start_due(services)
    [job] = queued(services, project, "gate")
    with services.db.begin() as db:
        claimed = jobs.claim(db, worker="test", job_id=job.id)
        assert claimed is not None
        jobs.fail(db, job.id, fence=claimed.fence, error="no room")
    policy.start_due(services)
    assert queued(services, project, "gate") == []


def test_a_version_that_no_training_made_challenges_nobody_whoever_asked_the_gate(
    services: Services, project: Project, due: ModelVersion
) -> None:
    challenger(services, project, due, kind="evaluation")
    assert held(services) == []
    for number in range(2):
        judges(services, project, number)
    set_(services, retrain_automatically=False)
    policy.start_due(services)
    assert queued(services, project, "gate") == []


def test_a_project_that_is_held_anyway_is_not_counted(
    services: Services, project: Project, due: ModelVersion, asked: list[str]
) -> None:
    def counted() -> int:
        asked.clear()
        policy.start_due(services)
        return sum("FROM images" in one for one in asked)

    train(services, project)
    assert counted() == 0  # it cools down
    set_(services, cool_down_days=0)
    assert counted() > 0


def test_what_was_refused_or_live_before_challenges_nobody(
    services: Services, project: Project, due: ModelVersion
) -> None:
    challenger(services, project, due, verdict="refuse")
    assert held(services) == []
    version = challenger(services, project, due)
    with services.db.begin() as db:
        project_rows.set_live(db, project.id, version_id=version.id, by=None, action="force", reason="test")
        project_rows.set_live(db, project.id, version_id=due.id, by=None, action="rollback")
    assert held(services) == []


@pytest.fixture
def asked(services: Services) -> Iterator[list[str]]:
    """What the database is asked from now on."""
    found: list[str] = []

    def hear(_db: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    yield found
    event.remove(Engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("automatic", [True, False])
def test_a_version_that_waited_goes_live_by_itself_where_promotions_do(
    services: Services, project: Project, model: Callable[..., int], automatic: bool
) -> None:
    set_(services, promote_automatically=automatic)
    pictures = [labelled.add(services, project, n, label="red" if n % 2 else "blue", side="test") for n in range(60)]
    numbers = [model(project), model(project, live=False, sharpness=1.0)]
    with services.db.begin() as db:
        found = [versions.get(db, project.id, number) for number in numbers]
    for version, wrong in zip(found, (20, 0), strict=True):
        for n, one in enumerate(pictures):
            labelled.answer(services, one, version, "green" if n < wrong else str(one.label))
    with services.db.begin() as db:
        params: Json = {"version": 2, "version_id": found[1].id, challengers.WAITED: True}
        job = jobs.enqueue(db, kind="gate", steps=("gate",), params=params, project_id=project.id)
    said = promoting.gate(services, job, lambda _: None)["gate"]
    assert (said["verdict"], said["promoted"]) == ("promote", automatic)
    assert told(services)[-1][0] in ("gate", "promotion")
    assert ("gate", f"Version 2 {'is live now' if automatic else 'is not live (promote)'}: {said['sentence']}") in told(
        services
    )


def test_what_went_live_by_itself_and_was_rolled_back_is_not_put_live_by_the_same_job_again(
    services: Services, project: Project, model: Callable[..., int]
) -> None:
    numbers = [model(project), model(project, live=False, sharpness=1.0)]
    with services.db.begin() as db:
        before, after = (versions.get(db, project.id, number) for number in numbers)
        project_rows.set_live(db, project.id, version_id=after.id, by=None, action="promote")
        project_rows.set_live(db, project.id, version_id=before.id, by=None, action="rollback")
        job = jobs.enqueue(db, kind="train", steps=("gate",), params={}, project_id=project.id)
        db.execute(
            update(registry_tables.jobs)
            .where(registry_tables.jobs.c.id == job.id)
            .values(context={"version_id": after.id})
        )
        job = jobs.get(db, job.id)
    promoting.gate(services, job, lambda _: None)
    with services.db.connect() as db:
        assert project_rows.get(db, project.id).live_version_id == before.id


def test_a_verdict_that_was_kept_before_the_job_was_killed_is_not_made_and_told_again(
    services: Services, project: Project, model: Callable[..., int]
) -> None:
    pictures = [labelled.add(services, project, n, label="red", side="test") for n in range(9)]
    for number in (model(project), model(project, live=False, sharpness=1.0)):
        with services.db.connect() as db:
            version = versions.get(db, project.id, str(number))
        for one in pictures:
            labelled.answer(services, one, version, "red")
    with services.db.begin() as db:
        params: Json = {"version": 2, "version_id": version.id, challengers.WAITED: True}
        job = jobs.enqueue(db, kind="gate", steps=("gate",), params=params, project_id=project.id)
    claimed = job_flows.claim(services, worker="test", job_id=job.id)
    assert claimed is not None
    said = promoting.gate(services, claimed, lambda _: None)
    assert (said["gate"]["verdict"], said["gate"]["promoted"]) == ("undecided", False)
    assert promoting.gate(services, claimed, lambda _: None) == said
    assert [kind for kind, _ in told(services)] == ["gate"]


def test_a_training_that_ends_is_told_outside(services: Services, project: Project, live: ModelVersion) -> None:
    with services.db.begin() as db:
        made, broken = (
            jobs.enqueue(db, kind="train", steps=("train",), params={"rule": "class"}, project_id=project.id)
            for _ in range(2)
        )
    gate = {"id": "g", "verdict": "undecided", "sentence": "It cannot be told.", "promoted": False}
    for job, ends in ((made, True), (broken, False)):
        claimed = job_flows.claim(services, worker="test", job_id=job.id)
        assert claimed is not None
        if ends:
            job_flows.advance(services, claimed, result={"version": 2, "version_id": "v", "gate": gate})
        else:
            job_flows.fail(services, claimed, error="no room", retry=False)
    assert told(services) == [
        ("training", "Version 2 is trained and is not live (undecided): It cannot be told."),
        ("training", "A training failed: no room"),
    ]


def test_two_workers_that_decide_at_once_queue_one_training(
    services: Services, project: Project, due: ModelVersion
) -> None:
    retraining.start(services, user=OPERATOR, name="paint", force=True, why={"rule": "class", "why": "test"})
    with pytest.raises(Conflict, match="queued already"):
        retraining.start(services, user=OPERATOR, name="paint", force=True)
