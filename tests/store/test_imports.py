"""Imports: what was read is recorded file by file, and leaks of a published split are found."""

from __future__ import annotations

import pytest

from sightloop.core.entities import Project, Side
from sightloop.store import images, imports
from sightloop.store.database import Database
from sightloop.store.imports import Item
from tests.store import builders

LOOK = 0x0F0F_F0F0_1234_5678


@pytest.fixture
def project(database: Database) -> Project:
    with database.begin() as db:
        return builders.project(db)


def read(
    database: Database, project: Project, run: str, *, number: int, side: Side, label: str, pixels: int, phash: int
) -> str:
    """Import one picture of a published split."""
    with database.begin() as db:
        image, made = images.add(db, builders.image(project.id, number, side=side, label=label, source="import"))
        if made:
            images.apply_facts(db, image, builders.facts(pixels, phash=phash))
        outcome: imports.Outcome = "stored" if made else "duplicate"
        path = f"{side}/{label}/{number}.jpg"
        imports.add_items(db, run, [Item(path, outcome, image_id=image.id, side=side, label=label)])
    return image.id


def test_a_report_counts_and_lists_failures(database: Database, project: Project) -> None:
    with database.begin() as db:
        run = imports.start(db, project.id, source="a.zip", created_by="ann", detail={"layout": "classes"})
        imports.add_items(db, run, [Item("a.jpg", "stored"), Item("b.jpg", "failed", reason="truncated")])
        report = imports.finish(db, run, detail={"seconds": 1})
    assert (report["stored"], report["duplicate"], report["failed"]) == (1, 0, 1)
    assert report["failures"] == [{"path": "b.jpg", "reason": "truncated"}]
    assert report["detail"] == {"layout": "classes", "seconds": 1}


def test_an_import_goes_on_where_its_job_died(database: Database, project: Project) -> None:
    with database.begin() as db:
        run = imports.start(db, project.id, source="a", job_id="j")
        imports.add_items(db, run, [Item("a.jpg", "stored"), Item("b.jpg", "failed", reason="disk")])
        assert imports.start(db, project.id, source="a", job_id="j") == run
        assert imports.done_paths(db, run) == {"a.jpg"}
        imports.add_items(db, run, [Item("b.jpg", "stored")])
        assert (imports.report(db, run)["stored"], imports.done_paths(db, run)) == (2, {"a.jpg", "b.jpg"})
        assert [row["id"] for row in imports.all(db, project.id)] == [run]


def test_leaks_and_conflicting_labels_are_found(database: Database, project: Project) -> None:
    with database.begin() as db:
        run = imports.start(db, project.id, source="a")
    far = ~LOOK & (2**64 - 1)
    read(database, project, run, number=1, side="train", label="ant", pixels=1, phash=LOOK)
    exact = read(database, project, run, number=1, side="test", label="bee", pixels=1, phash=LOOK)
    near = read(database, project, run, number=2, side="test", label="ant", pixels=2, phash=LOOK ^ 1)
    read(database, project, run, number=3, side="test", label="ant", pixels=3, phash=far)
    with database.connect() as db:
        leaks = imports.report(db, run)["leaks"]
        assert imports.leaked(db, run) == {exact, near}
    assert {name: leak["n"] for name, leak in leaks.items()} == {"exact": 2, "near": 3, "labels": 2}
    assert leaks["labels"]["found"][0][1] == {"path": "test/bee/1.jpg", "side": "test", "label": "bee"}
