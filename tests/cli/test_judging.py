"""The figures of masks on the command line, as JSON and as a page of text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightloop import wiring
from sightloop.cli.main import run
from sightloop.cli.training import figures
from sightloop.settings import Settings
from tests import tiny_masks

Ask = Callable[..., Any]


@pytest.fixture
def cracks(ask: Ask, data: Path, tmp_path: Path) -> Path:
    """A project with a live model, and a folder of four pictures with masks, one of them of another size."""
    ask("project", "create", "cracks", "--recipe", "crack")
    services = wiring.build(Settings(data=data, workers=1))
    tiny_masks.adopt(services, tmp_path)
    services.close()
    folder = tiny_masks.folder(tmp_path / "set", 4)
    (folder / "masks" / "1.png").write_bytes(tiny_masks.mask_png(1, width=80))
    return folder


def test_an_evaluation_of_masks_prints_its_figures_as_json(ask: Ask, cracks: Path) -> None:
    found = ask("evaluate", "cracks", "--data", str(cracks))
    assert {"n", "dice", "iou_crack", "iou_mean", "precision", "recall", "f1", "threshold"} <= set(found)
    assert (found["n"], found["dice"]["value"], found["threshold"]) == (3, 1.0, 0.5)


def test_people_read_figures_classes_and_what_was_left_out(
    cracks: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--data", str(data), "evaluate", "cracks", "--data", str(cracks)]) == 0
    said = capsys.readouterr().out
    lines = [line.split() for line in said.splitlines()]
    assert ["iou_crack", "1.000", "(0.342–1.000)"] in lines
    assert ["class", "n", "dice", "iou", "precision", "recall", "f1"] in lines
    assert ["not", "judged", "reason"] in lines
    assert "images/1.png" in said
    assert "threshold_curve" not in said


def test_figures_without_the_leaked_say_their_notes_once() -> None:
    found = {"n": 2, "dice": {"value": 0.5, "low": None, "high": None}, "notes": "Pooled.", "leaked": 1}
    assert figures({**found, "without_leaked": found}).count("Pooled.") == 1


def test_versions_are_listed_with_their_dice(cracks: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--data", str(data), "insights", "cracks", "--accuracy"]) == 0
    assert "No labelled picture" in capsys.readouterr().out
