"""Drift from the command line: a check without enough ends well, a report that is not there does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run

Ask = Callable[..., Any]


@pytest.fixture
def project(ask: Ask) -> str:
    ask("project", "create", "paint", "--class", "red", "--class", "blue")
    return "paint"


def test_a_check_with_nothing_to_test_ends_well_and_says_why(
    data: Path, ask: Ask, project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ask("drift", "check", project)
    assert (found["id"], found["alarm"], found["kind"]) == (None, False, "none")
    assert run(["--data", str(data), "drift", "check", project]) == 0
    assert "no live model" in capsys.readouterr().out


def test_there_is_no_report_before_the_first_check(refusal: Callable[..., tuple[int, str]], project: str) -> None:
    code, said = refusal("drift", "report", project)
    assert (code, "no drift report yet" in said) == (1, True)


def test_a_simulation_needs_a_model_and_an_amount_that_makes_sense(
    refusal: Callable[..., tuple[int, str]], project: str
) -> None:
    assert "no live model" in refusal("drift", "simulate", project, "--blur", "1.0")[1]
    assert "blur -1.0 does not fit" in refusal("drift", "simulate", project, "--blur", "-1")[1]
    assert "share 2.0" in refusal("drift", "simulate", project, "--share", "2")[1]


def test_the_threshold_and_the_daily_check_are_set_from_the_command_line(ask: Ask, project: str) -> None:
    found = ask("project", "set", project, "--drift-threshold", "0.01", "--drift-check", "off")
    assert (found["settings"]["drift_threshold"], found["settings"]["drift_check"]) == (0.01, "off")
