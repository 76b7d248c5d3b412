"""A database that somebody else holds: writers are told to come back, readers are served, nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import tiny
from tests.e2e.running import prepared, serving, upload

HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process is in the middle of writing for as long as the block lasts."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        yield
        other.kill()


def test_a_locked_database_refuses_writers_after_seconds_serves_readers_and_comes_back(tmp_path: Path) -> None:
    token = prepared(tmp_path / "data")
    with serving(tmp_path / "data") as running, running.client(token) as client:
        with held(tmp_path / "data" / "sightloop.db"):
            refused = upload(client, tiny.picture("red"))
            read = client.get("/api/v1/projects/paint/images")
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert int(refused.headers["retry-after"]) >= 1
        assert (read.status_code, read.json()["items"]) == (200, [])
        assert list((tmp_path / "data" / "incoming").iterdir()) == []
        accepted = upload(client, tiny.picture("red"))
        assert accepted.status_code == 201
        assert accepted.json()["files"][0]["image"]["predicted"] == "red"
