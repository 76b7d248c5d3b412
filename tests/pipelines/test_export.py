"""The export: the same project gives the same bytes, from a folder and from a server, and tells nothing it need not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run
from sightloop.core.entities import Image, Project
from sightloop.flows import accounts, pipeline_export, projects, trash
from sightloop.flows.access import OPERATOR
from sightloop.flows.pipeline_place import Place
from sightloop.flows.services import Services
from tests.e2e.running import serving
from tests.flows import labelled
from tests.pipelines.conftest import pictures
from tests.web.people import add_account

Send = Callable[..., list[Image]]


@pytest.fixture
def known(services: Services, project: Project, send: Send, model: Callable[..., int]) -> list[Image]:
    """Six pictures, the first of which somebody labelled, and a live model that answered one more."""
    found = send(pictures(6))
    labelled.relabel(services, found[0], "red")
    model(project)
    return [*found, *send(pictures(1, first=50))]


@pytest.fixture
def maintainer(services: Services, project: Project) -> str:
    """A maintainer's token that may train and do nothing else."""
    user = add_account(services, "viewer")
    projects.set_member(services, user=OPERATOR, name=project.name, email=user.email, role="maintainer")
    return accounts.create_token(services, user=user, name="pipeline", scopes=("view", "train"))[0]


def export(services: Services, place: Place) -> Any:
    return pipeline_export.export(services, user=OPERATOR, project="paint", place=place)


def files(place: Place) -> dict[str, bytes]:
    here = place.folder / "exported"
    return {path.relative_to(here).as_posix(): path.read_bytes() for path in here.rglob("*") if path.is_file()}


def test_the_same_project_gives_the_same_bytes(services: Services, known: list[Image], tmp_path: Path) -> None:
    first, second = Place(tmp_path / "first"), Place(tmp_path / "second")
    assert export(services, first) == {"project": "paint", "pictures": 7, "files": 8, "copied": 8}
    export(services, second)
    assert files(first) == files(second)
    assert export(services, first)["copied"] == 0


def test_a_server_gives_the_very_bytes_of_its_data_folder_and_sends_no_file_twice(
    services: Services, known: list[Image], maintainer: str, data: Path, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "token").write_text(maintainer + "\n")
    here, there = Place(tmp_path / "here"), Place(tmp_path / "there")
    with serving(data) as server:
        asked = ["pipeline", "export", "paint", "--server", server.url, "--json", "--in", str(there.folder)]
        for new in (8, 0):
            assert run([*asked, "--token-file", str(tmp_path / "token")]) == 0
            assert json.loads(capsys.readouterr().out)["copied"] == new
        (tmp_path / "token").write_text("no token")
        assert run([*asked, "--token-file", str(tmp_path / "token")]) == 1
        assert "answered 401" in capsys.readouterr().err
    export(services, here)
    assert files(here) == files(there)


def test_a_token_is_never_sent_unencrypted_to_another_machine(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "token").write_text("secret")
    asked = ["pipeline", "export", "paint", "--server", "http://sightloop.example.org", "--in", str(tmp_path)]
    assert run([*asked, "--token-file", str(tmp_path / "token")]) == 1
    assert "unencrypted" in capsys.readouterr().err


def test_nobody_is_named_and_what_is_in_the_bin_is_left_out(
    services: Services, known: list[Image], maintainer: str, tmp_path: Path
) -> None:
    place = Place(tmp_path / "place")
    export(services, place)
    trash.discard(services, user=OPERATOR, image_id=known[1].id)
    found = export(services, place)
    assert (found["pictures"], place.blob(known[1].sha256).exists()) == (6, False)
    told = b"".join(files(place).values())
    assert b"@example.org" not in told
    assert known[1].sha256.encode() not in told


def test_a_damaged_file_is_noticed_and_the_rows_stay_as_they_were(
    services: Services, known: list[Image], tmp_path: Path
) -> None:
    place = Place(tmp_path / "place")
    export(services, place)
    place.blob(known[0].sha256).write_bytes(b"something else")
    before = (place.rows / "images.jsonl").read_bytes()
    with pytest.raises(Exception, match="missing or damaged"):
        export(services, place)
    assert (place.rows / "images.jsonl").read_bytes() == before
    assert export(services, place)["copied"] == 1
