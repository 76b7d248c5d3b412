"""Doubts: they stand until a person labels the image, through the trash, and go with the image."""

from __future__ import annotations

import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Missing
from sightloop.store import doubts, images, tallies
from sightloop.store.database import Connection, Database
from tests.store import builders


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


@pytest.fixture
def image(database: Database, project: Project) -> Image:
    """A ready, answered picture that somebody doubted."""
    with database.begin() as db:
        added, _ = images.add(db, builders.image(project.id))
        answered = images.apply_answers(db, [(added, builders.facts(), builders.prediction(added), builders.vector())])
        return doubts.add(db, answered[0], by="ann")


def standing(database: Database, project: Project) -> list[str]:
    with database.connect() as db:
        tallies.verify(db, project.id)
        return doubts.standing(db, project.id)


def test_a_second_doubt_changes_nothing(database: Database, project: Project, image: Image) -> None:
    with database.begin() as db:
        again = doubts.add(db, image, by="ben")
    assert again == image
    assert standing(database, project) == [image.id]


def test_a_doubt_is_told_in_the_history_with_who_and_what(database: Database, image: Image) -> None:
    with database.connect() as db:
        told = [one for one in images.history(db, image.id) if one["kind"] == "doubt"]
    assert [(one["by"], one["shown"]) for one in told] == [("ann", "ant")]


@pytest.mark.parametrize("action", ["correct", "verify", "import"])
def test_a_label_settles_the_doubt(database: Database, project: Project, image: Image, action: str) -> None:
    with database.begin() as db:
        images.relabel(db, image, value="bee", action=action, by="ann")
    assert standing(database, project) == []


def test_a_label_that_is_rolled_back_leaves_the_doubt(database: Database, project: Project, image: Image) -> None:
    def label_and_fail(db: Connection) -> None:
        images.relabel(db, image, value="bee", action="correct", by="ann")
        images.get(db, "nobody")

    with pytest.raises(Missing), database.begin() as db:
        label_and_fail(db)
    assert standing(database, project) == [image.id]


def test_taking_a_word_back_is_no_label(database: Database, project: Project, image: Image) -> None:
    with database.begin() as db:
        images.relabel(db, image, value=None, action="clear", by="ann")
    assert standing(database, project) == [image.id]


def test_a_doubt_waits_in_the_trash_and_comes_back(database: Database, project: Project, image: Image) -> None:
    with database.begin() as db:
        thrown = images.trash(db, image, by="ann")
    assert standing(database, project) == []
    with database.begin() as db:
        images.restore(db, thrown, by="ann")
    assert standing(database, project) == [image.id]


def test_a_purged_image_takes_its_doubt_along(database: Database, project: Project, image: Image) -> None:
    with database.begin() as db:
        images.purge(db, image)
    with database.connect() as db:
        assert not doubts.stands(db, image.id)


def test_the_oldest_doubt_comes_first(database: Database, project: Project, image: Image) -> None:
    with database.begin() as db:
        second, _ = images.add(db, builders.image(project.id, 2))
        doubts.add(db, second, by=None)
    assert standing(database, project) == [image.id, second.id]
