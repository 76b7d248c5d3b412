"""Ask a version that answers in shadow, and decide whether it goes live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sightloop.core.entities import Image, Job, Json, ModelVersion, Project
from sightloop.core.ports import Report
from sightloop.flows import beside, shadowing, watch_evidence, watching
from sightloop.flows.services import Services
from sightloop.measure.watch import Rule, errors
from sightloop.store import projects, versions, watches
from sightloop.store.database import Connection, lock
from sightloop.store.watches import Watch

MOST = 1000  # pictures that it is asked about: those of a day, or the newest


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
    beside.ask(services, project, live, pictures, report=report)
    beside.time(services, project, (live, version), pictures, report=report)
    found, shared = _found(services, project, pictures, both=(live, version), asked=asked)
    over = services.clock() >= watch.report["until"]
    return {"shadow": _decided(services, watch, version, found=found, shared=shared, over=over)}


def _pictures(db: Connection, project: Project, *, now: float) -> list[Image]:
    day = watches.arrivals(db, project.id, limit=MOST, since=now - shadowing.DAY)
    return day if len(day) >= shadowing.FEWEST else watches.arrivals(db, project.id, limit=shadowing.FEWEST)


def _found(
    services: Services,
    project: Project,
    pictures: Sequence[Image],
    *,
    both: tuple[ModelVersion, ModelVersion],
    asked: beside.Asked,
) -> tuple[list[Rule], int]:
    """The rules, and how many pictures both versions answered."""
    with services.db.connect() as db:
        classes, unasked = watch_evidence.same(db, project, pictures, both=both)
        since = services.clock() - watch_evidence.FRESH
        latency = watch_evidence.together(db, pictures, both=both, since=since)
    shared = len(pictures) - unasked
    failed = errors(asked.failed, shared, failed_before=0, answered_before=shared)
    return [failed, latency, classes], shared


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
        state, told = (
            "watching",
            f"Version {version.number} answers in shadow: {shared} of {shadowing.FEWEST} pictures so far.",
        )
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
