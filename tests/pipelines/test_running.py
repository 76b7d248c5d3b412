"""The stages without DVC: what runs again, what is decided and why, and what reaches the source."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run
from sightloop.core.entities import Image, Project
from sightloop.flows import models
from sightloop.flows.access import OPERATOR
from sightloop.flows.pipeline_place import Place, write
from sightloop.flows.services import Services
from tests.flows import labelled
from tests.pipelines.conftest import LABELLED, SMALL, pictures

BEHIND = ["check_drift", "prepare_retrain_data", "retrain", "evaluate", "promote"]


@pytest.fixture
def ask(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a verb of the pipeline on the data folder and gives what it printed; fails where it did."""

    def call(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        found = run(["--data", str(data), "pipeline", *words, "--in", str(tmp_path / "place"), "--json"])
        printed = capsys.readouterr()
        assert found == code, printed.err
        return json.loads(printed.out) if code == 0 else printed.err

    return call


def test_only_what_changed_runs_again_and_both_parameters_change_the_decision(
    drifted: Project, ask: Callable[..., Any], tmp_path: Path
) -> None:
    ask("export", "paint")
    first = ask("run")
    assert (first["ran"], first["decision"]["would"]) == (BEHIND, False)
    assert f"{LABELLED} of 50 " in first["decision"]["sentence"]
    ask("export", "paint")
    assert ask("run")["ran"] == []

    small = ["--min-samples-for-retraining", "10", "--family", "transfer", "--params", json.dumps(SMALL)]
    second = ask("run", *small)
    assert (second["ran"], second["decision"]["rule"]) == (BEHIND[1:], "covariate")
    assert second["promotion"]["verdict"] in ("promote", "refuse", "undecided")
    assert {"n", "rules", "bundle", "snapshot"} <= set(second["promotion"])

    third = ask("run", *small, "--drift-threshold", "0.0001")
    assert third["ran"][0] == "check_drift"


def test_a_project_without_a_model_ends_well_and_says_why(project: Project, ask: Callable[..., Any]) -> None:
    ask("export", "paint")
    found = ask("run")
    assert found["decision"]["would"] is False
    assert "no live model to go on from" in found["promotion"]["reason"]
    assert ask("publish")["version"] is None


def test_each_stage_by_itself_ends_well_and_those_behind_the_decision_repeat_its_reason(
    project: Project, ask: Callable[..., Any]
) -> None:
    ask("export", "paint")
    assert ask("check-drift")["alarm"] is False
    decided = ask("prepare-retrain-data", "--force", "true")
    assert (decided["would"], decided["rule"]) == (False, None)
    for name in ("retrain", "evaluate", "promote"):
        assert ask(name) == {"skipped": True, "reason": decided["sentence"]}


def test_a_stage_whose_files_are_not_there_says_what_to_run(project: Project, ask: Callable[..., Any]) -> None:
    assert "pipeline export" in ask("check-drift", code=1)
    ask("export", "paint")
    assert "Run the stages before this one" in ask("prepare-retrain-data", code=1)
    for name in ("retrain", "evaluate", "promote"):
        assert "Run the stages before this one" in ask(name, code=1)


def test_a_new_label_is_a_new_export(
    services: Services,
    project: Project,
    send: Callable[..., list[Image]],
    model: Callable[..., int],
    ask: Callable[..., Any],
) -> None:
    [image] = send(pictures(1))
    model(project)
    ask("export", "paint")
    ask("run")
    labelled.relabel(services, image, "red")
    ask("export", "paint")
    assert ask("run")["ran"][:2] == BEHIND[:2]


def test_what_the_gate_let_through_is_listed_once_and_asked_of_the_gate_again(
    services: Services, drifted: Project, ask: Callable[..., Any], tmp_path: Path
) -> None:
    place = Place(tmp_path / "place")
    ask("export", "paint")
    ask("run", "--force", "true", "--family", "transfer", "--params", json.dumps(SMALL))
    told = place.said("promotion")
    assert told["verdict"] != "promote"
    assert ask("publish")["version"] is None
    write(place.report("promotion"), {**told, "verdict": "promote"})
    for _ in range(2):
        assert "is not shown to be better" in ask("publish", code=3)
    listed = models.listing(services, user=OPERATOR, name="paint")
    assert [(one["number"], one["alias"]) for one in listed] == [(2, "challenger"), (1, "champion")]
    assert listed[0]["snapshot_id"] is not None


def test_parameters_that_are_no_object_are_refused(ask: Callable[..., Any]) -> None:
    assert "no object" in ask("retrain", "--params", "[]", code=2)
