"""Let a version answer beside the live one first, unseen, and put it live where nothing breaks."""

from __future__ import annotations

from sightloop.core.entities import Job, Json, ModelVersion, Project, User
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows import watching
from sightloop.flows.access import project_for
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.store import jobs, versions, watches
from sightloop.store.database import Connection, lock
from sightloop.store.watches import Watch

DAY = 86_400.0
FEWEST = 200  # pictures that it is asked about at least
STEPS = ("shadow",)


def start(services: Services, *, user: User, name: str, ref: str, reason: str) -> Job:
    """Let a version answer beside the live one; it goes live by itself where nothing breaks. The gate is not asked.

    Args:
        reason: for the deployment log, where it goes live.

    Raises:
        Missing, Forbidden: no such project or version, or the role is below maintainer.
        Rejected: no version is live, so that there is nothing to answer beside; or without a reason.
        Conflict: it is live already, or a version answers in shadow.
    """
    project = project_for(services, user=user, name=name, action="promote")
    if project.live_version_id is None:
        raise Rejected(f"project {name!r} has no live model to answer beside.", hint="Promote the version.")
    if not reason.strip():
        raise Rejected("trying a version in shadow needs a reason.", hint="The gate is not asked; the log keeps it.")
    with services.db.connect() as db:
        version, live = versions.get(db, project.id, ref), versions.by_id(db, project.live_version_id)
    if version.id == live.id:
        raise Conflict(f"version {version.number} is live already.", current=version.number)
    unpacked(services, version.bundle)
    with services.db.begin() as db:
        lock(db, f"live:{project.id}")
        if current := _shadow(db, project):
            number = versions.by_id(db, current.version_id).number
            hint = f"sightloop rollout end {name} ends it."
            raise Conflict(f"version {number} answers in shadow already.", current=number, hint=hint)
        return begin(db, project, version, live=live, by=user.id, found={"reason": reason.strip()})


def begin(
    db: Connection, project: Project, version: ModelVersion, *, live: ModelVersion, by: str | None, found: Json
) -> Job:
    """Begin a shadow in the caller's transaction; one that goes on ends.

    Args:
        by: whose promotion it will be in the log, None for the gate's.
        found: the log's `reason`, and where the gate begins it the `detail` of its verdict.
    """
    if earlier := _shadow(db, project):
        instead = f"Version {version.number} answers in shadow instead."
        watches.end(db, earlier, state="ended", report=earlier.report | {"sentence": instead})
    told = f"Version {version.number} answers in shadow beside version {live.number}."
    report: Json = {"needed": FEWEST, "answers": 0, "rules": [], "sentence": told, "by": by, **found}
    ids = {"version_id": version.id, "replaced_id": live.id}
    watch = watches.begin(db, project.id, **ids, kind="shadow", report=report)
    watches.note(db, watch, report | {"until": watch.began_at + DAY})
    return _queued(db, watch, version, by=by)


def look(services: Services) -> None:
    """Ask again where too few pictures had come in use, when enough have or the day is over; give up a day later."""
    now = services.clock()
    with services.db.connect() as db:
        due = [watch for watch in watches.open(db) if watch.kind == "shadow" and _due(db, watch, now=now)]
    for watch in due:
        with services.db.begin() as db:
            if (fresh := watches.still(db, watch)) is None or not _due(db, fresh, now=now):
                continue
            if now > fresh.report["until"] + DAY:
                told = "It could not be asked in two days; the log of its jobs says why."
                watches.end(db, fresh, state="refused", report=fresh.report | {"sentence": told})
                continue
            watches.note(db, fresh, fresh.report | {"asked_at": now})
            _queued(db, fresh, versions.by_id(db, fresh.version_id), by=fresh.report["by"])


def _shadow(db: Connection, project: Project) -> Watch | None:
    return next((watch for watch in watches.open(db, project.id) if watch.kind == "shadow"), None)


def _due(db: Connection, watch: Watch, *, now: float) -> bool:
    if now < watch.report.get("asked_at", watch.began_at) + watching.PAUSE:
        return False
    enough = len(watches.used(db, watch.project_id, limit=FEWEST)) >= FEWEST
    if not enough and now < watch.report["until"]:
        return False
    return not jobs.all(db, project_id=watch.project_id, kinds=("shadow",), states=jobs.UNFINISHED, limit=1)


def _queued(db: Connection, watch: Watch, version: ModelVersion, *, by: str | None) -> Job:
    params = {"watch": watch.id, "version": version.number}
    return jobs.enqueue(
        db, kind="shadow", steps=STEPS, params=params, project_id=watch.project_id, created_by=by, heavy=False
    )
