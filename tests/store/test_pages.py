"""Pages: every filter, every order, and cursors that neither skip nor repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sightloop.core.entities import Image, Project
from sightloop.core.errors import Rejected
from sightloop.store import images
from sightloop.store.database import Database
from sightloop.store.images import Filters
from tests.store import builders

SORTS = ["created_at", "-created_at", "confidence", "-confidence", "name", "-name"]


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


@pytest.fixture
def stored(database: Database, project: Project) -> list[Image]:
    """Twelve pictures, of which every third has no prediction and every second comes from the site "meadow"."""
    with database.begin() as db:
        added = [
            builders.image(project.id, number, name=f"{'AbCd'[number % 4]} {number}.jpg", created_at=number // 3)
            for number in range(12)
        ]
        added = [replace(it, site="meadow" if n % 2 else None) for n, it in enumerate(added)]
        done = [it for it, _ in images.add_many(db, added)]
        said = [builders.prediction(it, predicted="ant", confidence=n / 12) for n, it in enumerate(done)]
        quality = {"issues": ["dark"]}
        told = [builders.facts(n, quality=quality if n == 5 else {}) for n in range(12)]
        return images.apply_answers(db, [(it, told[n], said[n] if n % 3 else None, None) for n, it in enumerate(done)])


@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_any_size_put_together_are_the_whole(
    database: Database, project: Project, stored: list[Image], sort: str
) -> None:
    with database.connect() as db:
        whole, end = images.page(db, project.id, filters=Filters(), sort=sort, limit=100)
        found, cursor = images.page(db, project.id, filters=Filters(), sort=sort, limit=5)
        while cursor is not None:
            more, cursor = images.page(db, project.id, filters=Filters(), sort=sort, limit=5, cursor=cursor)
            found += more
    assert end is None
    assert len(whole) == 12
    assert found == whole


def test_names_sort_without_regard_to_capitals(database: Database, project: Project, stored: list[Image]) -> None:
    with database.connect() as db:
        found, _ = images.page(db, project.id, filters=Filters(), sort="name", limit=100)
    assert [it.name[0] for it in found] == list("AAAbbbCCCddd")


def test_pictures_without_a_prediction_sort_below_every_confidence(
    database: Database, project: Project, stored: list[Image]
) -> None:
    with database.connect() as db:
        found, _ = images.page(db, project.id, filters=Filters(), sort="confidence", limit=100)
    assert [it.confidence is None for it in found] == [True] * 4 + [False] * 8


@pytest.mark.parametrize(
    ("filters", "n"),
    [
        (Filters(), 12),
        (Filters(tab="ant"), 4),
        (Filters(tab="unlabelled"), 4),
        (Filters(shown="unknown"), 4),
        (Filters(status="ready"), 12),
        (Filters(verified=True), 0),
        (Filters(labelled=False), 12),
        (Filters(site="meadow"), 6),
        (Filters(source="upload"), 12),
        (Filters(issue="dark"), 1),
        (Filters(search="BC"), 0),
        (Filters(search="c 2"), 1),
        (Filters(search="%"), 0),
        (Filters(min_confidence=0.5), 4),
        (Filters(max_confidence=0.5), 4),
        (Filters(trashed=True), 0),
        (Filters(trashed=None), 12),
        (Filters(ids=()), 0),
    ],
)
def test_a_filter_finds_what_it_names(
    database: Database, project: Project, stored: list[Image], filters: Filters, n: int
) -> None:
    with database.connect() as db:
        assert images.count(db, project.id, filters) == n
        assert len(images.page(db, project.id, filters=filters, limit=100)[0]) == n


def test_corrected_labels_and_groups_are_filters_too(database: Database, project: Project, stored: list[Image]) -> None:
    with database.begin() as db:
        images.relabel(db, stored[1], value="bee", action="correct", by="ann")
        for filters in (Filters(corrected=True), Filters(label="bee"), Filters(verified=True), Filters(tab="bee")):
            assert [it.id for it in images.stream(db, project.id, filters=filters)] == [stored[1].id]
        group = Filters(group=stored[1].group_id, side=stored[1].side)
        assert stored[1].id in {it.id for it in images.stream(db, project.id, filters=group)}


def test_rows_added_while_paging_never_repeat_or_hide_others(
    database: Database, project: Project, stored: list[Image]
) -> None:
    with database.begin() as db:
        first, cursor = images.page(db, project.id, filters=Filters(), sort="-created_at", limit=6)
        images.add(db, builders.image(project.id, "new", created_at=99))
        second, _ = images.page(db, project.id, filters=Filters(), sort="-created_at", limit=6, cursor=cursor)
    assert {it.id for it in first + second} == {it.id for it in stored}


@pytest.mark.parametrize("cursor", ["x", "!!", "WzFd", "bm9uc2Vuc2U", "WyItY3JlYXRlZF9hdCIsICJhIiwgImIiXQ"])
def test_a_damaged_cursor_is_refused(database: Database, project: Project, cursor: str) -> None:
    with pytest.raises(Rejected, match="cursor"), database.connect() as db:
        images.page(db, project.id, filters=Filters(), cursor=cursor, limit=5)


def test_a_cursor_of_another_order_is_refused(database: Database, project: Project, stored: list[Image]) -> None:
    with database.connect() as db:
        _, cursor = images.page(db, project.id, filters=Filters(), sort="name", limit=5)
    with pytest.raises(Rejected, match="another sort order"), database.connect() as db:
        images.page(db, project.id, filters=Filters(), sort="-name", cursor=cursor, limit=5)


def test_an_unknown_order_is_refused(database: Database, project: Project) -> None:
    with pytest.raises(Rejected, match="'colour'"), database.connect() as db:
        images.page(db, project.id, filters=Filters(), sort="colour", limit=5)


def test_a_stream_yields_everything_in_small_batches(database: Database, project: Project, stored: list[Image]) -> None:
    with database.connect() as db:
        assert {it.id for it in images.stream(db, project.id, batch=5)} == {it.id for it in stored}


def test_counts_are_those_of_the_tabs(database: Database, project: Project, stored: list[Image]) -> None:
    with database.begin() as db:
        images.trash(db, stored[0], by="ann")
        counts = images.counts(db, project.id)
    assert counts == {"ant": 4, "unknown": 4, "unlabelled": 3, "trash": 1}
