"""A cascade from two versions to a live one that is certified again when its accurate member has learnt on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sightloop import families, telemetry, wiring
from sightloop.core.entities import Job, Json, Project
from sightloop.core.errors import Missing, Rejected, Unavailable
from sightloop.flows import (
    answer,
    cascade_report,
    cascading,
    members,
    predict,
    projects,
    retraining,
    taught,
    teaching,
    upload,
)
from sightloop.flows.access import OPERATOR, project_for
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import images, jobs, versions
from sightloop.store import labelled as pictures
from tests import cascaded, tiny
from tests.flows import labelled

SMALL = {"backbone": "test_resnet", "weights": "none", "input_size": 32, "precision": "fp32", "batch": 8}


def usual(**changes: object) -> Json:
    """Parameters of a tiny training that a version may have been made with."""
    return {**dataclasses.asdict(families.params("linear", {})), **SMALL, **changes}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, Job]]:
    """An installation whose live version is a cascade that asks its accurate member about every fast answer."""
    root = tmp_path_factory.mktemp("studio")
    built = wiring.build(Settings(data=root / "data", workers=1))
    made = cascaded.project(built, root)
    cascaded.member(built, made, root, sharpness=4.0)
    cascaded.member(built, made, root, sharpness=9.0, params=usual(), metrics=cascaded.accuracy(0.9))
    yield built, cascaded.certified(built, live=True, audit=1.0)
    built.close()


@pytest.fixture
def live(studio: tuple[Services, Job]) -> Services:
    return studio[0]


@pytest.fixture
def made(studio: tuple[Services, Job]) -> Job:
    return studio[1]


@pytest.fixture
def certifying(services: Services, project: Project) -> Project:
    """An empty project that is to certify cascades."""
    return projects.update(services, user=OPERATOR, name=project.name, settings={"certify": True})


def state(services: Services) -> Json:
    return cascade_report.state(services, user=OPERATOR, name="paint")


def test_what_is_left_open_is_the_quickest_member_and_the_most_accurate_other(made: Job) -> None:
    named = made.params["params"]
    assert (named["fast"], named["accurate"]) == ("1", "2")
    assert made.context["version"] == 3


def test_a_certificate_is_of_pictures_of_groups_of_their_own(live: Services, made: Job) -> None:
    promise = state(live)["certificate"]
    assert promise["n"] == state(live)["pictures"]["certification"] >= promise["needed"]
    assert (promise["k"], promise["epsilon"]) == (0, cascaded.EASY["epsilon"])
    assert promise["threshold"] is not None


def test_the_state_names_members_and_candidates_and_says_that_it_is_live(live: Services) -> None:
    told = state(live)
    assert (told["active"], told["version"], told["reason"]) == (True, 3, None)
    assert [row["version"] for row in told["candidates"]] == [2, 1]
    assert told["members"]["accurate"]["version"] == 2
    assert told["members"]["fast"]["ms"] > 0


def test_a_member_or_the_cascade_can_be_asked(live: Services) -> None:
    data = tiny.picture("blue", seed=99)
    asked = {
        model: predict.predict(live, user=OPERATOR, project="paint", data=data, model=model)
        for model in ("fast", "accurate", "cascade", "champion")
    }
    assert [asked[model]["model_version"] for model in asked] == [1, 2, 3, 3]
    assert (asked["fast"]["route"], asked["cascade"]["route"]) == ("single", "fast")
    assert {answer["predicted"] for answer in asked.values()} == {"blue"}


def test_what_taught_a_member_and_what_certified_it_taught_the_cascade(live: Services, made: Job) -> None:
    with live.db.connect() as db:
        cascade = versions.get(db, made.project_id or "", 3)
    counts = made.context["counts"]
    met = taught.by(live, cascade)
    assert len(met.images) == sum(counts["train"].values()) + sum(counts["calibration"].values())


def test_nothing_but_a_cascade_of_single_versions_can_be_asked_for(live: Services) -> None:
    def refused(**params: str) -> str:
        with pytest.raises((Rejected, Missing)) as error:
            cascading.start(live, user=OPERATOR, name="paint", params=params)
        return error.value.message

    assert "cascade itself" in refused(accurate="3")
    assert "cannot be both" in refused(fast="1", accurate="1")
    assert "no model version '9'" in refused(fast="9")
    assert "epsilon" in refused(epsilon="much")


def test_the_reason_why_none_can_be_made_is_the_refusal(services: Services, project: Project, tmp_path: Path) -> None:
    def refused() -> str:
        with pytest.raises(Rejected) as error:
            cascading.start(services, user=OPERATOR, name="paint", params={})
        assert error.value.message == state(services)["reason"]
        return error.value.message

    assert "--certify" in refused()
    projects.update(services, user=OPERATOR, name="paint", settings={"certify": True})
    cascaded.member(services, project, tmp_path, sharpness=4.0)
    assert "has 1: train a second" in refused()
    cascaded.member(services, project, tmp_path, sharpness=5.0)
    assert state(services)["reason"] is None
    assert state(services)["certificate"] is None


def test_a_project_without_a_cascade_says_which_models_cannot_be_asked(
    services: Services, project: Project, model: Callable[..., int]
) -> None:
    model(project)
    for name in ("fast", "accurate", "cascade"):
        with pytest.raises(Unavailable) as refused:
            predict.target(services, user=OPERATOR, project="paint", model=name)
        assert "sightloop cascade certify paint" in refused.value.hint


def test_where_no_cascade_is_live_the_newest_is_asked(services: Services, tmp_path: Path) -> None:
    project = cascaded.project(services, tmp_path)
    for sharpness in (4.0, 9.0):
        cascaded.member(services, project, tmp_path, sharpness=sharpness)
    job = cascaded.certified(services)
    where = predict.target(services, user=OPERATOR, project="paint", model="cascade")
    assert where.version_id == job.context["version_id"]
    assert state(services)["active"] is False


def test_pictures_that_a_member_met_before_certify_nothing(services: Services, tmp_path: Path) -> None:
    project = cascaded.project(services, tmp_path, certify=False)
    early = labelled.freeze(services, project)["snapshot_id"]
    project = projects.update(services, user=OPERATOR, name="paint", settings={"certify": True})
    later = labelled.freeze(services, project)["snapshot_id"]
    for sharpness, taken in ((4.0, early), (9.0, later)):
        cascaded.member(services, project, tmp_path, sharpness=sharpness, snapshot_id=taken)
    told = state(services)
    unmet = {row["version"]: row["certifies"] for row in told["candidates"]}
    assert unmet == {1: 0, 2: told["pictures"]["certification"]}
    promise = cascaded.certified(services).context["trained"]["certificate"]
    assert (promise["n"], promise["threshold"]) == (0, None)
    assert promise["reason"]


def test_new_labels_are_counted_from_when_the_accurate_member_learnt(services: Services, tmp_path: Path) -> None:
    project = cascaded.project(services, tmp_path)
    taken = labelled.freeze(services, project)["snapshot_id"]
    for sharpness in (4.0, 9.0):
        cascaded.member(services, project, tmp_path, sharpness=sharpness, snapshot_id=taken)
    with services.db.begin() as db:
        known = images.get(db, pictures.all(db, project.id)[0].id)
        images.relabel(db, known, value=known.label, action="verify", by=None)
    cascaded.certified(services, live=True)
    assert teaching.teaching(services, user=OPERATOR, project="paint")["new_since_live"] == 1


def retrained(services: Services) -> Job:
    return retraining.start(services, user=OPERATOR, name="paint", force=True)


def test_a_live_cascade_learns_on_in_its_accurate_member_and_is_certified_again(
    services: Services, tmp_path: Path
) -> None:
    project = cascaded.project(services, tmp_path)
    cascaded.member(services, project, tmp_path, sharpness=4.0)
    cascaded.member(services, project, tmp_path, sharpness=9.0, params=usual(), metrics=cascaded.accuracy(0.9))
    cascaded.certified(services, live=True, human=0.4)
    asked = retrained(services)
    assert (asked.params["family"], asked.params["then"]) == ("linear", "certify")
    assert asked.params["params"]["backbone"] == "test_resnet"
    assert tiny.run(services, asked).state == "done"
    [again] = waiting(services, project)
    kept = again.params["params"]
    assert (kept["fast"], kept["accurate"], kept["human"], kept["epsilon"]) == ("1", "4", 0.4, 0.3)
    assert tiny.run(services, again).context["version"] == 5
    assert waiting(services, project) == []


def waiting(services: Services, project: Project) -> list[Job]:
    with services.db.connect() as db:
        return jobs.all(db, project_id=project.id, kinds=("train",), states=("queued",))


def test_a_step_that_is_done_again_certifies_once(live: Services, made: Job) -> None:
    project = project_for(live, user=OPERATOR, name="paint", action="train")
    asked = dataclasses.replace(made, params={"then": members.AGAIN})
    with live.db.connect() as db:
        version = versions.get(db, project.id, 2)
    with live.db.begin() as db:
        first = cascading.again(db, project, asked, version)
        assert first is not None
        assert cascading.again(db, project, asked, version) is None
        assert cascading.again(db, project, dataclasses.replace(made, params={}), version) is None


def test_certifying_is_no_training_that_new_labels_are_counted_from(live: Services, made: Job) -> None:
    project = project_for(live, user=OPERATOR, name="paint", action="train")
    with live.db.connect() as db:
        assert retraining.newest(db, project) is None


def test_the_quickest_is_told_by_milliseconds_where_all_were_measured(
    services: Services, certifying: Project, tmp_path: Path
) -> None:
    def measured(ms: float) -> Json:
        return {"training": {"int8": {"kept": False, "ms": ms, "ms_int8": 1.0}}}

    for ms in (9.0, 3.0, 5.0):
        cascaded.member(services, certifying, tmp_path, sharpness=ms, metrics=measured(ms))
    assert members.chosen(services, certifying, {})["fast"] == "2"
    assert members.chosen(services, certifying, {"accurate": "2"})["fast"] == "3"


def test_an_upload_answered_by_the_cascade_is_audited_and_counted(live: Services, made: Job) -> None:
    before = state(live)["live"]["answers"]
    incoming = upload.incoming(live, name="fresh.jpg", data=tiny.picture("green", seed=777))
    [outcome] = upload.keep(live, user=OPERATOR, project="paint", incoming=[incoming])
    assert outcome.image is not None
    [image] = answer.score(live, project_id=made.project_id or "", image_ids=[outcome.image.id], timeout=20)
    told = state(live)
    assert image.predicted == "green"
    assert (told["live"]["answers"], told["live"]["audited"]) == (before + 1, before + 1)
    assert (told["audit"]["n"], told["audit"]["disagreements"]) == (before + 1, 0)
    assert b'sightloop_audits_total{agrees="yes"}' in telemetry.render()
