"""Dumps: all rows go through JSON lines and come back the same, into either database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sightloop.core.errors import Rejected
from sightloop.store import doubts, dump, embeddings, images, jobs, projects, runs, tallies
from sightloop.store.database import Database, metadata
from sightloop.store.migrations import HEAD
from tests.store import builders


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Path:
    """The dump of a database with something in every corner."""
    with database.begin() as db:
        project = builders.project(db, settings={"ä": [1, 2.5, None]})
        image, _ = images.add(db, builders.image(project.id, name="Bär\n☃.jpg", meta={"a": {"b": 1}}))
        images.apply_answers(db, [(image, builders.facts(), builders.prediction(image), builders.vector())])
        images.relabel(db, image, value="bee", action="correct", by="ann")
        projects.set_live(db, project.id, version_id="v1", by="ann", action="promote")
        jobs.enqueue(db, kind="train", steps=["train"], project_id=project.id)
        runs.start(db, project.id, family="linear", params={})
    with database.connect() as db:
        dump.write(db, tmp_path / "dump")
    return tmp_path / "dump"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite database without rows."""
    made = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    made.migrate()
    yield made
    made.close()


def test_a_dump_read_into_sqlite_and_dumped_again_is_the_same(folder: Path, fresh: Database, tmp_path: Path) -> None:
    with fresh.begin() as db:
        assert dump.read(db, folder)["images"] == 1
    with fresh.connect() as db:
        dump.write(db, tmp_path / "again")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_rows_moved_from_sqlite_work_in_either_database(database: Database, tmp_path: Path) -> None:
    source = Database(f"sqlite:///{tmp_path / 'source.db'}")
    source.migrate()
    with source.begin() as db:
        project = builders.project(db)
        image, _ = images.add(db, builders.image(project.id))
        images.apply_answers(db, [(image, builders.facts(), builders.prediction(image), builders.vector())])
    with source.connect() as db:
        dump.write(db, tmp_path / "moved")
    source.close()
    with database.begin() as db:
        dump.read(db, tmp_path / "moved")
    with database.begin() as db:
        tallies.verify(db, project.id)
        assert embeddings.get(db, image.id, version_id="v1") is not None
        images.relabel(db, image, value="bee", action="correct", by="ann")
        second, _ = images.add(db, builders.image(project.id, 2))
        assert images.apply_facts(db, second, builders.facts(2)).group_id == second.id


def test_a_dump_is_refused_by_a_database_with_rows(folder: Path, database: Database) -> None:
    with pytest.raises(Rejected, match="has rows already"), database.begin() as db:
        dump.read(db, folder)


def test_a_shortened_dump_is_refused(folder: Path, fresh: Database) -> None:
    (folder / "images.jsonl").write_text("")
    with pytest.raises(Rejected), fresh.begin() as db:
        dump.read(db, folder)
    with fresh.connect() as db:
        assert projects.all(db) == []


def test_a_folder_without_a_dump_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="holds no dump"), database.begin() as db:
        dump.read(db, tmp_path)


def rewrite(folder: Path, *, revision: str, without: str | None) -> None:
    """Make the dump one of another revision, without the tables and columns since, and that never had a table."""
    head = json.loads((folder / dump.HEAD).read_text()) | {"revision": revision}
    since = [name for later, tables in dump.TABLES.items() if later > revision for name in tables]
    for gone in {*since, *([without] if without else [])}:
        del head["tables"][gone]
        (folder / f"{gone}.jsonl").unlink()
    (folder / dump.HEAD).write_text(json.dumps(head))
    for later, columns in dump.COLUMNS.items():
        for name, added in columns.items() if later > revision else ():
            without_columns(folder / f"{name}.jsonl", metadata.tables[name].columns.keys(), added)


def without_columns(path: Path, columns: Sequence[str], added: Sequence[str]) -> None:
    """Drop the columns that a later revision added from every row of a dumped table."""
    kept = [place for place, name in enumerate(columns) if name not in added]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps([row[place] for place in kept]) + "\n" for row in rows))


def test_a_dump_from_before_a_table_was_added_is_read_and_leaves_it_empty(folder: Path, fresh: Database) -> None:
    rewrite(folder, revision="0001", without="doubts")
    with fresh.begin() as db:
        assert dump.read(db, folder)["images"] == 1
        assert doubts.standing(db, projects.all(db)[0].id) == []


def test_a_dump_from_before_searches_is_read_and_its_runs_are_trainings(folder: Path, fresh: Database) -> None:
    rewrite(folder, revision="0003", without=None)
    with fresh.begin() as db:
        dump.read(db, folder)
        assert [run["kind"] for run in runs.all(db, projects.all(db)[0].id)] == ["training"]


def test_a_dump_from_before_masks_is_read_and_has_none(folder: Path, fresh: Database) -> None:
    rewrite(folder, revision="0002", without=None)
    with fresh.begin() as db:
        dump.read(db, folder)
        (image,), _ = images.page(db, projects.all(db)[0].id, filters=images.Filters(), limit=2)
        assert (image.label, image.mask, image.certainty) == ("bee", None, None)
        assert images.predictions_of(db, image.id)[0].figures is None


@pytest.mark.parametrize(("revision", "table"), [(HEAD, "doubts"), (HEAD, "events"), ("0001", "events")])
def test_a_dump_that_lost_a_table_is_refused(folder: Path, fresh: Database, revision: str, table: str) -> None:
    rewrite(folder, revision=revision, without=table)
    with pytest.raises(Rejected, match=table), fresh.begin() as db:
        dump.read(db, folder)
