"""The review queue and likeness from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop import wiring
from sightloop.cli.main import run
from sightloop.settings import Settings
from sightloop.store import projects, versions
from tests import tiny

Ask = Callable[..., Any]


def put_live(data: Path, folder: Path) -> None:
    """Put a tiny real model live in the project."""
    digest = tiny.packed(folder / "bundle", folder / "packed", ("red", "blue"))
    services = wiring.build(Settings(data=data, workers=1))
    services.blobs.adopt(folder / "packed", digest)
    with services.db.begin() as db:
        owner = projects.get(db, "paint").id
        version = versions.add(db, owner, bundle=digest, family="linear", params={}, metrics={})
        projects.set_live(db, owner, version_id=version.id, by=None, action="promote")
    services.close()


@pytest.fixture
def project(ask: Ask, data: Path, tmp_path: Path) -> str:
    """A project with a live model and three answered pictures."""
    ask("project", "create", "paint", "--class", "red", "--class", "blue")
    put_live(data, tmp_path)
    (tmp_path / "in").mkdir()
    for colour, seed in (("red", 0), ("red", 1), ("blue", 0)):
        (tmp_path / "in" / f"{colour}{seed}.jpg").write_bytes(tiny.picture(colour, seed=seed))
    ask("import", "paint", str(tmp_path / "in"))
    return "paint"


def test_the_queue_lists_what_is_not_verified(ask: Ask, project: str) -> None:
    found = ask("review", project, "--by", "diverse", "--limit", "2")
    assert (len(found["items"]), found["remaining"], found["by"]) == (2, 3, "diverse")


def test_the_most_similar_picture_has_the_same_colour(ask: Ask, project: str) -> None:
    images = {one["name"]: one["id"] for one in ask("data", "list", project)}
    found = ask("similar", project, images["red0.jpg"], "--limit", "1")
    assert [one["image"]["name"] for one in found["items"]] == ["red1.jpg"]


def test_people_read_a_table_and_why(project: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["--data", str(data), "review", project]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("0 of 3 pictures are verified, 3 are not.")
    assert "% sure that it is" in printed


def test_a_picture_that_is_not_there_is_said_in_one_line(project: str, refusal: Callable[..., tuple[int, str]]) -> None:
    code, said = refusal("similar", project, "nobody")
    assert code == 1
    assert "nobody" in said
