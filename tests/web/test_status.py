"""How the installation does, over HTTP: for whoever is signed in its load, for administrators its storage."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from fastapi import FastAPI
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows import jobs
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.tracking.mlflow import MLflow
from sightloop.web.api.status import SERIES
from sightloop.web.brief import Brief
from tests import tiny
from tests.web.people import bearer

STATUS = "/api/v1/status"


def test_a_viewer_sees_load_parts_and_jobs(client: TestClient, app: FastAPI, token: Callable[..., str]) -> None:
    headers = bearer(token("viewer"))
    fresh = client.get(STATUS, headers=headers).json()
    assert fresh["now"]["requests_per_second"] is None
    assert [one["points"] for one in fresh["series"]] == [[]] * len(SERIES)
    app.state.desk.sampler.sample()
    told = client.get(STATUS, headers=headers).json()
    assert told["now"]["requests_per_second"] > 0
    assert told["now"]["p99"] >= told["now"]["p50"] > 0
    assert (told["now"]["jobs_running"], told["now"]["jobs_queued"]) == (0, 0)
    points = {one["name"]: one["points"] for one in told["series"]}
    assert set(points) == set(SERIES)
    assert points["p50"] == [[told["series"][0]["points"][0][0], told["now"]["p50"]]]
    assert {one["name"] for one in told["checks"]} == {"database", "storage", "model runtime", "worker"}
    assert all(one["points"] == [] for one in client.get(f"{STATUS}?minutes=0", headers=headers).json()["series"])


def test_answers_that_failed_here_are_counted(
    client: TestClient, app: FastAPI, services: Services, token: Callable[..., str]
) -> None:
    services.blobs.incoming.rmdir()
    client.get("/readyz")
    app.state.desk.sampler.sample()
    assert client.get(STATUS, headers=bearer(token("viewer"))).json()["now"]["errors_per_second"] > 0


def test_the_storage_is_for_administrators_also_a_moment_after_one_asked(
    admin: TestClient, client: TestClient, paint: Project, token: Callable[..., str]
) -> None:
    found = admin.get("/api/v1/storage").json()
    assert found["disk"]["free"] > 0
    assert [one["name"] for one in found["projects"]] == ["paint"]
    assert "originals" in {one["name"] for one in found["parts"]}
    assert client.get("/api/v1/storage", headers=bearer(token("maintainer"))).status_code == 403


def test_a_check_is_asked_for_and_its_report_is_in_the_job(admin: TestClient, services: Services) -> None:
    asked = admin.post("/api/v1/check", json={"repair": True})
    assert asked.status_code == 202, asked.text
    assert (asked.json()["kind"], asked.json()["project"]) == ("check", None)
    tiny.run(services, jobs.show(services, user=OPERATOR, job_id=asked.json()["id"]))
    job = admin.get(f"/api/v1/jobs/{asked.json()['id']}").json()
    assert job["context"]["report"]["ok"] is True
    assert str(services.data) not in str(job)
    assert [one["id"] for one in admin.get("/api/v1/jobs?kind=check").json()["items"]] == [job["id"]]
    assert admin.get("/api/v1/jobs?kind=train").json()["items"] == []


def test_a_job_that_was_cancelled_is_queued_again(admin: TestClient) -> None:
    first = admin.post("/api/v1/check", json={}).json()["id"]
    assert admin.post(f"/api/v1/jobs/{first}/retry").status_code == 409
    admin.post(f"/api/v1/jobs/{first}/cancel")
    again = admin.post(f"/api/v1/jobs/{first}/retry")
    assert again.status_code == 202, again.text
    assert (again.json()["kind"], again.json()["state"], again.json()["remaining"]) == ("check", "queued", None)


def test_a_crowd_that_watches_the_status_looks_at_the_parts_once(
    client: TestClient, app: FastAPI, services: Services, token: Callable[..., str]
) -> None:
    app.state.desk.states = Brief(60)
    headers = bearer(token("viewer"))
    before = client.get(STATUS, headers=headers).json()["checks"]
    services.blobs.incoming.rmdir()
    assert client.get(STATUS, headers=headers).json()["checks"] == before


def test_only_maintainers_see_where_the_mirror_is(
    client: TestClient, app: FastAPI, services: Services, token: Callable[..., str]
) -> None:
    app.state.desk.services = dataclasses.replace(services, tracker=MLflow("http://127.0.0.1:9"))
    asked = {
        role: client.get(STATUS, headers=bearer(token(role))).json()["mirror"] for role in ("viewer", "maintainer")
    }
    assert asked["viewer"] == asked["maintainer"] | {"address": None}
    assert (asked["maintainer"]["address"], asked["maintainer"]["waiting"]) == ("http://127.0.0.1:9", 0)
