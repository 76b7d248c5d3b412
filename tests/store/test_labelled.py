"""Labelled pictures: which rows each measure reads."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from sightloop.core.entities import Image, Project
from sightloop.store import images, labelled, policy
from sightloop.store.database import Database
from tests.store import builders


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


def add(database: Database, project: Project, number: int, *, like: int | None = None, **changes: Any) -> Image:
    """A ready picture; with the pixels of picture `like` an exact copy."""
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id, number, **changes))
        return images.apply_facts(db, image, builders.facts(number if like is None else like))


def test_unknown_trashed_unlabelled_and_unreadable_pictures_are_not_labelled(
    database: Database, project: Project
) -> None:
    kept = add(database, project, 1, label="ant", side="train")
    for number, label in ((2, "unknown"), (3, None)):
        add(database, project, number, label=label)
    thrown, broken = (add(database, project, number, label="ant") for number in (4, 5))
    with database.begin() as db:
        images.trash(db, thrown, by=None)
        images.mark_unreadable(db, broken, "truncated")
        [found] = labelled.all(db, project.id)
    assert (found.id, found.label, found.side) == (kept.id, "ant", "train")
    assert (found.group, found.phash, found.predicted) == (kept.id, kept.phash, None)


def test_exact_copies_are_labelled_pictures_that_do_not_judge(database: Database, project: Project) -> None:
    first = add(database, project, 1, label="ant", side="test")
    copy = add(database, project, 2, like=1, label="ant", side="test")
    with database.connect() as db:
        assert {one.id: one.status for one in labelled.all(db, project.id)} == {first.id: "ready", copy.id: "duplicate"}
        assert [one.id for one in labelled.on_test(db, project.id)] == [first.id]


def test_only_answers_of_the_asked_version_count(database: Database, project: Project) -> None:
    one, two = (add(database, project, number, label="ant") for number in (1, 2))
    with database.begin() as db:
        images.apply_prediction(db, one, builders.prediction(one, predicted="bee", version_id="new"), None)
        images.apply_prediction(db, two, builders.prediction(two, version_id="old"), None)
        assert [(it.id, it.predicted) for it in labelled.answered_by(db, project.id, "new")] == [(one.id, "bee")]


def test_words_since_a_time_are_counted_once_per_picture(database: Database, project: Project) -> None:
    early = add(database, project, 1, label="ant", labelled_at=5.0)
    late = add(database, project, 2, label="ant", labelled_at=15.0)
    wrong = add(database, project, 3)
    with database.begin() as db:
        images.apply_prediction(db, wrong, builders.prediction(wrong, predicted="bee"), None)
        images.relabel(db, wrong, value="ant", action="correct", by=None)
        images.relabel(db, wrong, value="ant", action="correct", by=None)
        assert labelled.said_since(db, project.id, 10.0) == (2, 1)
        assert labelled.said_since(db, project.id, 0.0) == labelled.said_since(db, project.id, None) == (3, 1)
        images.trash_many(db, [early, late], by=None)
        assert labelled.said_since(db, project.id, 0.0) == (1, 1)


def test_what_is_said_after_a_time_is_counted_without_reading_the_whole_project(sqlite_database: Database) -> None:
    alarm = policy.Alarm("r", 1.0, 2.0, "covariate")
    with sqlite_database.connect() as db:
        asked: list[tuple[str, Any]] = []
        event.listen(db, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
        labelled.said_since(db, "p", 1.0)
        labelled.lately(db, "p", since=1.0)
        labelled.sampled(db, "p", version_id="v", since=1.0)
        policy.corrected(db, "p", since=1.0, drawn=False)
        policy.judging_since(db, "p", since=1.0)
        policy.labelled_in(db, "p", alarm)
        read = [one for one in asked if "FROM images" in one[0]]
        assert len(read) == 6
        for statement, values in read:
            plan = [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert "SEARCH images USING INDEX sqlite_autoindex_images_1 (id=?)" in plan, statement
