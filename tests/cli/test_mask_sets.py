"""Data sets of masks from the command line: looked at, imported, exported in every form and imported again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop.cli.main import run
from tests import tiny_masks

Ask = Callable[..., Any]
Refusal = Callable[..., tuple[int, str]]


@pytest.fixture
def cracks(tmp_path: Path, ask: Ask) -> Path:
    """A folder of four masks, one of them broken, and a project for them."""
    root = tiny_masks.folder(tmp_path / "set", 4)
    (root / "masks" / "0.png").write_bytes(b"")
    ask("project", "create", "cracks", "--recipe", "crack")
    return root


def test_a_dry_run_tells_what_is_known_from_names(ask: Ask, cracks: Path) -> None:
    found = ask("import", "cracks", str(cracks), "--dry-run")
    assert (found["layout"], found["pictures"], found["masks"]) == ("masks", 4, 4)


def test_a_check_names_the_broken_mask(data: Path, cracks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["--data", str(data), "data", "check", str(cracks)]) == 1
    printed = capsys.readouterr()
    assert "masks/0.png" in printed.out
    assert "1 files cannot be read" in printed.err


@pytest.mark.parametrize("form", ["masks", "coco", "yolo"])
def test_what_is_exported_is_imported_again(ask: Ask, cracks: Path, tmp_path: Path, form: str) -> None:
    first = ask("import", "cracks", str(cracks))["context"]["import"]
    assert (first["stored"], first["masks"], [one["path"] for one in first["skipped"]]) == (4, 3, ["masks/0.png"])
    assert ask("export", "cracks", str(tmp_path / "out.zip"), "--format", form)["pictures"] == 4
    ask("project", "create", "copy", "--recipe", "crack")
    second = ask("import", "copy", str(tmp_path / "out.zip"))["context"]["import"]
    assert (second["stored"], second["masks"], second["classes"]) == (4, 3, first["classes"])


def test_class_folders_and_masks_do_not_mix(ask: Ask, refusal: Refusal, cracks: Path, pictures: Path) -> None:
    ask("project", "create", "paint")
    assert "data set of masks" in refusal("import", "paint", str(cracks))[1]
    assert "wants masks" in refusal("import", "cracks", str(pictures))[1]
