"""Ask a version that answers in shadow, and decide whether it goes live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sightloop.core.entities import Image, Job, Json, ModelVersion, Project
from sightloop.core.ports import Report
from sightloop.flows import beside, shadow_passing, shadowing, watch_evidence
from sightloop.flows.services import Services
from sightloop.measure.watch import Rule, errors
from sightloop.store import projects, versions, watches
from sightloop.store.database import Connection, lock
from sightloop.store.watches import Watch

MOST = 1000  # pictures in use that it is asked about: those of a day, or the newest


def run(services: Services, job: Job, report: Report) -> Json:
    """Job step: ask both versions about the newest pictures in use, and decide where enough or the day is over.

    Returns {"shadow": {state, sentence}}, None in place of it where it is over already.
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
    day = watches.used(db, project.id, limit=MOST, since=now - shadowing.DAY)
    return day if len(day) >= shadowing.FEWEST else watches.used(db, project.id, limit=shadowing.FEWEST)


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
) -> Json | None:
    state, told = _verdict(version, found, shared=shared, over=over)
    with services.db.begin() as db:
        lock(db, f"live:{watch.project_id}")
        now = watches.still(db, watch)
        if now is None:
            return _as_it_ended(db, watch)
        if projects.get(db, watch.project_id).live_version_id != watch.replaced_id:
            state, told = "ended", "Another version went live meanwhile."
        seen = {"answers": shared, "rules": [asdict(rule) for rule in found], "sentence": told}
        report = now.report | seen
        if state == "watching":
            watches.note(db, now, report)
        else:
            watches.end(db, now, state=state, report=report)
        if state == "passed":
            shadow_passing.go_live(db, now, report)
    return {"state": state, "sentence": told}


def _verdict(version: ModelVersion, found: Sequence[Rule], *, shared: int, over: bool) -> tuple[str, str]:
    """The state and the sentence: nothing goes live that has not answered a picture in use."""
    number, fewest = version.number, shadowing.FEWEST
    if broken := [rule.sentence for rule in found if rule.passed is False]:
        return "refused", f"Version {number} stays out: {' '.join(broken)}"
    if shared >= fewest or (over and shared):
        return "passed", f"Version {number} goes live: nothing broke in {shared:,} answers in shadow."
    if over:
        return "refused", f"Version {number} stays out: no picture came in use that it and the live one could answer."
    return "watching", f"Version {number} answers in shadow: {shared} of {fewest} pictures in use so far."


def _as_it_ended(db: Connection, watch: Watch) -> Json | None:
    """What somebody else made of it meanwhile; None where it is gone."""
    ended = watches.get(db, watch.id)
    return {"state": ended.state, "sentence": ended.report["sentence"]} if ended else None
