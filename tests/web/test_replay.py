"""Asking for a prediction again over HTTP and at the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows.services import Services
from tests.web.people import bearer
from tests.web.tiny_model import put_live


def test_a_replay_says_that_the_numbers_are_the_same(
    client: TestClient,
    services: Services,
    paint: Project,
    token: Callable[..., str],
    picture: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    put_live(services, paint, tmp_path / "bundle")
    files = {"files": ("a.jpg", picture(), "image/jpeg")}
    sent = client.post("/api/v1/projects/paint/images", files=files, headers=bearer(token("reviewer", project="paint")))
    image_id = sent.json()["files"][0]["image"]["id"]
    viewer = bearer(token("viewer", project="paint"))
    prediction = client.get(f"/api/v1/images/{image_id}", headers=viewer).json()["prediction"]
    answer = client.post(f"/api/v1/predictions/{prediction['id']}/replay", headers=viewer)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["same"], found["image_id"], found["reason"]) == (True, image_id, None)
    assert found["now"]["probabilities"] == prediction["probabilities"]


def test_an_unknown_prediction_is_a_404(client: TestClient, paint: Project, token: Callable[..., str]) -> None:
    answer = client.post("/api/v1/predictions/none/replay", headers=bearer(token("viewer", project=paint.name)))
    assert answer.status_code == 404
    assert "none" in answer.json()["detail"]
