"""Searches over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from sightloop.core.entities import Project
from tests.web.people import bearer

FIXED = {"backbone": "test_resnet", "weights": "none", "input_size": 32}
URL = "/api/v1/projects/paint/searches"


@pytest.fixture
def headers(token: Callable[..., str], paint: Project) -> dict[str, str]:
    return bearer(token("maintainer", project="paint"))


def test_a_search_is_queued_listed_and_shown(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post(URL, json={"family": "transfer", "params": FIXED, "trials": 4}, headers=headers)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["kind"], job["steps"][1], job["params"]["trials"]) == ("tune", "search", 4)
    [row] = client.get(URL, headers=headers).json()["items"]
    assert (row["job_id"], row["trials"], row["wanted"], row["best"]) == (job["id"], 0, 4, None)
    shown = client.get(f"{URL}/{job['id']}", headers=headers).json()
    assert [axis["name"] for axis in shown["space"]] == ["dropout", "freeze", "lr", "epochs"]
    assert (shown["state"], shown["trials"], shown["importance"]) == ("queued", [], None)


def test_the_same_request_sent_twice_is_one_search(client: TestClient, headers: dict[str, str]) -> None:
    sent = {**headers, "Idempotency-Key": "once"}
    body = {"family": "transfer", "params": FIXED}
    first, second = (client.post(URL, json=body, headers=sent).json()["id"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "body",
    [
        {"trials": 0},
        {"family": "cascade"},
        {"family": "transfer", "params": {**FIXED, "epoch": 1}},
        {"family": "transfer", "params": FIXED, "space": {"lr": {"low": 5, "high": 1}}},
    ],
)
def test_a_search_that_cannot_work_is_refused(
    client: TestClient, headers: dict[str, str], body: dict[str, object]
) -> None:
    assert client.post(URL, json=body, headers=headers).status_code == 422
