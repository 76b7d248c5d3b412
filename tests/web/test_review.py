"""Looking over HTTP: previews, neighbours, feedback, the review queue and rankings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Json, Project
from sightloop.flows.services import Services
from tests import tiny
from tests.web.people import register, sign_in
from tests.web.tiny_model import put_live

PROJECT = "/api/v1/projects/paint"


@pytest.fixture
def images(admin: TestClient, services: Services, paint: Project, tmp_path: Path) -> list[Json]:
    """Two red pictures and two blue ones, answered by a live model."""
    put_live(services, paint, tmp_path / "bundle")
    services.runtime.refresh()
    named = [(colour, seed) for colour in ("red", "blue") for seed in range(2)]
    files = [("files", (f"{name} {seed}.jpg", tiny.picture(name, seed=seed), "image/jpeg")) for name, seed in named]
    report = admin.post(f"{PROJECT}/images", files=files).json()
    found: list[Json] = [row["image"] for row in report["files"]]
    assert [one["shown"] for one in found] == ["red", "red", "blue", "blue"]
    return found


def ids(answer: Json) -> list[str]:
    return [one["image"]["id"] for one in answer["items"]]


def test_neighbours_are_whole_pictures_with_their_similarity(admin: TestClient, images: list[Json]) -> None:
    answer = admin.get(f"/api/v1/images/{images[0]['id']}/neighbours", params={"limit": 2}).json()
    assert ids(answer)[0] == images[1]["id"]
    assert answer["items"][0]["image"]["shown"] == "red"
    assert 0.9 < answer["items"][0]["similarity"] <= 1
    assert answer["reason"] is None


def test_feedback_verifies_or_puts_the_picture_first_in_review(admin: TestClient, images: list[Json]) -> None:
    good, bad = images[0]["id"], images[3]["id"]
    assert admin.post(f"/api/v1/images/{good}/feedback", json={"satisfied": True}).json()["verified"]
    for _ in range(2):
        assert not admin.post(f"/api/v1/images/{bad}/feedback", json={"satisfied": False}).json()["verified"]
    queue = admin.get(f"{PROJECT}/review").json()
    assert ids(queue)[0] == bad
    assert queue["items"][0]["why"] == "somebody was not satisfied"
    assert (queue["by"], queue["remaining"], queue["verified"], queue["total"]) == ("uncertain", 3, 1, 4)
    assert "doubt" in [one["kind"] for one in admin.get(f"/api/v1/images/{bad}/history").json()["items"]]


@pytest.mark.parametrize("by", ["uncertain", "unusual", "diverse"])
def test_the_review_queue_is_the_same_for_the_same_seed(admin: TestClient, images: list[Json], by: str) -> None:
    query: dict[str, str | int] = {"by": by, "seed": 3, "limit": 3}
    first = admin.get(f"{PROJECT}/review", params=query).json()
    assert first == admin.get(f"{PROJECT}/review", params=query).json()
    assert len(first["items"]) == 3


def test_a_ranking_obeys_the_filters_of_the_library(admin: TestClient, images: list[Json]) -> None:
    query = {"by": "similar", "to": images[0]["id"], "tab": "blue"}
    assert set(ids(admin.get(f"{PROJECT}/ranked", params=query).json())) == {one["id"] for one in images[2:]}
    odd = admin.get(f"{PROJECT}/ranked", params={"by": "odd"}).json()
    assert sorted(ids(odd)) == sorted(one["id"] for one in images)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("review", {"by": "mood"}),
        ("review", {"limit": 0}),
        ("ranked", {}),
        ("ranked", {"by": "similar"}),
        ("ranked", {"by": "odd", "limit": 501}),
        ("ranked", {"by": "odd", "status": "redy"}),
    ],
)
def test_a_question_that_does_not_fit_is_refused(
    admin: TestClient, paint: Project, path: str, query: dict[str, str]
) -> None:
    assert admin.get(f"{PROJECT}/{path}", params=query).status_code == 422


def test_a_preview_is_a_webp_that_a_browser_may_keep(admin: TestClient, images: list[Json]) -> None:
    url = f"/api/v1/images/{images[0]['id']}/preview"
    first = admin.get(url, params={"side": 512})
    assert first.headers["content-type"] == "image/webp"
    assert first.content[8:12] == b"WEBP"
    assert first.headers["cache-control"].startswith("private")
    kept = {"If-None-Match": first.headers["etag"]}
    assert admin.get(url, params={"side": 512}, headers=kept).status_code == 304
    assert admin.get(url, headers=kept).status_code == 200
    assert admin.get(url, params={"side": 5000}).status_code == 422


def test_a_stranger_learns_nothing_even_with_the_mark_of_a_preview(admin: TestClient, images: list[Json]) -> None:
    url = f"/api/v1/images/{images[0]['id']}"
    mark = admin.get(f"{url}/preview").headers["etag"]
    other = TestClient(admin.app, headers={"X-Sightloop": "1"})
    register(other, "ben@example.org")
    sign_in(other, "ben@example.org")
    assert other.get(f"{url}/preview", headers={"If-None-Match": mark}).status_code == 404
    assert other.get(f"{url}/neighbours").status_code == 404
    assert other.post(f"{url}/feedback", json={"satisfied": False}).status_code == 404
    for path in ("review", "ranked?by=odd"):
        assert other.get(f"{PROJECT}/{path}").status_code == 404


def test_a_picture_of_another_project_cannot_be_compared_with(
    admin: TestClient, images: list[Json], picture: Callable[..., bytes]
) -> None:
    admin.post("/api/v1/projects", json={"name": "second", "classes": ["red"]})
    query = {"by": "similar", "to": images[0]["id"]}
    assert admin.get("/api/v1/projects/second/ranked", params=query).status_code == 404
