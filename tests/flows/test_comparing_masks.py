"""Two versions that segment, compared by their Dice on the same held-out pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sightloop.core.entities import Image, Job, Json, ModelVersion, Project
from sightloop.flows import comparing, evaluating, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import outcomes
from tests import tiny_masks
from tests.flows import drawn
from tests.store import builders

Run = Callable[[Job], Job]


@pytest.fixture
def cracks(services: Services) -> Project:
    return tiny_masks.project(services)


@pytest.fixture
def pair(services: Services, cracks: Project, tmp_path: Path) -> tuple[ModelVersion, ModelVersion]:
    return tiny_masks.adopt(services, tmp_path), tiny_masks.adopt(services, tmp_path, sharpness=3.0)


@pytest.fixture
def held_out(services: Services, pair: tuple[ModelVersion, ModelVersion]) -> list[Image]:
    return [drawn.add(services, seed) for seed in range(4)]


def say(services: Services, version: ModelVersion, dices: list[float], pictures: list[Image]) -> None:
    """What a version reached on each picture when it was judged."""
    said = [
        builders.prediction(
            image,
            predicted="crack",
            version_id=version.id,
            figures={"dice": dice, "mask": image.mask, "threshold": 0.5},
        )
        for image, dice in zip(pictures, dices, strict=True)
    ]
    with services.db.begin() as db:
        outcomes.keep(db, said)


def compare(services: Services) -> Json:
    return comparing.compare(services, user=OPERATOR, project="cracks", first="1", second="2")


def test_the_difference_is_of_the_mean_dice_and_a_gain_of_five_points_is_no_fix(
    services: Services, pair: tuple[ModelVersion, ModelVersion], held_out: list[Image]
) -> None:
    say(services, pair[0], [0.50, 0.70, 0.80, 0.90], held_out)
    say(services, pair[1], [0.60, 0.90, 0.84, 0.80], held_out)
    found = compare(services)
    assert (found["measure"], found["n"], found["reason"]) == ("dice", 4, None)
    assert (found["a"]["dice"]["value"], found["a"]["accuracy"]) == (pytest.approx(0.725), None)
    assert found["difference"]["value"] == pytest.approx(0.06)
    assert {image.id for image in found["fixed"]} == {held_out[0].id, held_out[1].id}
    assert [image.id for image in found["broken"]] == [held_out[3].id]
    assert (
        "version 2 is not shown to differ from version 1: mean Dice 0.785 against 0.725 (+0.060, " in found["sentence"]
    )


def test_a_dice_with_an_earlier_mask_or_threshold_does_not_count(
    services: Services, pair: tuple[ModelVersion, ModelVersion], held_out: list[Image]
) -> None:
    for version in pair:
        say(services, version, [0.9] * 4, held_out)
    drawn.redraw(services, held_out[0], drawn.truth(1))
    redrawn = compare(services)
    assert redrawn["n"] == 3
    assert "version 1 has not answered 1 and version 2 has not answered 1 with the masks" in redrawn["reason"]
    projects.update(services, user=OPERATOR, name="cracks", floor=0.6)
    assert compare(services)["n"] == 0


def test_an_evaluation_of_both_fills_what_is_missing(
    services: Services, pair: tuple[ModelVersion, ModelVersion], held_out: list[Image], run_job: Run
) -> None:
    assert "evaluate it on the test side" in compare(services)["reason"]
    for version in ("1", "2"):
        run_job(evaluating.start(services, user=OPERATOR, name="cracks", version=version))
    found = compare(services)
    assert (found["n"], found["a"]["dice"]["value"], found["difference"]["value"]) == (4, 1.0, 0.0)
