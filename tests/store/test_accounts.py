"""Accounts, sessions and tokens: who may come in, and for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from sightloop.core.errors import Conflict, Missing
from sightloop.store import sessions, tables, tokens, users
from sightloop.store.database import Database
from tests.store import builders


def test_an_address_is_one_account_however_it_is_written(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db, "Ann@Example.org")
    with pytest.raises(Conflict), database.begin() as db:
        builders.user(db, " ann@example.ORG")
    with database.connect() as db:
        assert users.by_email(db, "ANN@example.org") == (ann, "argon")
        assert users.by_email(db, "bob@example.org") is None
        assert (users.count(db), users.all(db)) == (1, [ann])


def test_roles_and_passwords_change(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        assert users.set_role(db, ann.id, role="admin") == replace(ann, role="admin")
        users.set_password(db, ann.id, password_hash="other")
        assert users.password_hash(db, ann.id) == "other"


def test_an_account_that_never_was_is_missing(database: Database) -> None:
    with pytest.raises(Missing), database.begin() as db:
        users.set_role(db, "x", role="admin")


def test_a_session_ends_at_once_when_it_is_ended(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        sessions.start(db, ann.id, jti="a")
        assert sessions.lookup(db, "a") == ann
        sessions.end(db, "a")
        assert sessions.lookup(db, "a") is None


def test_an_idle_session_ends_and_a_used_one_goes_on(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        sessions.start(db, ann.id, jti="a")
        db.execute(update(tables.sessions).values(seen_at=database.now(db) - 1750))
        assert sessions.lookup(db, "a") == ann
        assert sessions.touch_due(db, "a")
        db.execute(update(tables.sessions).values(seen_at=database.now(db) - 1850))
        assert sessions.lookup(db, "a") is None
        sessions.touch(db, "a")
        assert not sessions.touch_due(db, "a")


def test_no_session_outlives_twelve_hours(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        ends = sessions.start(db, ann.id, jti="a", expires_at=4e9)
        assert ends <= database.now(db) + 43200
        sessions.start(db, ann.id, jti="b", expires_at=database.now(db) - 1)
        assert sessions.lookup(db, "b") is None


def test_a_disabled_account_has_no_session_and_no_token(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        sessions.start(db, ann.id, jti="a")
        tokens.add(db, ann.id, name="t", digest="d", scopes=["view"])
        users.disable(db, ann.id)
        assert (sessions.lookup(db, "a"), tokens.by_digest(db, "d")) == (None, None)
        users.enable(db, ann.id)
        assert sessions.lookup(db, "a") == ann


def test_all_sessions_but_one_end_together(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        for jti in "abc":
            sessions.start(db, ann.id, jti=jti)
        sessions.end_all(db, ann.id, except_jti="b")
        assert [sessions.lookup(db, jti) is None for jti in "abc"] == [True, False, True]
        sessions.end_all(db, ann.id)
        assert sessions.lookup(db, "b") is None


def test_failures_are_counted_by_key_and_time(database: Database) -> None:
    with database.begin() as db:
        for key in ("ann|1", "ann|1", "ann|2"):
            sessions.note_failure(db, key)
        now = database.now(db)
        assert len(sessions.failures_since(db, "ann|1", since=now - 60)) == 2
        assert sessions.failures_since(db, "ann|1", since=now + 60) == []
        sessions.clear_failures(db, "ann|1")
        assert sessions.failures_since(db, "ann|1", since=0) == []
        assert sessions.sweep(db, before=now + 60) == 1


def test_a_token_opens_until_it_is_revoked_or_too_old(database: Database) -> None:
    with database.begin() as db:
        ann = builders.user(db)
        name = tokens.add(db, ann.id, name="t", digest="d", scopes=["view", "upload"])
        tokens.add(db, ann.id, name="old", digest="e", scopes=[], expires_at=database.now(db) - 1)
        assert tokens.by_digest(db, "d") == (ann, ("view", "upload"))
        assert tokens.by_digest(db, "e") is None
        tokens.revoke(db, ann.id, token_id=name)
        assert tokens.by_digest(db, "d") is None


def test_a_token_is_listed_without_its_digest_and_revoked_only_by_its_owner(database: Database) -> None:
    with database.begin() as db:
        ann, bob = builders.user(db), builders.user(db, "bob@example.org")
        name = tokens.add(db, ann.id, name="t", digest="d", scopes=["view"])
        assert ["digest" in row for row in tokens.all(db, ann.id)] == [False]
        with pytest.raises(Missing):
            tokens.revoke(db, bob.id, token_id=name)
