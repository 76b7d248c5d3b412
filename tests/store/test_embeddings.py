"""Embeddings: what is kept in memory says the same as the rows, whatever comes and goes."""

from __future__ import annotations

import numpy as np
import pytest

from sightloop.core.entities import Image, Project
from sightloop.store import embeddings, images
from sightloop.store.database import Database
from tests.store import builders


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


def add(database: Database, project: Project, number: int, *, version: str = "v1") -> Image:
    with database.begin() as db:
        image, _ = images.add(db, builders.image(project.id, number))
        embeddings.put_many(db, project.id, [(image.id, version, builders.vector(number))])
    return image


def gathered(database: Database, project: Project, *ids: str, version: str = "v1") -> dict[str, list[float]]:
    with database.connect() as db:
        found, vectors = embeddings.gather(db, project.id, list(ids), version_id=version)
    return dict(zip(found, vectors.tolist(), strict=True))


def test_vectors_come_in_the_order_asked_and_only_those_there_are(database: Database, project: Project) -> None:
    first, second = add(database, project, 1), add(database, project, 2)
    found = gathered(database, project, second.id, "nobody", first.id)
    assert list(found) == [second.id, first.id]
    np.testing.assert_allclose(found[first.id], builders.vector(1), atol=1e-3)


def test_a_vector_that_came_later_is_found(database: Database, project: Project) -> None:
    first = add(database, project, 1)
    assert gathered(database, project, first.id, "later") == gathered(database, project, first.id)
    second = add(database, project, 2)
    np.testing.assert_allclose(
        gathered(database, project, first.id, second.id)[second.id], builders.vector(2), atol=1e-3
    )


def test_many_missing_vectors_are_read_at_once_and_right(
    database: Database, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "MANY", 2)
    some = [add(database, project, number) for number in range(4)]
    gathered(database, project, some[2].id)
    found = gathered(database, project, *(one.id for one in some))
    for number, one in enumerate(some):
        np.testing.assert_allclose(found[one.id], builders.vector(number), atol=1e-3)


def test_a_purged_image_leaves_memory_when_somebody_looks_again(database: Database, project: Project) -> None:
    first, second = add(database, project, 1), add(database, project, 2)
    gathered(database, project, first.id, second.id)
    with database.begin() as db:
        images.purge(db, first)
    assert list(gathered(database, project, first.id, second.id)) == [second.id]


def test_versions_are_kept_apart_and_the_longest_unused_is_let_go(database: Database, project: Project) -> None:
    image = add(database, project, 1)
    with database.begin() as db:
        for number in (2, 3, 4):
            embeddings.put_many(db, project.id, [(image.id, f"v{number}", builders.vector(number))])
    for number in (1, 2, 3, 4, 1):
        found = gathered(database, project, image.id, version=f"v{number}")
        np.testing.assert_allclose(found[image.id], builders.vector(number), atol=1e-3)


def test_a_version_that_answered_nothing_has_no_vectors(database: Database, project: Project) -> None:
    image = add(database, project, 1)
    assert gathered(database, project, image.id, version="v9") == {}
