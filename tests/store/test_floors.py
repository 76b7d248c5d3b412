"""The preview of a floor is what setting the floor then does, whatever the rows are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sightloop.store import floors, images, tallies
from sightloop.store.database import Connection, Database
from tests.store import builders

CLASSES = ("ant", "bee")
LOOKS = np.linspace(0, 1, 11)


def scatter(db: Connection, project_id: str, rng: np.random.Generator, n: int = 40) -> None:
    """Pictures of every kind: labelled or not, answered or not, trashed, off the domain, copies and unreadable."""
    for number in range(n):
        label = [None, None, None, "ant", "unknown"][rng.integers(5)]
        image, _ = images.add(db, builders.image(project_id, number, label=label))
        if rng.random() < 0.9:
            image = images.apply_facts(db, image, builders.facts(number if rng.random() < 0.8 else 0))
        if rng.random() < 0.85:
            predicted, confidence = str(rng.choice(["ant", "bee", "gone"])), float(rng.choice([*LOOKS, rng.random()]))
            said = builders.prediction(image, predicted=predicted, confidence=confidence)
            strange = rng.random() < 0.2
            image = images.apply_prediction(db, image, replace(said, shown="unknown") if strange else said, None)
        if rng.random() < 0.1:
            image = images.mark_unreadable(db, image, "truncated")
        if rng.random() < 0.15:
            images.trash(db, image, by=None)


@pytest.mark.parametrize("seed", range(6))
def test_the_preview_is_what_the_floor_then_shows(database: Database, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with database.begin() as db:
        project = builders.project(db)
        scatter(db, project.id, rng)
        for floor in [*rng.choice(LOOKS, 3).tolist(), *rng.random(3).tolist(), 0.0, 1.0]:
            before = {image.id: image.shown for image in images.stream(db, project.id)}
            counts, moved = floors.preview(db, project.id, floor=floor, classes=CLASSES)
            images.refloor(db, project.id, floor=floor, classes=CLASSES)
            assert counts == tallies.summary(db, project.id)["tabs"]
            after = {image.id: image for image in images.stream(db, project.id)}
            moving = [name for name, one in after.items() if one.status != "unreadable" and one.status != "duplicate"]
            assert moved == sum(after[name].shown != before[name] for name in moving)
            tallies.verify(db, project.id)


def test_a_preview_changes_nothing(database: Database) -> None:
    with database.begin() as db:
        project = builders.project(db)
        scatter(db, project.id, np.random.default_rng(9))
        before = list(images.stream(db, project.id))
    with database.connect() as db:
        floors.preview(db, project.id, floor=0.99, classes=CLASSES)
        assert list(images.stream(db, project.id)) == before


def test_only_pictures_of_the_project_are_counted(database: Database) -> None:
    with database.begin() as db:
        mine, other = builders.project(db), builders.project(db, name="other")
        images.add(db, builders.image(other.id, 1, label="ant"))
        assert floors.preview(db, mine.id, floor=0.5, classes=CLASSES) == ({}, 0)
