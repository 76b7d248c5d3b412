"""`sightloop snapshots` and `sightloop trash`: what was learnt from, and what goes for good."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop import wiring
from sightloop.cli.main import run
from sightloop.core.entities import Project
from sightloop.flows.services import Services
from sightloop.settings import Settings
from tests import cascaded
from tests.flows import labelled

Ask = Callable[..., Any]
Refusal = Callable[..., tuple[int, str]]


@pytest.fixture
def services(data: Path) -> Any:
    built = wiring.build(Settings(data=data, workers=1))
    yield built
    built.close()


@pytest.fixture
def project(services: Services, tmp_path: Path) -> Project:
    return cascaded.project(services, tmp_path, certify=False)


@pytest.fixture
def first(services: Services, project: Project, tmp_path: Path) -> str:
    """A snapshot that the live version 1 learnt from."""
    taken: str = labelled.freeze(services, project)["snapshot_id"]
    cascaded.member(services, project, tmp_path, sharpness=4.0, snapshot_id=taken)
    return taken


def exported(ask: Ask, data: Path, snapshot: str, output: Path, form: str = "jsonl") -> bytes:
    asked = ["snapshots", "export", "paint", snapshot, "--form", form, "-o", str(output)]
    assert run(["--data", str(data), *asked]) == 0
    return output.read_bytes()


def on_side(data: bytes, side: str) -> str:
    rows = [json.loads(line) for line in data.splitlines()]
    found: str = next(row["image_id"] for row in rows if row["side"] == side)
    return found


def test_snapshots_are_listed_with_what_was_made_of_them(
    first: str, ask: Ask, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [found] = ask("snapshots", "list", "paint")["items"]
    assert (found["id"], found["n"], found["versions"], found["new"]) == (first, 3 * cascaded.EACH, [1], None)
    assert run(["--data", str(data), "snapshots", "list", "paint"]) == 0
    assert first in capsys.readouterr().out


def test_a_later_snapshot_says_what_differs_from_the_one_before(
    services: Services, project: Project, first: str, ask: Ask, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled.add(services, project, "another", label="red", side="train")
    later = labelled.freeze(services, project)["snapshot_id"]
    found = ask("snapshots", "diff", "paint", later)
    assert (found["against"], found["added"], found["removed"], found["relabelled"]) == (first, 1, 0, 0)
    assert found == ask("snapshots", "diff", "paint", later, "--against", first)
    assert ask("snapshots", "diff", "paint", first, "--against", later)["removed"] == 1
    assert run(["--data", str(data), "snapshots", "diff", "paint", later]) == 0
    assert "1 added since the snapshot of" in capsys.readouterr().out
    assert ask("snapshots", "list", "paint")["items"][0]["new"]["n"] == 1


def test_an_exported_snapshot_is_what_its_hash_is_of(first: str, ask: Ask, data: Path, tmp_path: Path) -> None:
    [told] = ask("snapshots", "list", "paint")["items"]
    found = exported(ask, data, first, tmp_path / "out.jsonl")
    assert hashlib.sha256(found).hexdigest() == told["hash"]
    table = exported(ask, data, first, tmp_path / "out.csv", "csv").decode()
    assert len(list(csv.DictReader(io.StringIO(table)))) == told["n"]


def test_without_a_file_a_snapshot_is_printed(first: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["--data", str(data), "snapshots", "export", "paint", first]) == 0
    printed = capsys.readouterr().out
    assert len([json.loads(line) for line in printed.splitlines()]) == 3 * cascaded.EACH


def test_an_unknown_snapshot_leaves_with_1(first: str, refusal: Refusal) -> None:
    assert refusal("snapshots", "diff", "paint", "nothing") == (1, "Error: no snapshot 'nothing'.\n")


def test_lineage_names_the_versions_that_learnt_from_a_picture(
    first: str, ask: Ask, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = exported(ask, data, first, tmp_path / "out.jsonl")
    taught, judged = on_side(rows, "train"), on_side(rows, "test")
    assert [one["version"] for one in ask("snapshots", "lineage", taught)["taught"]] == [1]
    assert [one["version"] for one in ask("snapshots", "lineage", judged)["judged"]] == [1]
    assert run(["--data", str(data), "snapshots", "lineage", taught]) == 0
    assert "Version 1, which is live, learnt from it." in capsys.readouterr().out


def test_a_picture_goes_to_the_trash_and_back(first: str, ask: Ask, data: Path, tmp_path: Path) -> None:
    image = on_side(exported(ask, data, first, tmp_path / "out.jsonl"), "train")
    assert ask("trash", "put", image)["trashed_at"] is not None
    assert ask("trash", "restore", image)["trashed_at"] is None


def test_a_picture_that_goes_for_good_names_the_versions_that_learnt_from_it(
    first: str, ask: Ask, data: Path, tmp_path: Path, refusal: Refusal, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = exported(ask, data, first, tmp_path / "out.jsonl")
    taught, judged = on_side(rows, "train"), on_side(rows, "test")
    code, said = refusal("trash", "purge", taught)
    assert (code, "not in the trash" in said) == (1, True)
    for image in (taught, judged):
        ask("trash", "put", image)
    found = ask("trash", "purge", taught)
    assert (found["taught"], found["sentence"]) == ([1], "Version 1, which is live, learnt from it.")
    assert run(["--data", str(data), "trash", "purge", judged]) == 0
    assert "gone for good. No version learnt from it." in capsys.readouterr().out
    assert refusal("snapshots", "lineage", taught)[0] == 1
