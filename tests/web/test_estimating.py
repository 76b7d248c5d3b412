"""Estimates come from a process of their own, which is kept for the next question and never holds up the server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from sightloop.core.entities import Json, Project
from sightloop.core.errors import Rejected
from sightloop.flows import planning
from sightloop.web import estimating
from sightloop.web.estimating import Estimator, roughly
from tests.web.people import bearer

SMALL = {"backbone": "test_resnet", "weights": "none", "input_size": 32, "batch": 8, "precision": "fp32"}
PLAN = "/api/v1/projects/paint/trainings/plan"


@pytest.fixture
def estimator(tmp_path: Path) -> Iterator[Estimator]:
    made = Estimator(tmp_path / "plans")
    yield made
    made.close()


def question(weights: Path, **params: object) -> Json:
    filled = planning.measurable("linear", {**SMALL, **params})
    return {"family": "linear", "params": filled, "totals": {"train": 10}, "weights": str(weights)}


def test_questions_are_answered_by_one_process_and_their_answers_are_kept(estimator: Estimator, tmp_path: Path) -> None:
    first, second = question(tmp_path), question(tmp_path, batch=16)
    assert estimator.known(first) is None
    answer = estimator.ask(first)
    assert answer["seconds"]["total"] > 0
    child = estimator._child
    assert estimator.ask(second)["parameters"] == answer["parameters"]
    assert estimator._child is child
    with pytest.raises(Rejected, match="no_such_net"):
        estimator.ask(question(tmp_path, backbone="no_such_net"))
    estimator.close()
    assert estimator.known(first) == estimator.ask(first) == answer
    assert estimator._child is None


def test_an_answer_of_last_month_is_not_known_any_more(estimator: Estimator, tmp_path: Path) -> None:
    estimator._keep(question(tmp_path), {"seconds": {}})
    assert estimator.known(question(tmp_path)) == {"seconds": {}}
    [path] = (tmp_path / "plans").iterdir()
    then = time.time() - 30 * 86_400
    os.utime(path, (then, then))
    assert estimator.known(question(tmp_path)) is None


def test_only_the_newest_answers_are_kept(
    estimator: Estimator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "KEPT", 3)
    for seed in range(5):
        estimator._keep(question(tmp_path, batch=8 + seed), {})
        time.sleep(0.01)
    assert len(list((tmp_path / "plans").iterdir())) == 3
    assert estimator.known(question(tmp_path, batch=12)) == {}


def test_a_process_that_was_killed_is_started_again(estimator: Estimator) -> None:
    child = estimator._running()
    child.kill()
    child.wait()
    assert estimator._running().pid != child.pid


def test_a_few_more_labels_make_no_new_question() -> None:
    assert roughly({"train": 1234, "calibration": 7, "test": 0}) == {"train": 1200, "calibration": 7, "test": 0}


def test_a_plan_over_http_counts_now_and_estimates_from_what_is_known(
    client: TestClient, app: FastAPI, paint: Project, token: Callable[..., str]
) -> None:
    desk = app.state.desk
    asked = {
        "family": "transfer",
        "params": planning.measurable("transfer", {}),
        "totals": {"train": 0, "calibration": 0, "test": 0},
        "weights": str(desk.services.weights.absolute()),
    }
    desk.estimator._keep(asked, {"seconds": {"epoch": 10.0, "total": 60.0}})
    answer = client.get(PLAN, params={"params": '{"epochs": 3}'}, headers=bearer(token("maintainer", project="paint")))
    assert answer.status_code == 200, answer.text
    assert answer.json()["seconds"] == {"epoch": 10.0, "total": 80.0}
    assert answer.json()["pictures"] == {"train": {}, "calibration": {}, "test": {}}
    assert desk.estimator._child is None


def test_the_server_itself_never_holds_torch() -> None:
    code = "import sys, sightloop.web.app, sightloop.web.estimating; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
