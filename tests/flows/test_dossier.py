"""A judged bundle of masks holds plots and a card, and stays a bundle that loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightloop import bundles
from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Json, Project
from sightloop.flows import cases, dossier, judging
from sightloop.flows.services import Services
from sightloop.vision import masks
from tests import tiny_masks
from tests.flows import drawn

pytest.importorskip("matplotlib")


@pytest.fixture
def project(services: Services) -> Project:
    return tiny_masks.project(services)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_masks.bundle(tmp_path / "bundle")


def complete(services: Services, project: Project, folder: Path, *, count: int) -> Json:
    rows = [
        {
            "image_id": str(seed),
            "sha256": services.blobs.put(tiny_masks.picture(seed)),
            "label": "crack",
            "side": "test",
            "group": str(seed),
            "leaked": False,
            "mask": services.blobs.put(masks.encode(drawn.truth(seed + (seed == 3)))),
        }
        for seed in range(count)
    ]
    judged = judging.judge(bundles.load(folder), cases.stored(services, rows), project=project)
    figures = judging.score(judged)
    dossier.complete(folder, judged=judged, figures=figures, history=[{"epoch": 1, "val_dice": 0.5}])
    return figures


def test_a_bundle_has_plots_and_names_the_worst_and_the_best_pictures_but_holds_no_photo(
    services: Services, project: Project, folder: Path
) -> None:
    figures = complete(services, project, folder, count=6)
    assert {path.name for path in (folder / "plots").iterdir()} == {"dice.svg", "threshold.svg", "curve.svg"}
    assert figures["examples"]["worst"][0]["image_id"] == "3"
    assert len(figures["examples"]["best"]) == 4
    bundles.load(folder)


def test_the_card_and_the_manifest_have_the_dice(services: Services, project: Project, folder: Path) -> None:
    figures = complete(services, project, folder, count=2)
    assert bundle_format.read(folder).metrics["test"] == figures
    assert "Dice" in (folder / "card.md").read_text()


def test_without_a_judged_picture_only_the_learning_curve_is_drawn(
    services: Services, project: Project, folder: Path
) -> None:
    complete(services, project, folder, count=0)
    assert [path.name for path in (folder / "plots").iterdir()] == ["curve.svg"]
