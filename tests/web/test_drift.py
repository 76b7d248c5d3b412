"""Drift over HTTP: the report, the line of all, and a check that is queued."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Json, Project
from sightloop.flows import projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.store import drift
from sightloop.store import projects as project_rows
from sightloop.web.app import create_app
from tests.web.people import bearer

AT = "/api/v1/projects/paint/drift"


@pytest.fixture
def report(services: Services, paint: Project) -> Json:
    """A kept report."""
    family = {"name": "statistics", "p": 1e-5, "effect": 0.4, "worst": [{"column": "blur", "distance": 0.4, "p": 1e-6}]}
    share = {"class": "red", "before": 0.5, "after": 0.4}
    told: Json = {
        "version": 1,
        "version_id": "v1",
        "since": 1.0,
        "until": 2.0,
        "came": 130,
        "n": 120,
        "held_out": 80,
        "p": 5e-5,
        "before_p": None,
        "alarm": True,
        "by": "window",
        "kind": "covariate",
        "sentence": "Drift in 120 pictures.",
        "families": [family],
        "classes": [{"class": "red", "n": 60, "p": 0.01, "family": "statistics", "effect": 0.3}],
        "cumulative": {"n": 120, "p": 5e-5, "families": [family]},
        "rejecting": ["statistics"],
        "reweighted_p": 0.01,
        "priors": {"red": {"before": 0.5, "after": 0.4}},
        "driving": [{"image_id": "a", "score": 0.9, "nearest": "b"}],
        "shares": [share],
        "histograms": [{"family": "statistics", "column": "blur", "edges": [0, 1], "before": [1.0], "after": [1.0]}],
        "scatter": {"before": [[0.1, 0.2]], "after": []},
        "needs": "labels",
        "wanted": {"random": ["a"], "shifted": ["c"]},
    }
    with services.db.begin() as db:
        return drift.add(db, paint.id, told)


def test_the_newest_report_and_the_line_of_all_are_told(
    client: TestClient, paint: Project, report: Json, token: Callable[..., str]
) -> None:
    answer = client.get(AT, headers=bearer(token("viewer", project=paint.name)))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["newest"]["shares"] == report["shares"]
    assert found["newest"]["classes"] == report["classes"]
    assert found["newest"]["wanted"] == {"random": ["a"], "shifted": ["c"]}
    assert found["newest"]["until"] == "1970-01-01T00:00:02.000Z"
    assert [(one["id"], one["alarm"], one["kind"]) for one in found["timeline"]] == [(report["id"], True, "covariate")]
    assert (found["needed"], found["waiting"], found["next_at"]) == (100, 0, None)
    assert found["threshold"] == 0.05


def test_a_report_of_another_project_is_not_there(
    client: TestClient, services: Services, paint: Project, report: Json, token: Callable[..., str]
) -> None:
    viewer = bearer(token("viewer", project=paint.name))
    assert client.get(f"{AT}/{report['id']}", headers=viewer).json()["sentence"] == "Drift in 120 pictures."
    theirs = projects.create(services, user=OPERATOR, name="theirs", classes=("red", "blue"))
    with services.db.begin() as db:
        other = drift.add(db, theirs.id, {**report, "sentence": "Theirs."})
    assert client.get(f"{AT}/{other['id']}", headers=viewer).status_code == 404


def test_a_check_is_queued_as_a_job(client: TestClient, paint: Project, token: Callable[..., str]) -> None:
    answer = client.post(AT, headers=bearer(token("maintainer", project=paint.name)))
    assert answer.status_code == 202, answer.text
    assert (answer.json()["kind"], answer.json()["state"]) == ("drift", "queued")


def test_the_gauges_say_what_the_newest_report_found(services: Services, settings: Settings, report: Json) -> None:
    told = TestClient(create_app(services, settings), client=("127.0.0.1", 1)).get("/metrics").text
    assert 'sightloop_drift_p{project="paint"} 5e-05' in told
    assert 'sightloop_drift_effect{project="paint"} 0.4' in told
    assert 'sightloop_drift_alarm{project="paint"} 1.0' in told


@pytest.mark.parametrize(
    "wrong", [{"drift_threshold": 0}, {"drift_threshold": "low"}, {"drift_threshold": True}, {"drift_check": "hourly"}]
)
def test_a_setting_that_makes_no_sense_is_refused(
    client: TestClient, services: Services, paint: Project, token: Callable[..., str], wrong: Json
) -> None:
    manager = bearer(token("maintainer", project=paint.name))
    answer = client.patch("/api/v1/projects/paint", json={"settings": wrong}, headers=manager)
    assert answer.status_code == 422, answer.text
    with services.db.connect() as db:
        assert not project_rows.get(db, "paint").settings.keys() & wrong.keys()
