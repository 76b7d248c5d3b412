"""Labels asked for from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run
from tests import tiny

Ask = Callable[..., Any]


@pytest.fixture
def project(ask: Ask, tmp_path: Path) -> str:
    """A project with four pictures that nobody labelled."""
    ask("project", "create", "paint", "--class", "red", "--class", "blue")
    (tmp_path / "in").mkdir()
    for seed in range(4):
        (tmp_path / "in" / f"{seed}.jpg").write_bytes(tiny.picture("red", seed=seed))
    ask("import", "paint", str(tmp_path / "in"))
    return "paint"


def test_labels_are_asked_for_listed_and_taken_back(ask: Ask, project: str) -> None:
    asked = ask("wanted", "ask", project, "--random", "3")
    assert (asked["open"], asked["random"]["asked"]) == (3, 3)
    listed = ask("wanted", "list", project)
    assert [one["image_id"] for one in listed["items"]] == [one["image_id"] for one in asked["items"]]
    assert len(ask("wanted", "list", project, "--limit", "2")["items"]) == 2
    queue = ask("review", project, "--by", "wanted")
    assert {one["image"]["id"] for one in queue["items"]} == {one["image_id"] for one in listed["items"]}
    assert ask("wanted", "withdraw", project) == {"withdrawn": 3}
    assert ask("wanted", "list", project)["items"] == []


def test_people_read_how_many_judge_and_where_pictures_were_missing(
    project: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["--data", str(data), "wanted", "ask", project, "--random", "9"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("4 labels are asked for, 0 were given: 0 of ")
    assert "the gate wants 100 of those" in printed
    assert "5 are missing" in printed
    assert run(["--data", str(data), "wanted", "withdraw", project]) == 0
    assert capsys.readouterr().out == "4 questions were taken back.\n"


def test_a_project_that_is_not_there_is_said(refusal: Callable[..., tuple[int, str]], project: str) -> None:
    code, said = refusal("wanted", "list", "nowhere")
    assert (code, "nowhere" in said) == (1, True)
