"""The live model against people: only pictures that it answered and that did not teach it."""

from __future__ import annotations

import pytest

from sightloop import telemetry
from sightloop.core.entities import Image, Json, Project
from sightloop.flows import accuracy, auditing, wanting
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


def asked(services: Services, project: Project, found: list[Image]) -> None:
    with services.db.begin() as db:
        wanting.ask(db, project, report_id=None, random=[image.id for image in found], shifted=[])


def audit(services: Services) -> Json:
    return dict(accuracy.accuracy(services, user=OPERATOR, project="paint")["audit"])


def test_the_audit_counts_pictures_drawn_at_random_alone_and_says_why_there_are_none(
    services: Services, project: Project
) -> None:
    assert audit(services)["reason"] == "There is no live model yet."
    version = labelled.version(services, project)
    found = [labelled.add(services, project, number, label=None) for number in range(12)]
    for image in found:
        labelled.answer(services, image, version, "red")
    assert audit(services) == {
        "n": 0,
        "asked": 0,
        "accuracy": None,
        "since": None,
        "reason": "No picture drawn at random was asked for yet.",
    }
    asked(services, project, found[:8])
    assert audit(services)["reason"] == "None of the 8 pictures drawn at random is labelled yet."
    for image in found[8:]:
        labelled.relabel(services, image, "blue")
    for image, label in zip(found[:5], ["red", "red", "red", "blue", "unknown"], strict=True):
        labelled.relabel(services, image, label)
    told = accuracy.accuracy(services, user=OPERATOR, project="paint")
    assert (told["n"], told["accuracy"]["value"]) == (8, 0.375)
    assert (told["audit"]["n"], told["audit"]["asked"], told["audit"]["accuracy"]["value"]) == (4, 8, 0.75)
    assert 0.1 < told["audit"]["accuracy"]["low"] < 0.75 < told["audit"]["accuracy"]["high"] <= 1
    assert (told["audit"]["since"] > 1.0, told["audit"]["reason"]) == (True, None)


def test_the_audit_leaves_out_what_taught_the_version(
    services: Services, project: Project, taught: list[Image]
) -> None:
    found = [labelled.add(services, project, number, label=None) for number in range(10)]
    asked(services, project, found)
    for image in found:
        labelled.relabel(services, image, "red")
    taken = labelled.freeze(services, project)
    version = labelled.version(services, project, snapshot_id=taken["snapshot_id"])
    for image in found:
        labelled.answer(services, image, version, "red")
    learnt = sum(one.side in ("train", "calibration") for one in labelled.by_id(services, *found))
    assert 0 < learnt < 10
    assert audit(services)["n"] == 10 - learnt


def test_gauges_tell_the_audit_from_thirty_on_before_that_all_verified_ones_and_no_old_figure(
    services: Services, project: Project
) -> None:
    def gauge() -> float | None:
        return telemetry.REGISTRY.get_sample_value("sightloop_live_accuracy", {"project": "paint"})

    auditing.tell(services)
    assert gauge() is None
    version = labelled.version(services, project)
    found = [labelled.add(services, project, number, label=None) for number in range(60)]
    for image in found:
        labelled.answer(services, image, version, "red")
    asked(services, project, found[:30])
    for image in found[:29]:
        labelled.relabel(services, image, "red")
    for image in found[30:59]:
        labelled.relabel(services, image, "blue")
    auditing.tell(services)
    assert gauge() == 0.5
    labelled.relabel(services, found[29], "blue")
    auditing.tell(services)
    low, high = (
        telemetry.REGISTRY.get_sample_value(f"sightloop_live_accuracy_{end}", {"project": "paint"})
        for end in ("low", "high")
    )
    assert gauge() == pytest.approx(29 / 30)
    assert low is not None
    assert high is not None
    assert low < 29 / 30 < high
    labelled.version(services, project)
    auditing.tell(services)
    assert gauge() is None  # the new live version has answered nothing yet
