"""What the rows say of bytes."""

from __future__ import annotations

from sightloop.store import images, names, sizes
from sightloop.store.database import Database
from tests.store import builders


def test_bytes_that_two_projects_share_count_once_in_all_and_in_each(database: Database) -> None:
    with database.begin() as db:
        first, second = builders.project(db, name="first"), builders.project(db, name="second")
        builders.project(db, name="empty")
        images.add_many(db, [builders.image(first.id, number, size=100) for number in range(3)])
        [(shared, _)] = images.add_many(db, [builders.image(second.id, 0, size=100)])
        images.trash(db, shared, by=None)
    with database.connect() as db:
        assert sizes.originals(db) == 300
        each = [(row["name"], row["images"], row["bytes"]) for row in sizes.by_project(db)]
    assert each == [("first", 3, 300), ("second", 1, 100), ("empty", 0, 0)]


def test_a_database_without_pictures_takes_space_and_its_pictures_none(database: Database) -> None:
    assert sizes.of_database(database) > 10_000
    with database.connect() as db:
        assert sizes.originals(db) == 0


def test_ids_have_the_names_that_people_gave_and_strangers_none(database: Database) -> None:
    with database.begin() as db:
        user, project = builders.user(db), builders.project(db)
        assert names.of_users(db, [user.id, None, "operator"]) == {user.id: "Ann"}
        assert names.of_projects(db, [project.id, project.id]) == {project.id: "insects"}
        assert names.of_versions(db, ["nothing"]) == {}
