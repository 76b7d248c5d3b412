"""The rollout over HTTP: what is watched, ending it, and a shadow that is queued."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows.services import Services
from tests import cascaded

P = "/api/v1/projects/paint"


@pytest.fixture
def second(services: Services, tmp_path: Path) -> Project:
    """A project with labelled pictures and two versions, the first one live."""
    made = cascaded.project(services, tmp_path, certify=False)
    for sharpness in (4.0, 4.5):
        cascaded.member(services, made, tmp_path, sharpness=sharpness)
    return made


def test_before_any_promotion_nothing_is_watched(admin: TestClient, second: Project) -> None:
    found = admin.get(f"{P}/rollout").json()
    assert (found["state"], found["kind"], found["rules"], found["history"]) == ("none", None, [], [])


def test_a_promotion_is_watched_until_somebody_ends_that_with_a_reason(admin: TestClient, second: Project) -> None:
    admin.post(f"{P}/models/2/promote", json={"reason": "sharper", "force": True})
    found = admin.get(f"{P}/rollout").json()
    assert (found["state"], found["kind"], found["version"], found["replaced"]) == ("watching", "watch", 2, 1)
    assert found["until"].endswith("Z")
    assert (found["answers"], found["needed"], found["ended_at"]) == (0, 500, None)
    assert [one["version"] for one in found["history"]] == [2]
    assert admin.post(f"{P}/rollout/end", json={"reason": ""}).status_code == 422
    ended = admin.post(f"{P}/rollout/end", json={"reason": "we watch it ourselves"})
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    assert admin.post(f"{P}/rollout/end", json={"reason": "again"}).status_code == 409


def test_the_deployment_log_keeps_what_led_to_a_promotion(admin: TestClient, second: Project) -> None:
    admin.post(f"{P}/models/2/promote", json={"reason": "sharper", "force": True})
    [forced, first] = admin.get(f"{P}/promotions").json()["items"]
    assert (forced["action"], first["detail"]) == ("force", None)


def test_a_shadow_is_queued_and_shown(admin: TestClient, second: Project) -> None:
    assert admin.post(f"{P}/models/2/shadow").status_code == 422
    asked = admin.post(f"{P}/models/2/shadow", json={"reason": "it is smaller"})
    assert (asked.status_code, asked.json()["kind"]) == (202, "shadow")
    found = admin.get(f"{P}/rollout").json()
    assert (found["state"], found["kind"], found["version"]) == ("watching", "shadow", 2)
    assert admin.post(f"{P}/models/2/shadow", json={"reason": "again"}).status_code == 409
    assert found["id"] == found["history"][0]["id"]


def test_ending_names_the_version_and_the_kind_that_it_means(admin: TestClient, second: Project) -> None:
    admin.post(f"{P}/models/2/promote", json={"reason": "sharper", "force": True})
    wrong = admin.post(f"{P}/rollout/end", json={"reason": "taken back", "version": 2, "kind": "shadow"})
    assert (wrong.status_code, wrong.json()["detail"]) == (
        409,
        "nothing of version 2 of project 'paint' answers in shadow.",
    )
    assert admin.post(f"{P}/rollout/end", json={"reason": "enough", "version": 2}).json()["state"] == "ended"


def test_going_back_twice_is_a_conflict(admin: TestClient, second: Project) -> None:
    admin.post(f"{P}/models/2/promote", json={"reason": "sharper", "force": True})
    assert admin.post(f"{P}/rollback", json={"reason": "worse"}).status_code == 200
    again = admin.post(f"{P}/rollback", json={"reason": "taken back"})
    assert (again.status_code, again.json()["detail"]) == (409, "version 2 was taken back already. worse")
