"""What is known of a project, as the API gives it: shapes, refusals, and that looking changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows.services import Services
from sightloop.store import outcomes
from sightloop.web.pool import Pool
from tests.flows import labelled
from tests.store import builders

AT = "/api/v1/projects/paint"
LOOK = 0x0F0F_F0F0_1234_5678


def get(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(f"{AT}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def pictures(services: Services, paint: Project) -> Project:
    """A training picture, a near copy of it and another picture on the test side, and two versions that judged them."""
    labelled.add(services, paint, "train", side="train", phash=LOOK)
    held_out = [
        labelled.add(services, paint, "near", side="test", phash=labelled.turned(LOOK, 3)),
        labelled.add(services, paint, "far", label="blue", side="test"),
    ]
    for word in ("red", "blue"):
        version = labelled.version(services, paint)
        with services.db.begin() as db:
            outcomes.keep(db, [builders.prediction(one, predicted=word, version_id=version.id) for one in held_out])
        for one in held_out:
            labelled.answer(services, one, version, word)
    return paint


def test_the_live_models_accuracy_comes_with_intervals_and_times(admin: TestClient, pictures: Project) -> None:
    found = get(admin, "accuracy")
    assert (found["version"], found["n"], found["confusion"]) == (2, 2, [[0, 1], [0, 1]])
    assert found["per_class"][1]["recall"] == {"value": 1.0, "low": pytest.approx(0.207, abs=1e-3), "high": 1.0}
    assert found["over_time"][0]["at"].endswith("Z")


def test_leaks_carry_names_and_are_fixed_by_their_number_only(admin: TestClient, pictures: Project) -> None:
    found = get(admin, "leaks")
    assert found["near"]["examples"][0]["names"] == ["train.jpg", "near.jpg"]
    assert found["fix"]["images"] == 1
    refused = admin.post(f"{AT}/leaks/fix", json={"expected": 0})
    assert (refused.status_code, refused.json()["current"]) == (409, 1)
    assert admin.post(f"{AT}/leaks/fix", json={"expected": 1}).json() == {"moved": 1}
    assert get(admin, "leaks")["fix"]["images"] == 0


def test_a_comparison_lists_pictures_as_every_page_knows_them(admin: TestClient, pictures: Project) -> None:
    found = get(admin, "models/compare", a="1", b="champion")
    assert (found["n"], found["a"]["version"], found["b"]["version"]) == (2, 1, 2)
    assert ([one["name"] for one in found["fixed"]], found["fixed_count"]) == (["far.jpg"], 1)
    assert [one["name"] for one in found["broken"]] == ["near.jpg"]
    assert admin.get(f"{AT}/models/compare", params={"a": "1"}).status_code == 422
    assert admin.get(f"{AT}/models/compare", params={"a": "1", "b": "1"}).status_code == 422


def test_what_a_training_would_take_is_told_with_what_is_missing(admin: TestClient, pictures: Project) -> None:
    found = get(admin, "teaching")
    assert (found["teach"], found["judge"], found["ready"]) == (1, 2, False)
    assert found["per_class"][0] == {"name": "red", "train": 1, "calibration": 0, "test": 1}
    assert "only 'red' has any" in found["reason"]


def test_looking_at_another_floor_changes_nothing(admin: TestClient, pictures: Project) -> None:
    before = get(admin, "counts")
    found = get(admin, "floor", value=0.95)
    assert (found["now"], found["current"], found["value"]) == (before, 0.5, 0.95)
    assert get(admin, "counts") == before
    assert admin.get(f"{AT}/floor", params={"value": "nan"}).status_code == 422
    assert admin.get(f"{AT}/floor", params={"value": 2}).status_code == 422


def test_an_empty_project_is_answered_in_words(admin: TestClient, paint: Project) -> None:
    assert get(admin, "accuracy")["reason"]
    assert get(admin, "teaching")["reason"]
    assert get(admin, "leaks")["rows"] == 0


@pytest.mark.parametrize("path", ["leaks", "accuracy", "models/compare?a=1&b=2"])
def test_a_crowd_of_costly_questions_is_shed_and_nobody_else_waits(
    app: FastAPI, admin: TestClient, pictures: Project, path: str
) -> None:
    app.state.desk.computing = Pool(threads=1, waiting=-1)  # as full as one can be
    assert admin.get(f"{AT}/{path}").status_code == 503
    assert get(admin, "counts")
