"""Labels asked for over HTTP: the list, asking for more, taking back, and the review order of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Image, Json, Project
from sightloop.flows import wanting
from sightloop.flows.services import Services
from tests.flows import labelled
from tests.web.people import bearer

P = "/api/v1/projects/paint"
Token = Callable[..., str]


@pytest.fixture
def pictures(services: Services, paint: Project) -> list[Image]:
    """Twelve ready pictures that nobody labelled."""
    return [labelled.add(services, paint, number, label=None) for number in range(12)]


@pytest.fixture
def manager(paint: Project, token: Token) -> dict[str, str]:
    return bearer(token("maintainer", project=paint.name))


def test_what_is_asked_for_is_listed_and_counted(
    client: TestClient, services: Services, paint: Project, pictures: list[Image], token: Token
) -> None:
    with services.db.begin() as db:
        random, shifted = [one.id for one in pictures[:8]], [one.id for one in pictures[8:]]
        wanting.ask(db, paint, report_id="r", random=random, shifted=shifted)
    labelled.relabel(services, pictures[8], "red")
    viewer = bearer(token("viewer", project=paint.name))
    found = client.get(f"{P}/wanted", headers=viewer).json()
    assert (found["open"], found["answered"], found["report_id"], found["note"]) == (11, 1, "r", None)
    assert (found["shifted"], found["enough_for_recent"]) == ({"asked": 4, "answered": 1}, 100)
    assert found["random"]["judging"] == sum(one["judges"] for one in found["items"])
    last: Json = found["items"][-1]
    assert (last["image_id"], last["kind"], last["judges"], last["label"]) == (pictures[8].id, "shifted", False, "red")
    assert last["answered_at"] >= last["at"]
    assert len(client.get(f"{P}/wanted", params={"limit": 3}, headers=viewer).json()["items"]) == 3
    assert client.get(f"{P}/wanted", params={"limit": 0}, headers=viewer).status_code == 422


def test_more_are_asked_for_and_what_is_open_is_taken_back(
    client: TestClient, pictures: list[Image], manager: dict[str, str]
) -> None:
    found = client.post(f"{P}/wanted", json={"random": 5}, headers=manager).json()
    assert (found["open"], found["random"]["asked"], len(found["items"])) == (5, 5, 5)
    assert "5 more are of all unlabelled ones" in found["note"]
    assert client.delete(f"{P}/wanted", headers=manager).json() == {"withdrawn": 5}
    assert client.get(f"{P}/wanted", headers=manager).json()["items"] == []


@pytest.mark.parametrize("wrong", [0, 2001, "many", None])
def test_a_number_of_pictures_that_makes_no_sense_is_refused(
    client: TestClient, pictures: list[Image], manager: dict[str, str], wrong: object
) -> None:
    assert client.post(f"{P}/wanted", json={"random": wrong}, headers=manager).status_code == 422


def test_the_review_order_has_the_open_questions_alone(
    client: TestClient, services: Services, pictures: list[Image], manager: dict[str, str]
) -> None:
    client.post(f"{P}/wanted", json={"random": 4}, headers=manager)
    queue = client.get(f"{P}/review", params={"by": "wanted"}, headers=manager).json()
    asked = {one["image_id"] for one in client.get(f"{P}/wanted", headers=manager).json()["items"]}
    assert {one["image"]["id"] for one in queue["items"]} == asked
    assert {one["why"] for one in queue["items"]} == {"asked for, drawn at random"}
    assert queue["by"] == "wanted"
