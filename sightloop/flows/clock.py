"""What is due by time rather than by request: expiry, repair, and pictures that still wait for an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sightloop.flows import backup, checking, drifting, export_job, mirroring, retraining, trash, view, waiting
from sightloop.flows.jobs import sweep_work
from sightloop.flows.services import Services
from sightloop.store import idempotency

DAY = 86_400.0
HOUR = 3600.0
MINUTE = 60.0
VIEW_SECONDS = 5.0
MIRROR_SECONDS = 5.0


@dataclass(frozen=True)
class Duty:
    """Something to do every so many seconds."""

    seconds: float
    run: Callable[[Services], None]


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


DUTIES = {
    "class folders": Duty(VIEW_SECONDS, follow_view),
    "repair": Duty(DAY, mend),
    "sweep of checkpoints": Duty(HOUR, sweep_work),
    "purge of the trash": Duty(HOUR, purge_trash),
    "expiry of exports": Duty(HOUR, export_job.sweep),
    "daily backup": Duty(HOUR, backup.queue_daily),
    "expiry of idempotency keys": Duty(HOUR, forget_keys),
    "scoring of waiting pictures": Duty(MINUTE, waiting.score_waiting),
    "check for drift": Duty(MINUTE, drifting.start_due),
    "learning by itself": Duty(MINUTE, retraining.start_due),
    "copy to MLflow": Duty(MIRROR_SECONDS, mirroring.send_due),
}
