"""The gate at the door: a verdict to read, one to ask for, and promotions that need a reason without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows.services import Services
from sightloop.store import jobs
from tests import cascaded, tiny

URL = "/api/v1/projects/paint/models/2"


@pytest.fixture
def second(services: Services, tmp_path: Path) -> Project:
    """A project with labelled pictures and two versions, the first one live."""
    made = cascaded.project(services, tmp_path, certify=False)
    for sharpness in (4.0, 4.5):
        cascaded.member(services, made, tmp_path, sharpness=sharpness)
    return made


def test_a_version_is_judged_on_request_and_its_verdict_told(
    admin: TestClient, services: Services, second: Project
) -> None:
    before = admin.get(f"{URL}/gate").json()
    assert (before["version"], before["verdict"], before["rules"]) == (2, None, [])
    asked = admin.post(f"{URL}/gate")
    assert (asked.status_code, asked.json()["kind"]) == (202, "gate")
    with services.db.connect() as db:
        job = jobs.get(db, asked.json()["id"])
    assert tiny.run(services, job).state == "done"
    told = admin.get(f"{URL}/gate").json()
    assert (told["version"], told["live"], told["verdict"]) == (2, 1, "undecided")
    assert told["at"].endswith("Z")
    assert told["needed"] >= 100
    assert [rule["name"] for rule in told["rules"]] == ["frozen", "better", "classes", "calibration"]


def test_what_is_not_shown_to_be_better_is_promoted_only_by_force_and_with_a_reason(
    admin: TestClient, second: Project
) -> None:
    refused = admin.post(f"{URL}/promote", json={"reason": "new"})
    assert (refused.status_code, "models gate paint 2" in refused.json()["hint"]) == (409, True)
    assert "has not been judged yet" in refused.json()["detail"]
    assert admin.post(f"{URL}/promote", json={"force": True}).status_code == 422
    forced = admin.post(f"{URL}/promote", json={"reason": "it is sharper", "force": True})
    assert (forced.status_code, forced.json()["action"], forced.json()["version"]) == (200, "force", 2)


def test_the_live_version_has_no_rival_to_be_judged_against(admin: TestClient, second: Project) -> None:
    assert admin.post(f"{URL.removesuffix('2')}1/gate").status_code == 409
