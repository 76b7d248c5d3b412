"""Let a version answer beside the live one first, unseen, and put it live where nothing breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sightloop.core.entities import Image, Job, Json, ModelVersion, Project, User
from sightloop.core.errors import Conflict, Rejected
from sightloop.core.ports import Report
from sightloop.flows import beside, watch_evidence, watching
from sightloop.flows.access import project_for
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.measure.watch import Rule, errors, latency
from sightloop.store import jobs, projects, versions, watches
from sightloop.store.database import Connection, lock
from sightloop.store.watches import Watch

DAY = 86_400.0
FEWEST, MOST = 200, 1000  # pictures that it is asked about: those of a day, or the newest
TIMED = 116  # pictures that the live version is asked about again, so that both are timed alike
STEPS = ("shadow",)


def start(services: Services, *, user: User, name: str, ref: str) -> Job:
    """Let a version answer beside the live one; it goes live by itself where nothing breaks. The gate is not asked.

    Raises:
        Missing, Forbidden: no such project or version, or the role is below maintainer.
        Rejected: no version is live, so that there is nothing to answer beside.
        Conflict: it is live already, or a version answers in shadow.
    """
    project = project_for(services, user=user, name=name, action="promote")
    if project.live_version_id is None:
        raise Rejected(f"project {name!r} has no live model to answer beside.", hint="Promote the version.")
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
        return begin(db, project, version, live=live, by=user.id, found={"reason": "tried in shadow"})


def begin(
    db: Connection, project: Project, version: ModelVersion, *, live: ModelVersion, by: str | None, found: Json
) -> Job:
    """Begin a shadow in the caller's transaction; one that goes on ends.

    Args:
        by: whose promotion it will be in the log, None for the gate's.
        found: the log's `reason`, and the `detail` that led to it.
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
    """Ask again where too few pictures had come in, when enough have or the day is over; give up a day later."""
    now = services.clock()
    with services.db.connect() as db:
        due = [watch for watch in watches.open(db) if watch.kind == "shadow" and _due(db, watch, now=now)]
    for watch in due:
        with services.db.begin() as db:
            if now > watch.report["until"] + DAY:
                told = "It could not be asked in two days; the log of its jobs says why."
                watches.end(db, watch, state="refused", report=watch.report | {"sentence": told})
                continue
            watches.note(db, watch, watch.report | {"asked_at": now})
            _queued(db, watch, versions.by_id(db, watch.version_id), by=watch.report["by"])


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: ask the version about the newest pictures, and decide where they are enough or the day is over.

    Returns {"shadow": {state, sentence}}.
    """
    with services.db.connect() as db:
        watch = watches.get(db, job.params["watch"])
        if watch is None or watch.ended_at is not None:
            return {"shadow": None}
        project = projects.get(db, watch.project_id)
        version, live = (versions.by_id(db, one or "") for one in (watch.version_id, watch.replaced_id))
        pictures = _pictures(db, project, now=services.clock())
    asked = beside.ask(services, project, version, pictures, report=report)
    beside.ask(services, project, live, pictures[:TIMED], report=report, again=True)  # now, so that the load is alike
    beside.ask(services, project, live, pictures, report=report)
    found, shared = _found(services, project, pictures, both=(live, version), asked=asked)
    over = services.clock() >= watch.report["until"]
    return {"shadow": _decided(services, watch, version, found=found, shared=shared, over=over)}


def _pictures(db: Connection, project: Project, *, now: float) -> list[Image]:
    day = watches.arrivals(db, project.id, limit=MOST, since=now - DAY)
    return day if len(day) >= FEWEST else watches.arrivals(db, project.id, limit=FEWEST)


def _found(
    services: Services,
    project: Project,
    pictures: Sequence[Image],
    *,
    both: tuple[ModelVersion, ModelVersion],
    asked: beside.Asked,
) -> tuple[list[Rule], int]:
    """The rules, and how many pictures both versions answered."""
    live, version = both
    with services.db.connect() as db:
        classes, unasked = watch_evidence.same(db, project, pictures, both=both)
        timed = [image.id for image in pictures[beside.BATCH : TIMED]]  # the first ones warm a model up
        new, old = (watches.seconds(db, timed, version_id=one.id) for one in (version, live))
    shared = len(pictures) - unasked
    failed = errors(asked.failed, shared, failed_before=0, answered_before=len(old))
    return [failed, latency(new, old), classes], shared


def _decided(
    services: Services, watch: Watch, version: ModelVersion, *, found: Sequence[Rule], shared: int, over: bool
) -> Json:
    report = watch.report | {"answers": shared, "rules": [asdict(rule) for rule in found]}
    broken = [rule for rule in found if rule.passed is False]
    enough = over or all(rule.passed is not None for rule in found if rule.name == "classes")
    if broken:
        why = " ".join(rule.sentence for rule in broken)
        state, told = "refused", f"Version {version.number} stays out: {why}"
    elif enough:
        state, told = "passed", f"Version {version.number} goes live: nothing broke in {shared:,} answers in shadow."
    else:
        state, told = "watching", f"Version {version.number} answers in shadow: {shared} of {FEWEST} pictures so far."
    report |= {"sentence": told}
    with services.db.begin() as db:
        if state == "watching":
            watches.note(db, watch, report)
        elif not _ended(db, watch, state, report, version=version):
            state, told = "ended", "Another version went live meanwhile."
    return {"state": state, "sentence": told}


def _ended(db: Connection, watch: Watch, state: str, report: Json, *, version: ModelVersion) -> bool:
    """Close the shadow, and where it has passed put its version live; False where another one went live meanwhile."""
    lock(db, f"live:{watch.project_id}")
    project = projects.get(db, watch.project_id)
    if project.live_version_id != watch.replaced_id:
        watches.end(db, watch, state="ended", report=report | {"sentence": "Another version went live meanwhile."})
        return False
    if not watches.end(db, watch, state=state, report=report):
        return False
    if state == "passed":
        reason = f"{report['reason']}; {report['sentence']}"
        detail = {**(report.get("detail") or {}), "shadow": {"watch": watch.id, "rules": report["rules"]}}
        done = projects.set_live(
            db, project.id, version_id=version.id, by=report["by"], action="promote", reason=reason, detail=detail
        )
        watching.begin(db, project, done)
    return True


def _shadow(db: Connection, project: Project) -> Watch | None:
    return next((watch for watch in watches.open(db, project.id) if watch.kind == "shadow"), None)


def _due(db: Connection, watch: Watch, *, now: float) -> bool:
    if now < watch.report.get("asked_at", watch.began_at) + watching.PAUSE:
        return False
    enough = len(watches.arrivals(db, watch.project_id, limit=FEWEST)) >= FEWEST
    if not enough and now < watch.report["until"]:
        return False
    return not jobs.all(db, project_id=watch.project_id, kinds=("shadow",), states=jobs.UNFINISHED, limit=1)


def _queued(db: Connection, watch: Watch, version: ModelVersion, *, by: str | None) -> Job:
    params = {"watch": watch.id, "version": version.number}
    return jobs.enqueue(
        db, kind="shadow", steps=STEPS, params=params, project_id=watch.project_id, created_by=by, heavy=False
    )
