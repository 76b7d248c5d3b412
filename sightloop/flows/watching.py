"""Watch over a version that went live, and go back by itself to the one before where it does worse."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict

from sightloop.core.entities import Json, ModelVersion, Project, Promotion
from sightloop.core.errors import SightloopError
from sightloop.flows import noticing, watch_evidence
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.flows.watch_evidence import Seen
from sightloop.measure.watch import Rule
from sightloop.store import jobs, projects, versions, watches
from sightloop.store.database import Connection, lock
from sightloop.store.watches import Watch

DAYS = 7
SPAN = DAYS * 86_400.0
NEEDED = 500  # answers in use, near copies once
PAUSE = watch_evidence.FRESH  # seconds between two jobs that ask both versions
STEPS = ("watch",)

log = logging.getLogger(__name__)


def begin(db: Connection, project: Project, promotion: Promotion) -> None:
    """Watch over what a promotion put live, in its transaction, and tell the outside; a watch before it ends.

    A project's first version replaces nothing and is not watched.
    """
    if promotion.replaced_id is None:
        return
    number, before = (versions.by_id(db, one).number for one in (promotion.version_id, promotion.replaced_id))
    _close(db, project, sentence=f"Version {number} went live.")
    report = {"until": promotion.created_at + SPAN, "needed": NEEDED, "answers": 0, "rules": [], "looks": {}}
    report |= {"sentence": f"Version {number} is watched for {DAYS} days or {NEEDED} answers."}
    ids = {"version_id": promotion.version_id, "replaced_id": promotion.replaced_id}
    watches.begin(db, project.id, **ids, kind="watch", report=report)
    how = "was forced live" if promotion.action == "force" else "is live"
    told = f"Version {number} of project {project.name} {how} in place of version {before}."
    detail = {**ids, "version": number, "replaced": before, "action": promotion.action, "reason": promotion.reason}
    noticing.tell(db, "promotion", project_id=project.id, sentence=told, detail=detail)


def went_back(db: Connection, project: Project, promotion: Promotion) -> None:
    """End the watches of a project whose live version a person took back, in that transaction; tell the outside."""
    number, gone = (versions.by_id(db, one).number for one in (promotion.version_id, promotion.replaced_id or ""))
    why = f": {promotion.reason}" if promotion.reason else "."
    told = f"A person went back from version {gone} to version {number}{why}"
    _close(db, project, sentence=told)
    detail: Json = {"version_id": promotion.version_id, "replaced_id": promotion.replaced_id}
    detail |= {"reason": promotion.reason, "version": number, "replaced": gone, "automatic": False}
    noticing.tell(db, "rollback", project_id=project.id, sentence=f"Project {project.name}: {told}", detail=detail)


def _close(db: Connection, project: Project, *, sentence: str) -> None:
    for watch in watches.open(db, project.id):
        if now := watches.still(db, watch):
            watches.end(db, now, state="ended", report=now.report | {"sentence": sentence})


def look(services: Services) -> None:
    """Look at every version that is watched: go back where a rule is broken, let it be where it has passed."""
    with services.db.connect() as db:
        going_on = [watch for watch in watches.open(db) if watch.kind == "watch"]
    for watch in going_on:
        try:
            _look_at(services, watch)
        except SightloopError as error:
            log.warning("the watch over version %s could not be looked at: %s", watch.version_id, error)


def _look_at(services: Services, watch: Watch) -> None:
    now = services.clock()
    over = now >= watch.report["until"]
    with services.db.connect() as db:
        project = projects.get(db, watch.project_id)
        version, before = (versions.by_id(db, one or "") for one in (watch.version_id, watch.replaced_id))
        seen = watch_evidence.seen(db, project, watch, version=version, before=before, now=now, last=over)
        asking = _asking(db, watch)
        due = _due(db, watch, seen, now=now)
    broken = [rule for rule in seen.rules if rule.passed is False]
    if project.live_version_id != version.id:
        _end(services, watch, "ended", seen, told=f"Version {version.number} is no longer live.")
    elif broken:
        _go_back(services, watch, seen, version=version, before=before, broken=broken)
    elif over or (seen.answers >= watch.report["needed"] and not asking and not seen.unasked and not seen.untimed):
        told = f"Version {version.number} has passed: nothing broke in {seen.answers:,} answers."
        _end(services, watch, "passed", seen, told=told)
    else:
        _go_on(services, watch, seen, version=version, due=due)


def _asking(db: Connection, watch: Watch) -> bool:
    return bool(jobs.all(db, project_id=watch.project_id, kinds=("watch",), states=jobs.UNFINISHED, limit=1))


def _due(db: Connection, watch: Watch, seen: Seen, *, now: float) -> bool:
    """Whether a job shall ask both versions: one has not answered everything, and none has asked for a while."""
    waits = seen.unasked > 0 or seen.untimed
    return waits and now >= watch.report.get("asked_at", 0.0) + PAUSE and not _asking(db, watch)


def _report(watch: Watch, seen: Seen, *, told: str) -> Json:
    """What a watch keeps with what was seen; a look that somebody else took meanwhile stays taken."""
    earlier = watch.report.get("looks", {})
    looks = {name: max(taken, earlier.get(name, 0)) for name, taken in seen.looks.items()}
    rules = [asdict(rule) for rule in seen.rules]
    return watch.report | {"answers": seen.answers, "looks": looks, "rules": rules, "sentence": told}


def _end(services: Services, watch: Watch, state: str, seen: Seen, *, told: str) -> None:
    with services.db.begin() as db:
        if now := watches.still(db, watch):
            watches.end(db, now, state=state, report=_report(now, seen, told=told))


def _go_on(services: Services, watch: Watch, seen: Seen, *, version: ModelVersion, due: bool) -> None:
    """Keep what was seen, and let a job ask both versions where that is due and no other worker has queued one."""
    needed = watch.report["needed"]
    told = f"Version {version.number} is watched: {seen.answers:,} of {needed} answers, nothing is broken."
    if not due and _report(watch, seen, told=told) == watch.report:
        return
    with services.db.begin() as db:
        now = watches.still(db, watch)
        if now is None:
            return
        report = _report(now, seen, told=told)
        if _due(db, now, seen, now=services.clock()):
            params = {"watch": watch.id, "version": version.number, "time": seen.untimed}
            jobs.enqueue(db, kind="watch", steps=STEPS, params=params, project_id=watch.project_id)
            report |= {"asked_at": services.clock()}
        watches.note(db, now, report)


def _go_back(
    services: Services,
    watch: Watch,
    seen: Seen,
    *,
    version: ModelVersion,
    before: ModelVersion,
    broken: Sequence[Rule],
) -> None:
    """Put the version before back, write down why, and tell it: in one transaction, and only while it is still live."""
    unpacked(services, before.bundle)
    why = " ".join(rule.sentence for rule in broken)
    told = f"Version {version.number} was taken back by itself, and version {before.number} is live again: {why}"
    with services.db.begin() as db:
        lock(db, f"live:{watch.project_id}")
        project = projects.get(db, watch.project_id)
        now = watches.still(db, watch)
        if now is None or project.live_version_id != version.id:
            return
        report = _report(now, seen, told=told)
        watches.end(db, now, state="rolled_back", report=report)
        names = [rule.name for rule in broken]
        detail = {"watch": watch.id, "broken": names, "answers": report["answers"], "rules": report["rules"]}
        projects.set_live(db, project.id, version_id=before.id, by=None, action="rollback", reason=why, detail=detail)
        _close(db, project, sentence=f"Version {before.number} is live again.")
        said = {"version_id": before.id, "replaced_id": version.id, "automatic": True, **detail}
        said |= {"version": before.number, "replaced": version.number}
        sentence = f"Project {project.name}: {told}"
        noticing.tell(db, "rollback", project_id=project.id, sentence=sentence, detail=said)
