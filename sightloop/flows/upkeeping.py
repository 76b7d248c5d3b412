"""What keeps an installation in order by itself: expiry, repair, and class folders that follow."""

from __future__ import annotations

from sightloop.flows import checking, trash, view
from sightloop.flows.services import Services
from sightloop.store import idempotency

DAY = 86_400.0


def purge_trash(services: Services) -> None:
    """Remove for good what has been in the trash for longer than the setting says."""
    trash.purge_expired(services)


def forget_keys(services: Services) -> None:
    """Forget idempotency keys of yesterday."""
    with services.db.begin() as db:
        idempotency.sweep(db, before=services.clock() - DAY)


def mend(services: Services) -> None:
    """Put right what a crash may have left: unfinished uploads, and the class folders."""
    checking.repair_at_start(services)


def follow_view(services: Services) -> None:
    """Let the class folders follow what happened to pictures."""
    view.follow_events(services)
