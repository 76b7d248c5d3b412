"""Which addresses are told of every notice; administrators say so."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from sightloop.core.entities import User
from sightloop.core.errors import Conflict, Rejected
from sightloop.core.permissions import require
from sightloop.flows.services import Services
from sightloop.store import notices, webhooks
from sightloop.store.webhooks import Webhook

MOST: Final = 20


def listing(services: Services, *, user: User) -> Sequence[Webhook]:
    """Every address, the oldest first, without secrets. Raises Forbidden for all but administrators."""
    require(user.role, "administer", what="webhooks")
    with services.db.connect() as db:
        return webhooks.all(db)


def add(services: Services, *, user: User, url: str) -> tuple[Webhook, str]:
    """Tell an address of everything from now on; the secret that signs what it gets is shown this once.

    Raises:
        Forbidden: only administrators may.
        Rejected: not an address that can be posted to, or there are 20 already.
        Conflict: it is told already.
    """
    require(user.role, "administer", what="webhooks")
    services.poster.check(url)
    secret = secrets.token_urlsafe(32)
    with services.db.begin() as db:
        known = webhooks.all(db)
        if any(one.url == url for one in known):
            raise Conflict(f"{url} is told already.", hint="Remove it first for a new secret.")
        if len(known) >= MOST:
            raise Rejected(f"there are {MOST} webhooks already.", hint="Remove one that nobody reads.")
        return webhooks.add(db, url=url, secret=secret, by=user.id), secret


def remove(services: Services, *, user: User, webhook_id: str) -> None:
    """Tell an address nothing any more, not even what waits for it. Raises Forbidden, Missing."""
    require(user.role, "administer", what="webhooks")
    with services.db.begin() as db:
        webhooks.remove(db, webhook_id)
        notices.forget(db, webhook_id)
