"""Answers kept under the client's key, so that a request sent twice is done once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from sightloop.core.errors import Conflict, Rejected
from sightloop.store.database import lock, now
from sightloop.store.registry_tables import idempotency

ABANDONED: Final = 600.0  # seconds after which an unfinished request is taken for dead


@dataclass(frozen=True)
class Stored:
    """The answer to an earlier request with the same key and body."""

    status: int
    body: Any


def begin(db: Connection, *, key: str, user_id: str, route: str, digest: str) -> Stored | None:
    """Claim a key before doing the work; returns the earlier answer where there is one.

    Args:
        digest: the hash of the request's body.

    Raises:
        Rejected: the key was used for another body.
        Conflict: the request with this key is still running.
    """
    lock(db, f"idempotency:{user_id}:{key}")
    at = now(db)
    row = db.execute(select(idempotency).where(*_same(key, user_id, route))).one_or_none()
    if row is not None and row.digest != digest:
        raise Rejected(f"Idempotency-Key {key!r} was used for another request.", hint="Use a new key.")
    if row is not None and row.status is not None:
        return Stored(row.status, row.body)
    if row is not None and row.created_at > at - ABANDONED:
        raise Conflict(f"the request with Idempotency-Key {key!r} is still running.", hint="Try again later.")
    forget(db, key=key, user_id=user_id, route=route)
    db.execute(insert(idempotency).values(key=key, user_id=user_id, route=route, digest=digest, created_at=at))
    return None


def finish(db: Connection, *, key: str, user_id: str, route: str, status: int, body: Any) -> None:
    """Keep the answer (ready for JSON) under its key; best in the transaction of the work itself."""
    db.execute(update(idempotency).where(*_same(key, user_id, route)).values(status=status, body=body))


def forget(db: Connection, *, key: str, user_id: str, route: str) -> None:
    """Free a key whose request failed, so that it can be tried again."""
    db.execute(delete(idempotency).where(*_same(key, user_id, route)))


def sweep(db: Connection, *, before: float) -> int:
    """Forget answers older than a time; returns how many."""
    return db.execute(delete(idempotency).where(idempotency.c.created_at < before)).rowcount


def _same(key: str, user_id: str, route: str) -> tuple[ColumnElement[bool], ...]:
    return idempotency.c.key == key, idempotency.c.user_id == user_id, idempotency.c.route == route
