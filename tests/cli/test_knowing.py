"""Commands that say how well a project and its models do, on a real data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run

Ask = Callable[..., Any]
Refusal = Callable[..., tuple[int, str]]


@pytest.fixture
def paint(ask: Ask, pictures: Path) -> None:
    """A project of twelve labelled pictures without a model."""
    ask("project", "create", "paint")
    ask("import", "paint", str(pictures))


def test_insights_tell_one_thing_more_closely(ask: Ask, paint: None) -> None:
    assert ask("insights", "paint", "--teaching")["labelled"] == 12
    assert "no live model" in ask("insights", "paint", "--accuracy")["reason"]
    assert ask("insights", "paint", "--leaks")["rows"] == 12
    assert ask("insights", "paint", "--fix-split") == {"moved": 0}


@pytest.mark.parametrize("topic", [(), ("--teaching",), ("--accuracy",), ("--leaks",), ("--fix-split",)])
def test_insights_are_printed_for_people(
    topic: tuple[str, ...], data: Path, paint: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--data", str(data), "insights", "paint", *topic]) == 0
    assert capsys.readouterr().out.strip()


def test_a_floor_is_set_only_without_dry_run(ask: Ask, paint: None) -> None:
    looked = ask("project", "floor", "paint", "0.7", "--dry-run")
    assert (looked["current"], ask("project", "show", "paint")["floor"]) == (0.5, 0.5)
    done = ask("project", "floor", "paint", "0.7")
    assert (done, ask("project", "show", "paint")["floor"]) == (looked, 0.7)


def test_a_floor_beyond_one_is_a_usage_error(paint: None, refusal: Refusal) -> None:
    assert refusal("project", "floor", "paint", "1.5")[0] == 2


def test_versions_that_are_not_there_cannot_be_compared(paint: None, refusal: Refusal) -> None:
    code, said = refusal("models", "compare", "paint", "1", "2")
    assert code == 1
    assert "no model version '1'" in said
