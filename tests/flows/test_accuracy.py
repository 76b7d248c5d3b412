"""The live model against people: only pictures that it answered and that did not teach it."""

from __future__ import annotations

import pytest

from sightloop.core.entities import Image, Project
from sightloop.flows import accuracy
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images
from tests.flows import labelled

DAY = 86_400.0
LOOK = 0x0F0F_F0F0_1234_5678


@pytest.fixture
def taught(services: Services, project: Project) -> list[Image]:
    """Six pictures of a snapshot: two on each side, one of each red and one blue."""
    return [
        labelled.add(services, project, f"{side} {label}", label=label, side=side)
        for side in ("train", "calibration", "test")
        for label in ("red", "blue")
    ]


def test_pictures_that_taught_are_left_out_and_those_that_judged_are_not(
    services: Services, project: Project, taught: list[Image]
) -> None:
    version = labelled.version(services, project, snapshot_id=labelled.freeze(services, project)["snapshot_id"])
    for image in taught:
        labelled.answer(services, image, version, "red")
    found = accuracy.accuracy(services, user=OPERATOR, project="paint")
    assert (found["version"], found["n"], found["left_out"], found["reason"]) == (version.number, 2, 4, None)
    assert found["accuracy"]["value"] == 0.5
    assert found["classes"] == ["red", "green", "blue"]
    assert found["confusion"] == [[1, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert "4 that taught it" in found["basis"]


def test_a_near_copy_of_what_taught_is_left_out_though_it_came_later(
    services: Services, project: Project, taught: list[Image]
) -> None:
    first = labelled.add(services, project, "first", label="red", side="train", phash=LOOK)
    version = labelled.version(services, project, snapshot_id=labelled.freeze(services, project)["snapshot_id"])
    later = labelled.add(services, project, "later", label="red", phash=labelled.turned(LOOK, 2))
    assert later.group_id == first.id
    labelled.answer(services, later, version, "red")
    found = accuracy.accuracy(services, user=OPERATOR, project="paint")
    assert (found["n"], found["left_out"]) == (0, 1)
    assert "taught it, or are copies" in found["reason"]


def test_a_new_picture_that_people_corrected_counts_as_wrong(
    services: Services, project: Project, taught: list[Image]
) -> None:
    version = labelled.version(services, project, snapshot_id=labelled.freeze(services, project)["snapshot_id"])
    new = labelled.answer(services, labelled.add(services, project, "new", label=None), version, "blue", 0.2)
    assert new.shown == "unknown"
    labelled.relabel(services, new, "green")
    found = accuracy.accuracy(services, user=OPERATOR, project="paint")
    assert (found["n"], found["accuracy"]["value"]) == (1, 0.0)
    assert found["confusion"][1] == [0, 0, 1]
    assert found["per_class"][1] == {
        "name": "green",
        "n": 1,
        "recall": found["accuracy"],
        "precision": None,
        "dice": None,
    }


def test_what_nobody_labelled_or_called_unknown_or_another_version_answered_does_not_count(
    services: Services, project: Project
) -> None:
    old, live = labelled.version(services, project), labelled.version(services, project)
    labelled.answer(services, labelled.add(services, project, 1), old, "red")
    for number, label in ((2, None), (3, "unknown")):
        labelled.answer(services, labelled.add(services, project, number, label=label), live, "red")
    found = accuracy.accuracy(services, user=OPERATOR, project="paint")
    assert (found["n"], found["accuracy"], found["over_time"]) == (0, None, [])
    assert "No labelled picture has an answer of version 2" in found["reason"]


def test_a_version_of_unknown_origin_says_so(services: Services, project: Project) -> None:
    version = labelled.version(services, project)
    labelled.answer(services, labelled.add(services, project, 1, side="train"), version, "red")
    found = accuracy.accuracy(services, user=OPERATOR, project="paint")
    assert (found["n"], found["left_out"]) == (1, 0)
    assert "nobody wrote down what taught it" in found["basis"]


def test_over_time_every_picture_counts_once_where_it_came_in(services: Services, project: Project) -> None:
    version = labelled.version(services, project)
    for number, day in enumerate((0, 0, 3, 40)):
        image = labelled.add(services, project, number, created_at=1_000_000 * DAY + day * DAY)
        labelled.answer(services, image, version, "blue" if day == 40 else "red")
    points = accuracy.accuracy(services, user=OPERATOR, project="paint")["over_time"]
    assert [(point["n"], point["accuracy"]["value"]) for point in points] == [(3, 1.0), (1, 0.0)]
    assert points[0]["at"] <= 1_000_000 * DAY < points[1]["at"] <= 1_000_040 * DAY


def test_a_project_without_a_model_says_what_is_missing(services: Services, project: Project) -> None:
    found = accuracy.accuracy(services, user=OPERATOR, project="paint")
    assert (found["version"], found["n"], found["left_out"]) == (None, 0, 0)
    assert "no live model" in found["reason"]


def test_pictures_in_the_trash_do_not_count(services: Services, project: Project) -> None:
    version = labelled.version(services, project)
    image = labelled.answer(services, labelled.add(services, project, 1), version, "red")
    with services.db.begin() as db:
        images.trash(db, image, by=None)
    assert accuracy.accuracy(services, user=OPERATOR, project="paint")["n"] == 0


def test_a_held_out_picture_that_its_data_set_had_twice_is_fair_where_it_stands_once(
    services: Services, project: Project, taught: list[Image]
) -> None:
    twice = labelled.add(services, project, "twice", side="test", meta={"leaked": True})
    version = labelled.version(services, project, snapshot_id=labelled.freeze(services, project)["snapshot_id"])
    labelled.answer(services, twice, version, "red")
    assert accuracy.accuracy(services, user=OPERATOR, project="paint")["n"] == 1
