"""A project's cascade as the page asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from sightloop.flows import models
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import jobs
from tests import cascaded, tiny

URL = "/api/v1/projects/paint/cascade"


@pytest.fixture
def certifying(services: Services, tmp_path: Path) -> Project:
    """A project with two versions and pictures that certify."""
    made = cascaded.project(services, tmp_path)
    for sharpness in (4.0, 9.0):
        cascaded.member(services, made, tmp_path, sharpness=sharpness)
    return made


def test_a_project_without_versions_says_why_there_is_no_cascade(admin: TestClient, paint: Project) -> None:
    told = admin.get(URL).json()
    assert (told["active"], told["version"], told["certificate"], told["live"]) == (False, None, None, None)
    assert "--certify" in told["reason"]
    refused = admin.post(URL, json={})
    assert (refused.status_code, refused.json()["detail"]) == (422, told["reason"])


def test_a_cascade_is_queued_made_and_shown_with_its_certificate(
    admin: TestClient, services: Services, certifying: Project
) -> None:
    assert admin.get(URL).json()["reason"] is None
    asked = admin.post(URL, json={**cascaded.EASY, "human": 0.4})
    assert asked.status_code == 202, asked.text
    assert asked.json()["params"]["params"]["human"] == 0.4
    with services.db.connect() as db:
        job = jobs.get(db, asked.json()["id"])
    assert tiny.run(services, job).state == "done"
    told = admin.get(URL).json()
    assert (told["active"], told["version"]) == (False, 3)
    assert told["certificate"]["members"]["fast"]["version"] == told["members"]["fast"]["version"] == 1
    assert told["certificate"]["n"] == told["pictures"]["certification"]
    assert told["audit"]["verdict"] == "undecided"
    assert told["live"]["since"].endswith("Z")


def test_a_live_cascade_and_its_members_answer_by_name(
    admin: TestClient, services: Services, certifying: Project
) -> None:
    ask = f"{URL.removesuffix('/cascade')}/predict"
    files = {"image": ("a.jpg", tiny.picture("red"))}
    assert admin.post(ask, files=files, params={"model": "fast"}).status_code == 503
    cascaded.certified(services)
    models.promote(services, user=OPERATOR, name="paint", ref="3", reason="it costs less", force=True)
    found = {
        name: admin.post(ask, files=files, params={"model": name}).json() for name in ("fast", "accurate", "cascade")
    }
    assert [found[name]["model_version"] for name in found] == [1, 2, 3]
    assert found["cascade"]["route"] in ("fast", "accurate")
    assert admin.get(URL).json()["active"] is True


def test_what_cannot_be_promised_is_refused_by_name(admin: TestClient, certifying: Project) -> None:
    for body, word in (({"epsilon": 2.0}, "epsilon"), ({"fast": "9"}, "9"), ({"speed": 1}, "speed")):
        refused = admin.post(URL, json=body)
        assert refused.status_code in (404, 422)
        assert word in refused.text
