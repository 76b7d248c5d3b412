"""The fast lane: one picture in, one answer out, nothing kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows.services import Services
from sightloop.vision import encode
from sightloop.web.uploads import Memory
from tests.web.people import bearer
from tests.web.tiny_model import put_live

URL = "/api/v1/projects/paint/predict"
KEYS = {
    "prediction", "predicted", "reason", "advice", "confidence", "probabilities", "model_used", "model_version",
    "route", "processing_time", "worker_id", "off_domain",
}  # fmt: skip


def painted(*colour: int) -> bytes:
    return encode.jpeg(np.full((40, 60, 3), colour, dtype=np.uint8), quality=90)


RED, BLUE = painted(220, 30, 30), painted(30, 30, 220)


@pytest.fixture
def asking(
    client: TestClient, services: Services, paint: Project, tmp_path: Path, token: Callable[..., str]
) -> TestClient:
    """Somebody who may look at a project that has a model."""
    put_live(services, paint, tmp_path / "bundle")
    client.headers.update(bearer(token("viewer", project="paint")))
    return client


@pytest.mark.parametrize("field", ["image", "file"])
def test_a_picture_gets_an_answer_with_every_documented_key(asking: TestClient, field: str) -> None:
    answer = asking.post(URL, files={field: ("a.jpg", RED, "image/jpeg")})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == KEYS
    assert answer.json()["prediction"] == "red"
    assert sum(answer.json()["probabilities"].values()) == pytest.approx(1)


def test_two_pictures_get_two_answers(asking: TestClient) -> None:
    said = [asking.post(URL, files={"image": ("same.jpg", data)}).json()["prediction"] for data in (RED, BLUE)]
    assert said == ["red", "blue"]


def test_a_version_can_be_named_in_the_form_or_in_the_query(asking: TestClient) -> None:
    files = {"image": ("a.jpg", RED)}
    assert asking.post(URL, files=files, data={"model": "1"}).json()["model_version"] == 1
    assert asking.post(URL, files=files, params={"model": "1"}).json()["model_version"] == 1
    assert asking.post(URL, files=files, data={"model": "9"}).status_code == 404
    assert asking.post(URL, files=files, params={"model": "9"}).status_code == 404


@pytest.mark.parametrize("files", [[], [("image", ("a", RED)), ("file", ("b", RED))], [("photo", ("a", RED))]])
def test_anything_but_one_picture_is_refused(asking: TestClient, files: list[tuple[str, tuple[str, bytes]]]) -> None:
    answer = asking.post(URL, files=files or None, data={"model": "champion"})
    assert answer.status_code == 422
    assert answer.json()["hint"]


def test_a_picture_that_cannot_be_decoded_is_refused_with_its_reason(asking: TestClient) -> None:
    answer = asking.post(URL, files={"image": ("a.jpg", b"not a picture")})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_project_without_a_model_says_so(client: TestClient, paint: Project, token: Callable[..., str]) -> None:
    answer = client.post(URL, files={"image": ("a.jpg", RED)}, headers=bearer(token("admin")))
    assert answer.status_code == 503
    assert "no model" in answer.json()["detail"]


def test_a_hundred_files_give_a_hundred_rows_and_a_summary(asking: TestClient) -> None:
    files = [("files", (f"{i}.jpg", BLUE if i % 2 else RED)) for i in range(99)] + [("files", ("bad.jpg", b"bad"))]
    found = asking.post(f"{URL}/batch", files=files).json()
    assert len(found["results"]) == 100
    assert found["summary"] == {"total": 100, "answered": 99, "failed": 1, "predictions": {"red": 50, "blue": 49}}
    assert found["results"][1]["answer"]["prediction"] == "blue"
    assert found["results"][99]["error"]


def test_too_many_bytes_on_their_way_are_shed_and_room_comes_back(asking: TestClient) -> None:
    desk = asking.app.state.desk  # type: ignore[attr-defined]
    desk.memory = Memory(bound=len(RED) - 1)
    answer = asking.post(URL, files={"image": ("a.jpg", RED)})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    desk.memory = Memory(bound=len(RED))
    for _ in range(3):
        assert asking.post(URL, files={"image": ("a.jpg", RED)}).status_code == 200


def test_a_promotion_reaches_the_answers_without_a_failed_request(
    asking: TestClient, services: Services, paint: Project, tmp_path: Path, token: Callable[..., str]
) -> None:
    put_live(services, paint, tmp_path / "second")
    seen = {1}
    while seen != {1, 2}:
        answer = asking.post(URL, files={"image": ("a.jpg", RED)})
        assert answer.status_code == 200
        seen.add(answer.json()["model_version"])
    again = asking.post("/api/v1/projects/paint/models/2/promote", headers=bearer(token("admin")))
    assert again.status_code == 409
    back = asking.post("/api/v1/projects/paint/rollback", json={"reason": "test"}, headers=bearer(token("admin")))
    assert back.status_code == 200
