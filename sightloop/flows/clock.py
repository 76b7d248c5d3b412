"""What is due by time rather than by request: expiry, repair, and pictures that still wait for an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sightloop.flows import (
    backup,
    delivering,
    drifting,
    export_job,
    mirroring,
    policy,
    shadowing,
    upkeeping,
    waiting,
    watching,
)
from sightloop.flows.jobs import sweep_work
from sightloop.flows.services import Services

DAY = upkeeping.DAY
HOUR = 3600.0
MINUTE = 60.0
SOON = 5.0


@dataclass(frozen=True)
class Duty:
    """Something to do every so many seconds."""

    seconds: float
    run: Callable[[Services], None]


DUTIES = {
    "class folders": Duty(SOON, upkeeping.follow_view),
    "repair": Duty(DAY, upkeeping.mend),
    "sweep of checkpoints": Duty(HOUR, sweep_work),
    "purge of the trash": Duty(HOUR, upkeeping.purge_trash),
    "expiry of exports": Duty(HOUR, export_job.sweep),
    "daily backup": Duty(HOUR, backup.queue_daily),
    "expiry of idempotency keys": Duty(HOUR, upkeeping.forget_keys),
    "scoring of waiting pictures": Duty(MINUTE, waiting.score_waiting),
    "check for drift": Duty(MINUTE, drifting.start_due),
    "learning by itself": Duty(MINUTE, policy.start_due),
    "watch over promotions": Duty(MINUTE, watching.look),
    "answers in shadow": Duty(MINUTE, shadowing.look),
    "delivery of notices": Duty(SOON, delivering.deliver_due),
    "expiry of notices": Duty(HOUR, delivering.trim),
    "copy to MLflow": Duty(SOON, mirroring.send_due),
}
