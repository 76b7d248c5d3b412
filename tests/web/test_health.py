"""Probes and figures: what they touch, when they fail, and who may see them."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from fastapi import FastAPI
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.web.app import create_app
from sightloop.web.guard import PUBLIC
from tests.web.people import bearer


def test_the_probes_answer_strangers(client: TestClient) -> None:
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/ping").text == "pong"
    ready = client.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert set(ready.json()["checks"]) == {"database", "storage", "model"}
    assert client.get("/health").json()["version"]


def test_no_probe_names_a_path_of_the_server(client: TestClient, services: Services) -> None:
    for path in ("/readyz", "/health"):
        assert str(services.data) not in client.get(path).text


def test_readiness_fails_while_draining_and_liveness_does_not(client: TestClient, app: FastAPI) -> None:
    app.state.desk.draining = True
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").json()["status"] == "draining"
    assert client.get("/livez").status_code == 200


def test_readiness_fails_without_a_store_to_write_to(client: TestClient, services: Services) -> None:
    shutil.rmtree(services.blobs.incoming)
    services.blobs.incoming.write_text("in the way")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["storage"]["status"] == "failed"


def test_metrics_are_for_this_machine_or_for_who_has_the_token(services: Services, settings: Settings) -> None:
    app = create_app(services, settings.model_copy(update={"metrics_token": "t" * 20}))
    here = TestClient(app, client=("127.0.0.1", 1))
    elsewhere = TestClient(app, client=("192.0.2.7", 1))
    assert here.get("/metrics").status_code == 200
    assert elsewhere.get("/metrics").status_code == 403
    assert elsewhere.get("/metrics", headers=bearer("t" * 20)).status_code == 200
    assert here.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403


def test_a_request_is_counted_under_its_template_and_never_under_its_path(
    services: Services, settings: Settings, paint: Project, token: Callable[..., str]
) -> None:
    client = TestClient(create_app(services, settings), client=("127.0.0.1", 1))
    client.get("/api/v1/projects/paint", headers=bearer(token("admin")))
    client.get("/api/v1/no/such/route", headers=bearer(token("admin")))
    for path in PUBLIC:
        client.get(path)
    text = client.get("/metrics").text
    assert all(f'route="{path}"' in text for path in PUBLIC if not path.startswith("/api/"))
    assert 'route="/api/v1/projects/{project}"' in text
    assert "/api/v1/projects/paint" not in text
    assert "/no/such" not in text


def test_every_operation_is_described_with_its_errors_and_credentials(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "/api/v1/projects/{project}/predict" in document["paths"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert "4XX" in operation["responses"], path
            assert operation.get("description"), path
            assert ("security" in operation) == (path not in PUBLIC), path
