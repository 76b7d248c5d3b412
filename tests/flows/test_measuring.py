"""What masks of stored pictures measure, and that it is measured once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sightloop.core.entities import Image, Json
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import correct, library, measuring, projects, scaling
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests import tiny_masks


@pytest.fixture
def image(services: Services, tmp_path: Path) -> Image:
    """An answered picture with a red rectangle."""
    tiny_masks.project(services)
    tiny_masks.adopt(services, tmp_path)
    return tiny_masks.upload(services, 1)


def ask(services: Services, image: Image, **asked: object) -> Json:
    return measuring.measurements(services, user=OPERATOR, image_id=image.id, **asked)  # type: ignore[arg-type]


def area(seed: int) -> int:
    return int(tiny_masks.draw(seed)[1].sum())


def test_the_models_mask_is_measured_until_a_human_draws_one(services: Services, image: Image) -> None:
    found = ask(services, image)
    assert (found["source"], found["threshold"], found["total"]["area_px"]) == ("model", 0.5, area(1))
    correct.redraw(services, user=OPERATOR, image_id=image.id, mask=tiny_masks.draw(7)[1])
    assert (ask(services, image)["source"], ask(services, image)["total"]["area_px"]) == ("human", area(7))
    assert ask(services, image, origin="model")["total"]["area_px"] == area(1)


def test_all_is_the_only_class_and_its_lines_come_when_asked_for(services: Services, image: Image) -> None:
    found = ask(services, image, lines=True)
    assert found["per_class"] == {"crack": found["total"]}
    assert len(found["lines"]["crack"][0]) > 1
    assert ask(services, image)["lines"] == {}


def test_each_class_is_measured_apart(services: Services) -> None:
    tiny_masks.project(services, name="walls", classes=("crack", "moss", "rust"))
    image = tiny_masks.upload(services, name="walls")
    mask = np.zeros((48, 64), np.uint8)
    mask[10:12, 5:45], mask[30:34, 5:25] = 1, 2
    correct.redraw(services, user=OPERATOR, image_id=image.id, mask=mask)
    found = ask(services, image, lines=True)
    assert {name: one["area_px"] for name, one in found["per_class"].items()} == {"crack": 80, "moss": 80, "rust": 0}
    assert (found["total"]["area_px"], found["total"]["pieces"]) == (160, 2)
    assert set(found["lines"]) == {"crack", "moss"}


def test_a_threshold_of_ones_own_is_obeyed_and_not_kept(services: Services, image: Image) -> None:
    before = ask(services, image)
    assert ask(services, image, threshold=0.0)["total"]["area_px"] == 64 * 48
    assert ask(services, image) == before


def test_a_new_threshold_of_the_project_is_measured_anew(services: Services, image: Image) -> None:
    ask(services, image)
    projects.update(services, user=OPERATOR, name="cracks", floor=0.0)
    assert ask(services, image)["total"]["area_px"] == 64 * 48


def test_what_was_measured_is_not_measured_again(services: Services, image: Image) -> None:
    before = ask(services, image)
    for path in (services.data / "derived").glob("map-*/*/*"):
        path.write_bytes(b"damaged: nobody reads it")
    assert ask(services, image) == before


def test_lengths_in_millimetres_follow_the_scale(services: Services, image: Image) -> None:
    assert ask(services, image)["total"]["length_mm"] is None
    projects.update(services, user=OPERATOR, name="cracks", settings={"px_per_mm": 2})
    found = ask(services, image)
    assert (found["px_per_mm"], found["px_per_mm_from"]) == (2, "project")
    assert found["total"]["length_mm"] == pytest.approx(found["total"]["length_px"] / 2, abs=1e-3)
    scaling.rescale(services, user=OPERATOR, image_id=image.id, px_per_mm=4)
    found = ask(services, image)
    assert found["total"]["area_mm2"] == pytest.approx(area(1) / 16)
    assert library.show(services, user=OPERATOR, image_id=image.id)["px_per_mm_from"] == "image"
    scaling.rescale(services, user=OPERATOR, image_id=image.id, px_per_mm=None)
    assert ask(services, image)["px_per_mm"] == 2


def test_an_empty_mask_measures_nothing(services: Services, image: Image) -> None:
    correct.correct(services, user=OPERATOR, image_id=image.id, value="nothing")
    found = ask(services, image)
    assert (found["source"], found["total"]["area_px"], found["total"]["length_px"]) == ("human", 0, 0)


def test_a_picture_without_a_mask_says_so(services: Services) -> None:
    tiny_masks.project(services)
    image = tiny_masks.upload(services)
    with pytest.raises(Missing, match="no mask yet"):
        ask(services, image)
    with pytest.raises(Missing, match="no mask yet"):
        ask(services, image, origin="human")


def test_a_project_of_classes_has_nothing_to_measure(services: Services) -> None:
    projects.create(services, user=OPERATOR, name="paint", classes=("red", "blue"))
    image = tiny_masks.upload(services, name="paint")
    with pytest.raises(Rejected, match="no masks"):
        ask(services, image)


@pytest.mark.parametrize("settings", [{"px_per_mm": 0}, {"px_per_mm": "wide"}, {"retrain_automatically": 1}])
def test_a_setting_that_does_not_fit_is_refused(services: Services, settings: Json) -> None:
    tiny_masks.project(services)
    with pytest.raises(Rejected, match=next(iter(settings))):
        projects.update(services, user=OPERATOR, name="cracks", settings=settings)
