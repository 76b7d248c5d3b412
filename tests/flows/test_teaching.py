"""What a training would learn from: exactly what a snapshot taken right after holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sightloop.core.entities import Json, Project
from sightloop.flows import manifests, projects, teaching
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images
from tests.flows import labelled

WORDS = ["red", "blue", "green", "unknown", None]
SIDES: list[Any] = ["train", "train", "train", "calibration", "test", "none"]


def told(services: Services) -> Json:
    return teaching.teaching(services, user=OPERATOR, project="paint")


def scatter(services: Services, project: Project, seed: int) -> None:
    """Pictures on every side with every word; some are copies, unreadable, thrown away, or still wait."""
    rng = np.random.default_rng(seed)
    for number in range(60):
        word, side, look = WORDS[rng.integers(5)], SIDES[rng.integers(6)], rng.random()
        image = labelled.add(services, project, number, label=word, side=side)
        with services.db.begin() as db:
            if look < 0.1:
                images.trash(db, image, by=None)
            elif look < 0.2:
                images.mark_unreadable(db, image, "truncated")
            elif look < 0.3:
                images.relabel(db, image, value=WORDS[rng.integers(4)], action="correct", by=None)


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_are_those_of_a_snapshot_made_right_after(services: Services, project: Project, seed: int) -> None:
    scatter(services, project, seed)
    said = told(services)
    taken = labelled.freeze(services, project)["counts"]
    assert {side: sum(taken[side].values()) for side in taken} == {
        "train": said["teach"],
        "calibration": said["calibrate"],
        "test": said["judge"],
    }
    for row in said["per_class"]:
        assert {side: taken[side].get(row["name"], 0) for side in taken} == {side: row[side] for side in taken}
    with services.db.connect() as db:
        labels = [image.label for image in images.stream(db, project.id) if image.label]
        assert len(manifests.teaching_rows(db, project)) == said["labelled"] - said["unused"]
    assert said["labelled"] == len(labels)


def test_nothing_can_be_learnt_from_one_class(services: Services, project: Project) -> None:
    assert "none has any" in told(services)["reason"]
    labelled.add(services, project, 1, side="train")
    labelled.add(services, project, 2, label="blue", side="test")
    said = told(services)
    assert not said["ready"]
    assert "only 'red' has any" in said["reason"]


def test_a_first_training_needs_two_classes_and_no_more(services: Services, project: Project) -> None:
    for number, label in enumerate(("red", "blue")):
        labelled.add(services, project, number, label=label, side="train")
    said = told(services)
    assert (said["ready"], said["reason"], said["wanted"], said["new_since_live"]) == (True, None, 50, 2)


def test_a_further_training_wants_as_many_new_labels_as_the_project_says(services: Services, project: Project) -> None:
    for number, label in enumerate(("red", "blue")):
        labelled.add(services, project, number, label=label, side="train", labelled_at=1.0)
    version = labelled.version(services, project, snapshot_id=labelled.freeze(services, project)["snapshot_id"])
    projects.update(services, user=OPERATOR, name="paint", settings={"min_samples_for_retraining": 2})
    image = labelled.answer(services, labelled.add(services, project, 3, label=None), version, "red")
    labelled.relabel(services, image, "blue")
    said = told(services)
    assert (said["new_since_live"], said["corrected_since_live"], said["ready"]) == (1, 1, False)
    assert said["reason"] == "1 of 2 new labels since version 1 learnt: 1 more are wanted."
    labelled.add(services, project, 4, side="test", labelled_at=2e9)
    assert told(services)["ready"]


def test_every_label_is_new_to_a_version_that_came_from_elsewhere(services: Services, project: Project) -> None:
    labelled.add(services, project, 1, labelled_at=1.0)
    labelled.version(services, project)
    assert told(services)["new_since_live"] == 1
