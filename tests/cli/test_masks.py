"""Masks from the command line: measured, scaled, reported, saved and learnt from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightloop import wiring
from sightloop.cli.main import run
from sightloop.settings import Settings
from sightloop.vision import masks
from tests import tiny_masks

Ask = Callable[..., Any]
AREA = int(tiny_masks.draw(1)[1].sum())


@pytest.fixture
def image(ask: Ask, data: Path, tmp_path: Path) -> str:
    """The id of an answered picture in a project that segments."""
    ask("project", "create", "cracks", "--recipe", "crack")
    services = wiring.build(Settings(data=data, workers=1))
    tiny_masks.adopt(services, tmp_path)
    found = tiny_masks.upload(services, 1)
    services.close()
    return found.id


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "wall.png"
    path.write_bytes(tiny_masks.picture(1))
    return path


def test_a_mask_is_measured_in_the_scale_of_its_picture(ask: Ask, image: str) -> None:
    ask("project", "set", "cracks", "--px-per-mm", "5")
    assert ask("mask", "measure", image)["total"]["area_mm2"] == pytest.approx(AREA / 25)
    assert ask("mask", "scale", image, "10") == {"id": image, "px_per_mm": 10.0}
    assert ask("mask", "measure", image)["total"]["area_mm2"] == pytest.approx(AREA / 100)
    ask("mask", "scale", image, "0")
    assert ask("project", "set", "cracks", "--px-per-mm", "0")["settings"]["px_per_mm"] is None
    assert ask("mask", "measure", image)["px_per_mm"] is None


def test_a_report_goes_to_the_screen_or_into_a_file(
    ask: Ask, image: str, tmp_path: Path, refusal: Callable[..., tuple[int, str]]
) -> None:
    assert [row["area_px"] for row in ask("report", "cracks")["items"]] == [AREA]
    target = tmp_path / "report.csv"
    assert ask("report", "cracks", "--csv", str(target))["totals"]["pictures"] == 1
    assert len(target.read_text().splitlines()) == 2
    assert "exists already" in refusal("report", "cracks", "--csv", str(target))[1]


def test_people_read_lengths_and_totals(image: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["--data", str(data), "report", "cracks"]) == 0
    assert "length px" in capsys.readouterr().out
    assert run(["--data", str(data), "mask", "measure", image]) == 0
    assert capsys.readouterr().out.startswith("The model's mask, scale unknown.")


def test_a_prediction_shows_its_size_and_leaves_its_mask(
    ask: Ask, image: str, data: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [found] = ask("predict", "cracks", str(photo), "--mask", str(tmp_path / "out"))
    drawn = masks.decode(Path(found["mask_file"]).read_bytes())
    assert np.array_equal(drawn, tiny_masks.draw(1)[1])
    assert "mask_png" not in found
    assert run(["--data", str(data), "predict", "cracks", str(photo)]) == 0
    assert f"{AREA / (64 * 48):.2%}" in capsys.readouterr().out


def test_a_photo_is_saved_with_its_mask_and_the_gap_is_said(
    ask: Ask, image: str, photo: Path, tmp_path: Path, refusal: Callable[..., tuple[int, str]]
) -> None:
    (tmp_path / "mask.png").write_bytes(tiny_masks.mask_png(9))
    found = ask("save-for-retrain", "cracks", str(photo), str(tmp_path / "mask.png"), "--metadata", '{"site": "B7"}')
    assert (found["image"]["id"], found["created"], found["corrected"]) == (image, False, 1)
    assert found["image"]["meta"]["feedback"] == {"site": "B7"}
    code, said = refusal("retrain", "cracks")
    assert (code, "1 of 10 corrected masks" in said) == (1, True)
    assert "not JSON" in refusal("save-for-retrain", "cracks", str(photo), "--metadata", "{")[1]


def test_masks_that_disagree_are_listed(ask: Ask, image: str, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(tiny_masks.mask_png(9))
    ask("mask", "set", image, str(tmp_path / "mask.png"))
    assert [one["image"]["id"] for one in ask("review", "cracks", "--by", "disagreement")["items"]] == [image]
