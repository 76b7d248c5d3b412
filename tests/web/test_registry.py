"""Versions, runs and families as the pages of the web app ask for them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import ModelVersion, Project
from sightloop.flows.services import Services
from sightloop.store import jobs, runs
from tests.web.tiny_model import put_live

AT = "/api/v1/projects/paint"


@pytest.fixture
def live(services: Services, paint: Project, tmp_path: Path) -> ModelVersion:
    return put_live(services, paint, tmp_path / "bundle")


def listed(client: TestClient, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_a_family_names_what_each_parameter_takes(admin: TestClient) -> None:
    families = {family["name"]: family for family in listed(admin, "/api/v1/families")}
    epochs = next(one for one in families["transfer"]["params"] if one["name"] == "epochs")
    assert (epochs["takes"], epochs["default"], epochs["low"], epochs["high"]) == ("int", 10, 1, 1000)
    assert "mobilenetv2_100" in families["linear"]["missing_weights"]


def test_a_downloaded_bundle_is_the_file_that_the_version_names(admin: TestClient, live: ModelVersion) -> None:
    answer = admin.get(f"{AT}/models/champion/bundle")
    assert hashlib.sha256(answer.content).hexdigest() == live.bundle
    assert answer.headers["content-disposition"] == 'attachment; filename="paint-v1.bundle"'


def test_a_version_says_who_made_it_and_from_which_pictures(admin: TestClient, live: ModelVersion) -> None:
    [row] = listed(admin, f"{AT}/models")
    detail = admin.get(f"{AT}/models/1").json()
    assert (row["alias"], row["by_name"]) == (detail["alias"], detail["by_name"]) == ("champion", None)
    assert (detail["counts"], detail["card"]) == (None, None)


def test_the_runs_of_one_job_name_their_version_and_who_asked(
    admin: TestClient, services: Services, paint: Project, live: ModelVersion
) -> None:
    me = admin.get("/api/v1/auth/me").json()
    with services.db.begin() as db:
        job = jobs.enqueue(db, kind="train", steps=("train",), project_id=paint.id)
        run = runs.start(db, paint.id, family="linear", params={}, job_id=job.id, created_by=me["id"])
        runs.finish(db, run, metrics={"n": 1}, version_id=live.id)
        runs.start(db, paint.id, family="linear", params={})
    [found] = listed(admin, f"{AT}/runs?job={job.id}")
    assert (found["id"], found["version"], found["by_name"]) == (run, 1, me["name"])
    assert len(listed(admin, f"{AT}/runs")) == 2
    assert admin.get(f"{AT}/runs/{run}").json()["version"] == 1


def test_a_job_says_who_asked_for_it(admin: TestClient, services: Services, paint: Project) -> None:
    me = admin.get("/api/v1/auth/me").json()
    with services.db.begin() as db:
        jobs.enqueue(db, kind="train", steps=("train",), project_id=paint.id, created_by=me["id"])
        jobs.enqueue(db, kind="score", steps=("score",), project_id=paint.id)
    assert {job["by_name"] for job in listed(admin, "/api/v1/jobs")} == {me["name"], None}
