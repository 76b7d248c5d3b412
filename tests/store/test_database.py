"""The database: migrations, write transactions, and errors in our own words."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from sightloop.core.errors import Conflict, Rejected, StorageFull, Unavailable
from sightloop.store import projects
from sightloop.store.database import Database, metadata
from sightloop.store.migrations import HEAD, revision
from tests.store import builders


def test_the_migrations_make_exactly_the_tables_of_tables_py(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    database.migrate()
    with database.connect() as db:
        assert compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), metadata) == []
        assert revision(db) == HEAD
    database.close()


def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    databases = [Database(empty_database_url) for _ in range(4)]
    threads = [threading.Thread(target=database.migrate) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with databases[0].connect() as db:
        assert revision(db) == HEAD
    for database in databases:
        database.close()


def test_an_error_in_a_write_transaction_undoes_all_of_it(database: Database) -> None:
    with pytest.raises(Conflict), database.begin() as db:
        [builders.project(db, name=name) for name in ("one", "one")]
    with database.connect() as db:
        assert projects.all(db) == []


def test_a_read_connection_refuses_to_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.connect() as db:
        builders.project(db)


def test_a_read_connection_sees_one_moment(database: Database) -> None:
    with database.connect() as db:
        before = projects.all(db)
        with database.begin() as other:
            builders.project(other)
        assert projects.all(db) == before


def test_both_databases_know_the_time(database: Database) -> None:
    with database.connect() as db:
        assert 1_700_000_000 < database.now(db) < 5_000_000_000


def test_sqlite_promises_full_durability_and_foreign_keys(sqlite_database: Database) -> None:
    with sqlite_database.begin() as db:
        found = {name: db.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")}
        assert found == {"journal_mode": "wal", "synchronous": 2}
        assert db.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_a_database_that_another_process_writes_is_unavailable(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightloop.store.database.BUSY_SECONDS", 0)
    mine = Database(str(sqlite_database.url))
    with closing(sqlite3.connect(sqlite_database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="busy"), mine.begin():
            pass
    mine.close()


def test_two_writers_in_one_process_take_turns(sqlite_database: Database) -> None:
    def add(name: str) -> None:
        with sqlite_database.begin() as db:
            builders.project(db, name=name)

    threads = [threading.Thread(target=add, args=(f"p{number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite_database.connect() as db:
        assert len(projects.all(db)) == 20


def test_a_full_disk_is_said_and_nothing_is_written(sqlite_database: Database) -> None:
    @event.listens_for(Engine, "begin")
    def _shrink(db: Connection) -> None:
        db.exec_driver_sql("PRAGMA max_page_count = 1")

    with pytest.raises(StorageFull), sqlite_database.begin() as db:
        builders.project(db, title="x" * 1_000_000)
    event.remove(Engine, "begin", _shrink)
    with sqlite_database.connect() as db:
        assert projects.all(db) == []


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql://postgres@/nothing?host={tmp_path}")
    with pytest.raises(Unavailable, match="cannot be reached"), database.connect():
        pass
    database.close()


def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(Rejected, match="mysql"):
        Database("mysql://localhost/x")


def test_a_copy_holds_what_was_committed(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.begin() as db:
        builders.project(db)
    sqlite_database.copy_to(tmp_path / "backup" / "copy.db")
    assert (tmp_path / "backup" / "copy.db").stat().st_mode & 0o077 == 0
    copy = Database(f"sqlite:///{tmp_path / 'backup' / 'copy.db'}")
    with copy.connect() as db:
        assert [project.name for project in projects.all(db)] == ["insects"]
    copy.close()
