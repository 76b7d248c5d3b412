"""Idempotency keys: a request sent twice is done once."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from sightloop.core.errors import Conflict, Rejected
from sightloop.store import idempotency, registry_tables
from sightloop.store.database import Database
from sightloop.store.idempotency import Stored

REQUEST = {"key": "k", "user_id": "ann", "route": "upload"}


def begin(database: Database, *, digest: str = "d", **other: str) -> Stored | None:
    """Claim a key."""
    with database.begin() as db:
        return idempotency.begin(db, **(REQUEST | other), digest=digest)


def finish(database: Database) -> None:
    """Answer 201."""
    with database.begin() as db:
        idempotency.finish(db, **REQUEST, status=201, body={"id": 1})


def test_the_second_time_the_first_answer_comes(database: Database) -> None:
    assert begin(database) is None
    finish(database)
    assert begin(database) == Stored(201, {"id": 1})


def test_a_key_for_another_body_is_refused(database: Database) -> None:
    begin(database)
    finish(database)
    with pytest.raises(Rejected, match="another request"):
        begin(database, digest="e")


def test_a_request_that_still_runs_is_a_conflict(database: Database) -> None:
    begin(database)
    with pytest.raises(Conflict, match="still running"):
        begin(database)


def test_keys_of_other_users_and_routes_are_other_keys(database: Database) -> None:
    begin(database)
    assert begin(database, user_id="bob", digest="e") is None
    assert begin(database, route="retrain", digest="e") is None


def test_a_request_whose_process_died_can_be_sent_again(database: Database) -> None:
    begin(database)
    with database.begin() as db:
        db.execute(update(registry_tables.idempotency).values(created_at=database.now(db) - 601))
    assert begin(database) is None


def test_a_forgotten_key_can_be_used_again(database: Database) -> None:
    begin(database)
    with database.begin() as db:
        idempotency.forget(db, **REQUEST)
    assert begin(database, digest="e") is None


def test_old_answers_are_swept(database: Database) -> None:
    begin(database)
    with database.begin() as db:
        assert idempotency.sweep(db, before=0) == 0
        assert idempotency.sweep(db, before=database.now(db) + 1) == 1
