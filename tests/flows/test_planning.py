"""What a training would take is said of the pictures that it would learn from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightloop import families
from sightloop.core.entities import Image, Project
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import correct, manifests, planning, trash
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from tests import tiny

SMALL = {"backbone": "test_resnet", "weights": "none", "freeze": "none", "input_size": 32, "epochs": 3, "batch": 8,
         "precision": "fp32"}  # fmt: skip


@pytest.fixture
def labelled(services: Services, kept: Callable[..., Image]) -> list[Image]:
    """Twelve labelled pictures, then one said to be unknown, one in the trash and one that nobody labelled."""
    found = [kept(tiny.picture(colour, seed=seed)) for colour in ("red", "blue") for seed in range(7)]
    for image, colour in zip(found, ["red"] * 7 + ["blue"] * 6, strict=False):
        correct.correct(services, user=OPERATOR, image_id=image.id, value=colour)
    correct.correct(services, user=OPERATOR, image_id=found[0].id, value="unknown")
    trash.discard(services, user=OPERATOR, image_id=found[1].id)
    return found


def test_the_pictures_of_a_plan_are_those_that_a_snapshot_would_hold(
    services: Services, project: Project, labelled: list[Image]
) -> None:
    planned = planning.pictures(services, user=OPERATOR, name="paint")["pictures"]
    with services.db.connect() as db:
        assert planned == manifests.count(manifests.teaching_rows(db, project))
    assert sum(planning.totals({"pictures": planned}).values()) == 11


def test_a_plan_says_what_a_training_would_take(services: Services, project: Project, labelled: list[Image]) -> None:
    plan = planning.plan(services, user=OPERATOR, name="paint", family="transfer", params=SMALL)
    assert plan["seconds"]["total"] > 0
    assert plan["memory_bytes"] > 0


def test_of_what_changes_no_estimate_the_defaults_are_measured() -> None:
    usual = planning.measurable("transfer", {})
    assert planning.measurable("transfer", {"lr": 0.01, "rotation": 45, "epochs": 3, "weights": "none"}) == usual
    assert planning.measurable("transfer", {"batch": 16}) == {**usual, "batch": 16}
    assert "epochs" not in planning.measurable("linear", {"c": 3.0})


def test_a_parameter_that_does_not_fit_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(Rejected, match="lr"):
        planning.measurable("transfer", {"lr": 7})
    with pytest.raises(Missing, match="magic"):
        planning.measurable("magic", {})


def test_every_epoch_takes_the_time_of_one() -> None:
    one = {"seconds": {"cache": 5.0, "epoch": 10.0, "export": 8.0, "total": 23.0}}
    assert planning.stretched(one, family="transfer", params={"epochs": 3})["seconds"]["total"] == 43.0
    assert planning.stretched({"seconds": {"total": 9.0}}, family="linear", params={})["seconds"]["total"] == 9.0


@pytest.mark.parametrize("family", sorted({*families.NAMES} - {"cascade"}))
def test_what_takes_time_is_part_of_the_question(family: str) -> None:
    estimated = {"batch": 3, "input_size": 64, "backbone": "other"}
    usual = planning.measurable(family, {})
    assert all(planning.measurable(family, {name: value}) != usual for name, value in estimated.items())


def test_no_parameter_that_no_family_has_is_called_untimed() -> None:
    assert {name for family in families.NAMES for name in planning.measurable(family, {})} >= planning.UNTIMED
