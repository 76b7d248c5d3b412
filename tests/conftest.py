"""Fixtures that every room's tests may use: databases, the folder of real pictures, an S3 server."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from sightloop.store.database import Database
from tests.postgresql import Server, start

ROOT = Path(__file__).parent.parent
NUMBERS = itertools.count()

settings.register_profile("patient", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("patient")


class Bucket(NamedTuple):
    """An empty bucket on a local S3 server."""

    name: str
    endpoint_url: str
    access_key_id: str = "testing"
    secret_access_key: str = "testing"
    region: str = "us-east-1"


def unavailable(reason: str) -> None:
    """Skip the test, or fail it where the environment promises that nothing is missing."""
    if os.environ.get("SIGHTLOOP_REQUIRE_SERVICES") == "1":
        pytest.fail(f"SIGHTLOOP_REQUIRE_SERVICES=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server | None]:
    """A PostgreSQL server of this test process, with a migrated database called "template"; None where missing."""
    with start() as server:
        if server is not None:
            server.create("template")
            _migrate(server.url("template"))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """The databases a test runs on."""
    return str(request.param)


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated, empty database."""
    if dialect == "sqlite":
        yield sqlite_copy(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    server = _server(request)
    name = f"test{next(NUMBERS)}"
    server.create(name, template="template")
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def empty_database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = _server(request)
    name = f"test{next(NUMBERS)}"
    server.create(name)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated, empty database, on SQLite and on PostgreSQL."""
    found = Database(database_url)
    yield found
    found.close()


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh, migrated, empty SQLite database, for tests that need not run on both."""
    found = Database(sqlite_copy(sqlite_template, tmp_path))
    yield found
    found.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures; the test is skipped where there is none."""
    folder = Path(os.environ.get("SIGHTLOOP_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("no folder of real pictures (SIGHTLOOP_SHARED)")
    return folder


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a local S3 server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str) -> Bucket:
    """An empty bucket."""
    import boto3

    bucket = Bucket(f"bucket{next(NUMBERS)}", s3_server)
    client = boto3.client(
        "s3",
        endpoint_url=bucket.endpoint_url,
        aws_access_key_id=bucket.access_key_id,
        aws_secret_access_key=bucket.secret_access_key,
        region_name=bucket.region,
    )
    client.create_bucket(Bucket=bucket.name)
    client.close()
    return bucket


def sqlite_copy(template: Path, folder: Path) -> str:
    """The URL of a copy of a migrated SQLite file."""
    return f"sqlite:///{shutil.copyfile(template, folder / 'sightloop.db')}"


def _server(request: pytest.FixtureRequest) -> Server:
    server: Server | None = request.getfixturevalue("postgresql")
    if server is None:
        unavailable("PostgreSQL's programs (initdb, postgres) are not installed")
    assert server is not None
    return server


def _migrate(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()
