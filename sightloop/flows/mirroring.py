"""Send what changed to the experiment server, by the clock or now; trainings never talk to it nor wait for it."""

from __future__ import annotations

import logging
import time

from sightloop.core.entities import Json
from sightloop.core.errors import Conflict, Missing, Rejected, Unavailable
from sightloop.core.ports import Tracker
from sightloop.flows import mirror_runs, mirror_versions
from sightloop.flows.services import Services
from sightloop.store import mirror

TURN = 5.0  # seconds after which the clock's other duties come first; what is begun is finished
BACKOFF = 5.0  # seconds until the first try after a failure, twice as many after each further one, at most 160
TELL = {"run": mirror_runs.tell, "version": mirror_versions.tell, "aliases": mirror_versions.tell_aliases}

log = logging.getLogger(__name__)


def send(services: Services, *, again: bool = False) -> Json:
    """Send everything that changed since it was sent last, now.

    Args:
        again: as if nothing had ever been sent, for a server that lost things; what is there is found, not doubled.

    Returns:
        {told, address, waiting, sent, refused, last_error, last_sent_at}; `told` counts what was sent now.

    Raises:
        Rejected: no server is configured.
        Unavailable: it does not answer; what was sent before is remembered.
        Conflict: another process sends now.
    """
    if services.tracker is None:
        raise Rejected("there is no MLflow server to send to.", hint="Set SIGHTLOOP_MLFLOW_URI.")
    told = _send(services, services.tracker, seconds=None, again=again)
    with services.db.connect() as db:
        found = mirror.standing(db, services.tracker.address)
    return {"told": told, "address": services.tracker.address, **found}


def send_due(services: Services) -> None:
    """What the clock does: send for some seconds; a server that is away is tried ever less often, and only logged."""
    if services.tracker is None:
        return
    with services.db.connect() as db:
        if not mirror.due(db, services.tracker.address):
            return
    try:
        _send(services, services.tracker, seconds=TURN)
    except Conflict:
        return
    except Unavailable as error:
        log.warning("%s", error.message)


def _send(services: Services, tracker: Tracker, *, seconds: float | None, again: bool = False) -> int:
    with services.db.begin() as db:
        if not mirror.claim(db, tracker.address, patient=seconds is not None):
            return 0
        if again:
            mirror.forget(db)
    refusals: list[str] = []
    failed: str | None = None
    try:
        return _tell(services, tracker, until=None if seconds is None else time.monotonic() + seconds, refused=refusals)
    except Unavailable as error:
        failed = error.message
        raise
    finally:
        said = failed or (refusals[-1] if refusals else None)
        with services.db.begin() as db:
            mirror.release(db, error=said, backoff=BACKOFF if failed else None)


def _tell(services: Services, tracker: Tracker, *, until: float | None, refused: list[str]) -> int:
    tracker.reach()
    with services.db.connect() as db:
        waiting = mirror.due(db, tracker.address)
    count = 0
    for due in waiting:
        if until is not None and time.monotonic() > until:
            break
        try:
            TELL[due.kind](services, tracker, due)
            count += 1
        except (Rejected, Missing) as error:
            log.warning("%s %s: %s", due.kind, due.local, error.message)
            refused.append(error.message)
            _refused(services, due, gone=isinstance(error, Missing) and due.kind == "run" and due.remote is not None)
    return count


def _refused(services: Services, due: mirror.Due, *, gone: bool) -> None:
    """Not again until it changes; but what the server has lost is made anew the next time."""
    with services.db.begin() as db:
        if gone:
            mirror.forget(db, due.kind, due.local)
            mirror.forget(db, mirror_runs.CURVE, due.local)
        else:
            mirror.remember(db, due.kind, due.local, remote=due.remote or "", state=mirror.REFUSED + due.stamp)
