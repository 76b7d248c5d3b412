"""Pictures that a model should not answer: kept, shown as unknown, with the reason and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sightloop.bundles import format as bundle_format
from sightloop.bundles import reference
from sightloop.core.entities import Image, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.core.ids import new_id
from sightloop.core.recipes import RECIPES
from sightloop.flows import library, looking, predict, projects, training
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import projects as project_rows
from sightloop.store import versions
from tests import tiny

Picture = Callable[..., bytes]
Kept = Callable[..., Image]


@pytest.fixture
def familiar(services: Services, project: Project, tmp_path: Path) -> Project:
    """The project with a live model that learnt from red pictures alone."""
    folder, packed = tiny.bundle(tmp_path / "red"), tmp_path / new_id()
    rng = np.random.default_rng(0)
    points = np.array(tiny.COLOURS["red"]) / 127.5 - 1 + rng.normal(0, 0.02, (90, 3))
    unit = np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)
    sure = np.column_stack([np.full(40, 0.99), np.full(40, 0.005), np.full(40, 0.005)])
    arrays = reference.build(unit[:50], [0] * 50, held_out=unit[50:], probabilities=sure)
    reference.save(folder / "reference.npz", arrays)
    bundle_format.write(folder, bundle_format.parse(folder))
    digest = bundle_format.pack(folder, packed)
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        version = versions.add(db, project.id, bundle=digest, family="linear", params={}, metrics={})
        project_rows.set_live(db, project.id, version_id=version.id, by=None, action="promote")
    services.runtime.refresh()
    return project


def test_a_stranger_is_unknown_with_its_reason_and_advice(
    services: Services, familiar: Project, picture: Picture
) -> None:
    said = predict.predict(services, user=OPERATOR, project=familiar.name, data=picture("blue"))
    assert (said["prediction"], said["predicted"], said["reason"]) == ("unknown", "blue", "off_domain")
    assert "red, green, blue" in said["advice"]


def test_a_familiar_picture_is_answered(services: Services, familiar: Project, picture: Picture) -> None:
    said = predict.predict(services, user=OPERATOR, project=familiar.name, data=picture("red"))
    assert (said["prediction"], said["reason"], said["advice"]) == ("red", None, None)


def test_a_reject_rate_of_zero_answers_strangers_too(services: Services, familiar: Project, picture: Picture) -> None:
    projects.update(services, user=OPERATOR, name=familiar.name, settings={"reject_rate": 0.0})
    said = predict.predict(services, user=OPERATOR, project=familiar.name, data=picture("blue"))
    assert (said["prediction"], said["off_domain"] > 0.99) == ("blue", True)


def test_a_stranger_is_kept_among_the_unknown_whatever_the_floor(
    services: Services, familiar: Project, picture: Picture, kept: Kept
) -> None:
    image = kept(picture("blue"))
    projects.update(services, user=OPERATOR, name=familiar.name, floor=0.0)
    after = library.show(services, user=OPERATOR, image_id=image.id)
    assert (after["shown"], after["reason"], after["predicted"]) == ("unknown", "off_domain", "blue")
    assert after["prediction"]["figures"]["reason"] == "off_domain"


def test_a_photo_unlike_the_usual_is_to_be_taken_again_where_the_project_asks_for_it(
    services: Services, project: Project, model: Callable[..., int], picture: Picture, kept: Kept
) -> None:
    model(project)
    projects.update(services, user=OPERATOR, name="paint", settings={"retake_limits": {"blur": [99.0, None]}})
    assert kept(picture("red")).shown == "red"
    projects.update(services, user=OPERATOR, name="paint", settings={"retake": True})
    image = kept(picture("red", seed=1))
    assert (image.shown, image.reason, image.predicted) == ("unknown", "retake", "red")
    said = predict.predict(services, user=OPERATOR, project="paint", data=picture("red"))
    assert (said["prediction"], said["reason"]) == ("unknown", "retake")
    assert said["advice"].startswith("Blurred")


def test_without_limits_no_photo_is_to_be_taken_again(
    services: Services, project: Project, model: Callable[..., int], picture: Picture
) -> None:
    model(project)
    projects.update(services, user=OPERATOR, name="paint", settings={"retake": True})
    assert predict.predict(services, user=OPERATOR, project="paint", data=picture("red"))["reason"] is None


def test_every_classifying_recipe_refuses_one_ordinary_picture_in_a_hundred() -> None:
    rates = {recipe.settings.get("reject_rate") for recipe in RECIPES.values() if recipe.task == "classify"}
    assert rates == {0.01}


@pytest.mark.parametrize("settings", [{"reject_rate": 0.6}, {"reject_rate": True}, {"reject_rate": "1 %"},
                                      {"region": "nose"}, {"retake": 1}])  # fmt: skip
def test_a_setting_that_does_not_fit_is_refused(
    services: Services, project: Project, settings: dict[str, object]
) -> None:
    with pytest.raises(Rejected):
        projects.update(services, user=OPERATOR, name="paint", settings=settings)


def test_the_part_that_models_look_at_is_told_in_pixels_of_the_picture(
    services: Services, project: Project, picture: Picture, kept: Kept
) -> None:
    image = kept(picture("red", width=640, height=480))
    with pytest.raises(Missing, match="whole pictures"):
        looking.region(services, user=OPERATOR, image_id=image.id)
    projects.update(services, user=OPERATOR, name="paint", settings={"region": "eye"})
    found = looking.region(services, user=OPERATOR, image_id=image.id)
    assert found["kind"] == "eye"
    assert 0 <= found["x"] < found["x"] + found["width"] <= 640
    assert 0 <= found["y"] < found["y"] + found["height"] <= 480


@pytest.mark.parametrize("region", ["", "eye"])
def test_a_training_looks_at_the_whole_picture_unless_it_is_told_otherwise(
    services: Services, project: Project, region: str
) -> None:
    projects.update(services, user=OPERATOR, name="paint", settings={"region": "eye"})
    params = {"weights": "none", **({"region": region} if region else {})}
    job = training.start(services, user=OPERATOR, name="paint", family="linear", params=params)
    assert job.params["params"]["region"] == region
