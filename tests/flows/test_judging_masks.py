"""Models that segment are judged by their masks, on folders and on the test side."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightloop.core.entities import Job, Json, Project
from sightloop.core.errors import Rejected
from sightloop.flows import bundle_cache, cases, evaluating, judging, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.measure import overlap
from sightloop.store import outcomes, versions
from sightloop.vision import encode, masks
from tests import tiny_masks
from tests.flows import drawn

Run = Callable[[Job], Job]
PROMISED = {"n", "dice", "iou_crack", "iou_mean", "precision", "recall", "f1", "threshold", "boundary_f", "per_class"}


@pytest.fixture
def cracks(services: Services) -> Project:
    return tiny_masks.project(services)


@pytest.fixture
def live(services: Services, cracks: Project, tmp_path: Path) -> str:
    return tiny_masks.adopt(services, tmp_path).id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures with masks, the last one's empty."""
    return tiny_masks.folder(tmp_path / "set")


def evaluate(services: Services, run_job: Run, path: Path | None = None) -> Json:
    done = run_job(evaluating.start(services, user=OPERATOR, name="cracks", path=path))
    assert done.state == "done", done.error
    figures: Json = done.context["evaluation"]
    return figures


def test_a_model_that_finds_every_pixel_of_a_folder_has_a_dice_of_one(
    services: Services, live: str, folder: Path, run_job: Run
) -> None:
    found = evaluate(services, run_job, folder)
    assert set(found) >= PROMISED
    assert (found["n"], found["threshold"], found["unreadable"], found["leaked"]) == (6, 0.5, 0, 0)
    assert (found["dice"]["value"], found["iou_crack"]["value"]) == (1.0, 1.0)
    assert (found["empty_share"]["value"], found["false_alarm_share"]["value"]) == (pytest.approx(1 / 6), 0.0)
    assert found["dice_histogram"] == [0] * 19 + [6]
    assert json.loads(json.dumps(found)) == found


def test_a_mask_that_is_shifted_costs_what_its_pixels_say(
    services: Services, live: str, folder: Path, run_job: Run
) -> None:
    mask = np.roll(drawn.truth(0), 3, axis=1)
    (folder / "masks" / "0.png").write_bytes(encode.png(mask * np.uint8(255)))
    found = evaluate(services, run_job, folder)
    pixels = sum(int(drawn.truth(seed).sum()) for seed in range(5))
    missed = int((mask & ~drawn.truth(0)).sum())
    assert found["recall"]["value"] == pytest.approx(1 - missed / pixels)
    worst = found["examples"]["worst"][0]
    assert (worst["name"], worst["image_id"]) == ("images/0.png", None)
    assert worst["dice"] == pytest.approx(overlap.dice(drawn.truth(0), mask))
    assert [row["name"] for row in found["examples"]["best"]] == [f"images/{seed}.png" for seed in (1, 2, 3, 4)]


def test_a_mask_of_another_size_is_named_and_the_rest_is_judged(
    services: Services, live: str, folder: Path, run_job: Run
) -> None:
    (folder / "masks" / "2.png").write_bytes(tiny_masks.mask_png(2, width=80))
    found = evaluate(services, run_job, folder)
    assert (found["n"], found["unreadable"]) == (5, 1)
    [refused] = found["refused"]
    assert refused["name"] == "images/2.png"
    assert "80 × 48" in refused["reason"]


def test_a_higher_threshold_finds_less_and_the_figures_say_at_which(
    services: Services, cracks: Project, folder: Path, tmp_path: Path, run_job: Run
) -> None:
    tiny_masks.adopt(services, tmp_path, sharpness=3.0)
    projects.update(services, user=OPERATOR, name="cracks", floor=0.95)
    found = evaluate(services, run_job, folder)
    assert (found["threshold"], found["recall"]["value"]) == (0.95, 0.0)
    recalls = [row["recall"] for row in found["threshold_curve"]]
    assert (recalls[0], len(recalls)) == (1.0, 51)
    assert recalls == sorted(recalls, reverse=True)


def test_class_folders_are_no_truth_for_masks(services: Services, live: str, tmp_path: Path) -> None:
    for word in ("crack", "none"):
        (tmp_path / "classes" / word).mkdir(parents=True)
        (tmp_path / "classes" / word / "1.png").write_bytes(tiny_masks.picture(1))
    with pytest.raises(Rejected, match="mask"):
        evaluating.start(services, user=OPERATOR, name="cracks", path=tmp_path / "classes")


def test_the_test_side_is_judged_and_the_dice_of_each_picture_is_kept(
    services: Services, cracks: Project, live: str, run_job: Run
) -> None:
    found, missed = drawn.add(services, 0), drawn.add(services, 1, drawn.truth(1) * np.uint8(0))
    drawn.add(services, 2, side="train")
    assert evaluate(services, run_job)["n"] == 2
    with services.db.connect() as db:
        kept = outcomes.figures(db, [found.id, missed.id], version_ids=[live])[live]
    assert kept == {
        found.id: {"dice": 1.0, "mask": found.mask, "threshold": 0.5},
        missed.id: {"dice": 0.0, "mask": None, "threshold": 0.5},
    }


def rows(services: Services, *seeds: int, classes: int = 1) -> list[Json]:
    """Snapshot rows of pictures in the store; the first one is leaked."""
    return [
        {
            "image_id": f"image {seed}",
            "sha256": services.blobs.put(tiny_masks.picture(seed)),
            "label": "crack",
            "side": "test",
            "group": str(seed),
            "leaked": seed == seeds[0],
            "mask": services.blobs.put(masks.encode(drawn.truth(seed) * np.uint8(classes))),
        }
        for seed in seeds
    ]


def judge(services: Services, project: Project, version_id: str, known: list[Json]) -> judging.Judged:
    with services.db.connect() as db:
        bundle = versions.by_id(db, version_id).bundle
    return judging.judge(bundle_cache.predictor(services, bundle), cases.stored(services, known), project=project)


def test_leaked_pictures_are_counted_and_left_out_beside(services: Services, cracks: Project, live: str) -> None:
    found = judging.score(judge(services, cracks, live, rows(services, 0, 1, 2)))
    assert (found["n"], found["leaked"], found["without_leaked"]["n"]) == (3, 1, 2)
    assert "examples" not in found["without_leaked"]


def test_a_model_of_fewer_classes_is_judged_by_the_projects_numbers(
    services: Services, cracks: Project, live: str
) -> None:
    wider = replace(cracks, classes=("moss", "crack"))
    judged = judge(services, wider, live, rows(services, 0, 1, classes=2))
    found = judging.score(judged)
    assert (found["iou_crack"]["value"], found["iou_moss"]["value"]) == (1.0, None)
    assert {row["predicted"] for row in judged.said().values()} == {"crack"}
    assert found["threshold_curve"][25]["f1"] == 1.0


def test_without_a_picture_there_are_no_figures_but_nothing_breaks(
    services: Services, cracks: Project, live: str
) -> None:
    judged = judge(services, cracks, live, [])
    found = judging.score(judged)
    assert (found["n"], found["dice"]["value"], found["threshold_curve"]) == (0, None, [])
    assert judged.plots(found) == {}
