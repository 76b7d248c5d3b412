"""Whether everything works that people's requests need, as rows and the store say it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress

from sightloop.core.entities import Json
from sightloop.core.errors import Overloaded, SightloopError, StorageFull, Unavailable
from sightloop.flows.jobs import workers_alive
from sightloop.flows.services import Services
from sightloop.store import jobs, mirror

SPARE_BYTES = 64 << 20
GB = 10**9


def look(services: Services, *, queue_bound: int | None = None) -> Json:
    """The checks, and how many jobs run and wait in all.

    Args:
        queue_bound: pictures that may wait for inference in this process; None where it serves nobody.

    Returns:
        {checks [{name, ok, detail}], jobs_running, jobs_queued, mirror {configured, address, waiting, sent, refused,
        last_error, last_sent_at}}; the counts are None without a database.
    """
    checks: dict[str, Callable[[], str]] = {
        "database": lambda: database(services),
        "storage": lambda: storage(services),
        "worker": lambda: _worker(services),
    }
    if queue_bound is not None:
        checks["model runtime"] = lambda: runtime(services, bound=queue_bound)
    return {
        "checks": [_checked(name, check) for name, check in checks.items()],
        **_jobs(services),
        "mirror": _mirror(services),
    }


def _checked(name: str, check: Callable[[], str]) -> Json:
    try:
        return {"name": name, "ok": True, "detail": check()}
    except SightloopError as error:
        return {"name": name, "ok": False, "detail": f"{error.message} {error.hint}".strip()}


def _jobs(services: Services) -> Json:
    found: Mapping[str, int] = {}
    try:
        with services.db.connect() as db:
            found = jobs.counts(db)
    except Unavailable:
        return {"jobs_running": None, "jobs_queued": None}
    return {"jobs_running": found["running"], "jobs_queued": found["queued"]}


def _mirror(services: Services) -> Json:
    address = services.tracker.address if services.tracker else None
    found = dict.fromkeys(("waiting", "sent", "refused", "last_error", "last_sent_at"))
    if address is not None:
        with suppress(Unavailable), services.db.connect() as db:
            found = mirror.standing(db, address)
    return {"configured": address is not None, "address": address, **found}


def database(services: Services) -> str:
    """That the database answers; raises Unavailable."""
    with services.db.connect() as db:
        services.db.now(db)
    return f"{services.db.dialect} answers."


def storage(services: Services) -> str:
    """That files can be stored, and the room for them; raises Unavailable or StorageFull."""
    services.blobs.check()
    free = shutil.disk_usage(services.data).free
    if free < SPARE_BYTES:
        raise StorageFull(f"{free >> 20} MiB are free.", hint="Free some space.")
    return f"can be written to, {free / GB:.1f} GB are free."


def runtime(services: Services, *, bound: int) -> str:
    """How many pictures wait for this process's models; raises Overloaded where `bound` do."""
    depth = services.runtime.queue_depth()
    if depth >= bound:
        raise Overloaded(f"{depth} pictures wait for a core.", hint="Uploads are answered later.")
    return f"{depth} pictures wait."


def _worker(services: Services) -> str:
    alive = workers_alive(services)
    if not alive:
        raise Unavailable("no worker is alive: jobs wait.", hint="Start one with `sightloop worker`.")
    return f"{alive} alive."
