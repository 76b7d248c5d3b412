"""Signed-in sessions, and failed attempts to sign in."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from sightloop.core.entities import User
from sightloop.store import rows
from sightloop.store.database import now
from sightloop.store.tables import failures, sessions, users

IDLE: Final = 1800.0
ABSOLUTE: Final = 43200.0
TOUCH: Final = 60.0  # a session is written at most this often, in seconds


def start(db: Connection, user_id: str, *, jti: str, expires_at: float | None = None) -> float:
    """Begin a session; returns when it ends at the latest, twelve hours from now."""
    at = now(db)
    latest = at + ABSOLUTE
    ends = latest if expires_at is None else min(expires_at, latest)
    db.execute(insert(sessions).values(jti=jti, user_id=user_id, started_at=at, seen_at=at, expires_at=ends))
    return ends


def lookup(db: Connection, jti: str) -> User | None:
    """Whose session this is; None if it ended, was idle for thirty minutes, or its account is disabled."""
    at = now(db)
    query = select(*rows.columns(users, User)).join(sessions, sessions.c.user_id == users.c.id)
    alive = sessions.c.ended_at.is_(None) & (sessions.c.expires_at > at) & (sessions.c.seen_at > at - IDLE)
    row = db.execute(query.where(sessions.c.jti == jti, alive, users.c.disabled_at.is_(None))).one_or_none()
    return None if row is None else rows.read(User, row)


def touch_due(db: Connection, jti: str) -> bool:
    """Whether a session was last written long enough ago to write it again."""
    query = select(sessions.c.seen_at).where(sessions.c.jti == jti)
    seen = db.execute(query).scalar_one_or_none()
    return seen is not None and seen < now(db) - TOUCH


def touch(db: Connection, jti: str) -> None:
    """Record that a session is in use."""
    db.execute(update(sessions).where(sessions.c.jti == jti).values(seen_at=now(db)))


def end(db: Connection, jti: str) -> None:
    """End a session now."""
    db.execute(update(sessions).where(sessions.c.jti == jti, sessions.c.ended_at.is_(None)).values(ended_at=now(db)))


def end_all(db: Connection, user_id: str, *, except_jti: str | None = None) -> None:
    """End every session of an account, or all but one."""
    mine = sessions.c.user_id == user_id, sessions.c.ended_at.is_(None), sessions.c.jti != (except_jti or "")
    db.execute(update(sessions).where(*mine).values(ended_at=now(db)))


def note_failure(db: Connection, key: str) -> None:
    """Record a failed attempt under `key` (account and address)."""
    db.execute(insert(failures).values(key=key, at=now(db)))


def failures_since(db: Connection, key: str, *, since: float) -> list[float]:
    """The times of failed attempts since a time, oldest first."""
    query = select(failures.c.at).where(failures.c.key == key, failures.c.at >= since).order_by(failures.c.at)
    return list(db.execute(query).scalars())


def clear_failures(db: Connection, key: str) -> None:
    """Forget the failed attempts under `key`."""
    db.execute(delete(failures).where(failures.c.key == key))


def sweep(db: Connection, *, before: float) -> int:
    """Delete sessions that ended and failures that happened before a time; returns how many rows."""
    last = func.coalesce(sessions.c.ended_at, sessions.c.expires_at)
    gone = db.execute(delete(sessions).where(last < before)).rowcount
    return gone + db.execute(delete(failures).where(failures.c.at < before)).rowcount
