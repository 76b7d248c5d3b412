"""Learning again at the door: whether a project would by itself, and a ZIP that it takes in first."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Json, Project
from sightloop.flows import projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs
from tests import cascaded, tiny
from tests.web.people import bearer

URL = "/api/v1/projects/paint/retrain"
PARAMS: Json = {"weights": "none", "backbone": "test_resnet", "input_size": 32}


@pytest.fixture
def learning(services: Services, tmp_path: Path) -> Project:
    """A project with labelled pictures and a live model that can learn on."""
    made = cascaded.project(services, tmp_path, certify=False)
    cascaded.member(services, made, tmp_path, sharpness=4.0, params=PARAMS)
    return made


def zipped(*colours: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in colours:
            for seed in range(100, 102):
                archive.writestr(f"new/{name}/{seed}.jpg", tiny.picture(name, seed=seed))
    return out.getvalue()


def kept(services: Services) -> list[Path]:
    return list((services.data / "imports").iterdir())


def test_a_project_without_a_model_says_that_it_waits_for_a_first_one(admin: TestClient, paint: Project) -> None:
    found = admin.get(URL).json()
    assert (found["would"], found["rule"], found["rules"], found["family"], found["last"]) == (
        False,
        None,
        [],
        None,
        None,
    )
    assert [one["name"] for one in found["holds"]] == ["no_model", "nothing", "automatic_off"]


def test_every_rule_is_told_with_its_number_and_every_hold_with_its_reason(
    admin: TestClient, services: Services, learning: Project
) -> None:
    found = admin.get(URL).json()
    assert [one["name"] for one in found["rules"]] == ["performance", "covariate", "corrections", "class", "labels"]
    assert {(one["name"], one["value"], one["wanted"], one["met"]) for one in found["rules"]} >= {
        ("corrections", 0, 200, False),
        ("class", 0, 20, False),
        ("labels", 48, 50, False),
    }
    assert "48 of 50 new labels since version 1 learnt: 2 more are wanted." in found["missing"]
    assert [one["name"] for one in found["holds"]] == ["automatic_off"]
    assert (found["cool_down_days"], found["budget"]) == (7, {"hours": 24, "used": 0})
    assert (found["family"], found["params"]["backbone"]) == ("linear", "test_resnet")
    assert found["learns"]["teach"] > 0
    projects.update(services, user=OPERATOR, name="paint", settings={"retrain_automatically": True})
    assert (admin.get(URL).json()["automatic"], admin.get(URL).json()["holds"]) == (True, [])


def test_the_last_training_is_told_and_the_running_one_holds(admin: TestClient, learning: Project) -> None:
    asked = admin.post(URL, json={"force": True})
    assert asked.status_code == 202
    found = admin.get(URL).json()
    assert "A training is queued already." in [one["sentence"] for one in found["holds"]]
    assert (found["last"]["job_id"], found["last"]["state"], found["last"]["rule"]) == (
        asked.json()["id"],
        "queued",
        None,
    )
    assert found["last"]["at"].endswith("Z")


def test_a_zip_is_taken_in_by_the_training_that_learns_of_it_too_and_nothing_old_is_forgotten(
    admin: TestClient, services: Services, learning: Project
) -> None:
    before = admin.get("/api/v1/projects/paint/teaching").json()["labelled"]
    answer = admin.post(f"{URL}/archive", content=zipped("red", "blue"), headers={"content-type": "application/zip"})
    assert answer.status_code == 202, answer.text
    with services.db.connect() as db:
        job = jobs.get(db, answer.json()["id"])
    assert job.steps == ("import", "score", "describe", "snapshot", "train", "evaluate", "register", "gate")
    done = tiny.run(services, job)
    assert (done.state, done.context["version"]) == ("done", 2), done.error
    after = admin.get("/api/v1/projects/paint/teaching").json()["labelled"]
    assert (before, after) == (48, 52)
    assert sum(sum(side.values()) for side in done.context["counts"].values()) == 52


def test_a_request_that_is_sent_twice_is_one_training(admin: TestClient, services: Services, learning: Project) -> None:
    headers = {"content-type": "application/zip", "Idempotency-Key": "once"}
    first, second = (admin.post(f"{URL}/archive", content=zipped("red"), headers=headers) for _ in range(2))
    assert (first.status_code, second.json()["id"]) == (202, first.json()["id"])
    assert len(kept(services)) == 1


def test_a_training_that_waits_refuses_another_zip_and_keeps_nothing_of_it(
    admin: TestClient, services: Services, learning: Project
) -> None:
    admin.post(URL, json={"force": True})
    answer = admin.post(f"{URL}/archive", content=zipped("red"), headers={"content-type": "application/zip"})
    assert (answer.status_code, "queued already" in answer.json()["detail"]) == (409, True)
    assert kept(services) == []


@pytest.mark.parametrize(("content", "said"), [(b"not a zip", "ZIP"), (zipped("red")[:-30], "ZIP")])
def test_what_is_no_zip_is_refused_and_not_kept(
    admin: TestClient, services: Services, learning: Project, content: bytes, said: str
) -> None:
    answer = admin.post(f"{URL}/archive", content=content, headers={"content-type": "application/zip"})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert kept(services) == []


def test_whoever_may_only_review_asks_for_nothing_and_sees_why(
    client: TestClient, services: Services, learning: Project, token: Callable[..., str]
) -> None:
    headers = bearer(token("reviewer", project="paint"))
    refused = client.post(f"{URL}/archive", content=zipped("red"), headers=headers)
    assert refused.status_code == 403
    assert not (services.data / "imports").exists() or kept(services) == []
    assert client.get(URL, headers=headers).status_code == 200
