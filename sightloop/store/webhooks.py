"""Webhooks: addresses that are told of every notice, each with the secret that signs what it is sent."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from sightloop.core.errors import Missing
from sightloop.core.ids import new_id
from sightloop.store.database import now
from sightloop.store.tables import users
from sightloop.store.watch_tables import webhooks


class Webhook(NamedTuple):
    """One address; `by_name` is who added it, None where it was the command line or the account is gone."""

    id: str
    url: str
    created_at: float
    by_name: str | None


def add(db: Connection, *, url: str, secret: str, by: str | None) -> Webhook:
    """Keep an address."""
    webhook_id = new_id()
    values = {"url": url, "secret": secret, "created_by": by, "created_at": now(db)}
    db.execute(insert(webhooks).values(id=webhook_id, **values))
    return get(db, webhook_id)


def all(db: Connection) -> list[Webhook]:  # noqa: A001
    """Every address, the oldest first."""
    c = webhooks.c
    query = select(c.id, c.url, c.created_at, users.c.name).outerjoin(users, users.c.id == c.created_by)
    return [Webhook(*row) for row in db.execute(query.order_by(c.created_at, c.id))]


def get(db: Connection, webhook_id: str) -> Webhook:
    """One address; raises Missing."""
    found = next((one for one in all(db) if one.id == webhook_id), None)
    if found is None:
        raise Missing(f"no webhook {webhook_id!r}.", hint="sightloop notices hooks")
    return found


def remove(db: Connection, webhook_id: str) -> None:
    """Forget an address and its secret; raises Missing."""
    if not db.execute(delete(webhooks).where(webhooks.c.id == webhook_id)).rowcount:
        raise Missing(f"no webhook {webhook_id!r}.", hint="sightloop notices hooks")
