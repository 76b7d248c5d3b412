"""`sightloop cascade`: certify, report, and the setting that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sightloop import wiring
from sightloop.cli.main import run
from sightloop.flows.services import Services
from sightloop.settings import Settings
from tests import cascaded

Ask = Callable[..., Any]
Refusal = Callable[..., tuple[int, str]]


@pytest.fixture
def opened(data: Path) -> Iterator[Services]:
    built = wiring.build(Settings(data=data, workers=1))
    yield built
    built.close()


@pytest.fixture
def paint(opened: Services, tmp_path: Path) -> None:
    """A project with two versions and pictures that certify."""
    made = cascaded.project(opened, tmp_path)
    for sharpness in (4.0, 9.0):
        cascaded.member(opened, made, tmp_path, sharpness=sharpness)


def test_a_cascade_is_certified_and_reported(
    paint: None, ask: Ask, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("cascade", "report", "paint")["certificate"] is None
    made = ask("cascade", "certify", "paint", "--epsilon", "0.3", "--delta", "0.3", "--human", "0.4", "--label-free")
    assert (made["version"], made["certificate"]["form"]) == (3, "label-free")
    told = ask("cascade", "report", "paint")
    assert told["certificate"] == made["certificate"]
    capsys.readouterr()
    assert run(["--data", str(data), "cascade", "report", "paint"]) == 0
    printed = capsys.readouterr().out
    assert "30.00% less accurate" in printed
    assert "pictures needed" in printed


def test_a_cascade_is_made_for_people_with_what_to_do_next(
    paint: None, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--data", str(data), "cascade", "certify", "paint", "--epsilon", "0.001"]) == 0
    printed = capsys.readouterr().out
    assert "everything is deferred" in printed
    assert "sightloop models promote paint 3" in printed


def test_without_the_setting_or_a_second_model_the_way_there_is_said(ask: Ask, refusal: Refusal) -> None:
    ask("project", "create", "paint", "--class", "red", "--class", "blue")
    assert "sightloop project set paint --certify" in refusal("cascade", "certify", "paint")[1]
    assert ask("project", "set", "paint", "--certify")["settings"]["certify"] is True
    assert "has 0: train" in refusal("cascade", "certify", "paint")[1]
    assert "has 0: train" in ask("cascade", "report", "paint")["reason"]


def test_switching_certificates_on_says_what_it_means(ask: Ask, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("project", "create", "paint", "--class", "red")
    for flag, told in (("--certify", True), ("--no-certify", False)):
        capsys.readouterr()
        assert run(["--data", str(data), "project", "set", "paint", flag]) == 0
        assert ("train two anew" in capsys.readouterr().out) is told
