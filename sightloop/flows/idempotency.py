"""Requests that may be sent twice and are carried out once."""

from __future__ import annotations

from sightloop.core.entities import Json, User
from sightloop.core.errors import Rejected
from sightloop.flows.services import Services
from sightloop.store import idempotency

MAX_KEY = 200


def begin(services: Services, *, user: User, key: str, route: str, digest: str) -> tuple[int, Json] | None:
    """Claim `key`; the stored status and body where this request was answered before.

    Args:
        digest: SHA-256 of what the request asks for.

    Raises:
        Rejected: the key was used for something else, or does not fit.
        Conflict: the same request is being carried out right now.
    """
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise Rejected("the Idempotency-Key does not fit.", hint=f"Use 1 to {MAX_KEY} printable characters.")
    with services.db.begin() as db:
        stored = idempotency.begin(db, key=key, user_id=user.id, route=route, digest=digest)
    return None if stored is None else (stored.status, stored.body)


def finish(services: Services, *, user: User, key: str, route: str, status: int, body: Json) -> None:
    """Keep the answer for whoever sends `key` again."""
    with services.db.begin() as db:
        idempotency.finish(db, key=key, user_id=user.id, route=route, status=status, body=body)


def abandon(services: Services, *, user: User, key: str, route: str) -> None:
    """Free `key`: the request failed and may be tried again."""
    with services.db.begin() as db:
        idempotency.forget(db, key=key, user_id=user.id, route=route)
