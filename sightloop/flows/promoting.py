"""The gate behind a training: what it made is judged, and put live where it is shown to be better than the live one."""

from __future__ import annotations

from sightloop.core.entities import Job, Json, Progress, Project
from sightloop.core.ports import Report
from sightloop.flows import challengers, completing, going_live, learnt_notices, members, pairing
from sightloop.flows.services import Services
from sightloop.store import gates, projects, versions

AUTOMATIC = "promote_automatically"  # the project setting that lets the gate promote, as it does where there is none


def gate(services: Services, job: Job, report: Report) -> Json:
    """Job step: ask both versions what they have not answered, judge, and behind a training promote what is better.

    Returns {"gate": {id, verdict, sentence, promoted}}, None in place of it where no other version is live.
    """
    with services.db.connect() as db:
        project = projects.get(db, job.project_id or "")
        version = versions.by_id(db, job.params.get("version_id") or job.context["version_id"])
        live = members.live(db, project)
        before = gates.newest(db, version.id)
        went_live = any(one.version_id == version.id for one in projects.promotions(db, project.id))
    if live is None or live.id == version.id or (_behind(job) and (went_live or _killed_after(job, before))):
        return {"gate": _summary(before, promoted=went_live) if before else None}
    judging = pairing.pictures(services, project, version=version, live=live)
    for one in (live, version):
        missing = pairing.unanswered(services, project, one, judging)
        completing.complete(services, project, one, missing, report=report)
    found = pairing.judged(services, project, version, live)
    with services.db.begin() as db:
        project = going_live.anew(db, project)
        kept = gates.add(db, project.id, version_id=version.id, live_id=live.id, report=found)
        promoted = _promotes(job, project, found) and going_live.go(db, project, version, live=live, found=kept)
        if _behind(job):
            learnt_notices.judged(db, job, version, kept, promoted=promoted)
    report(Progress(1, 1, found["sentence"]))
    return {"gate": _summary(kept, promoted=promoted)}


def _behind(job: Job) -> bool:
    """Whether the verdict follows a training, at once or when the labels it waited for came; else it was asked for."""
    return "version_id" not in job.params or job.params.get(challengers.WAITED) is True


def _promotes(job: Job, project: Project, found: Json) -> bool:
    """Whether the gate puts the version live by itself: not where one was only asked for, nor a cascade's member."""
    learns = _behind(job) and job.params.get("then") != members.AGAIN
    return learns and found["verdict"] == "promote" and project.settings.get(AUTOMATIC, True) is True


def _killed_after(job: Job, before: Json | None) -> bool:
    """Whether an earlier try of this job kept its verdict, and with it all that followed, before it was killed."""
    return before is not None and job.started_at is not None and before["at"] >= job.started_at


def _summary(found: Json, *, promoted: bool) -> Json:
    return {**{name: found[name] for name in ("id", "verdict", "sentence")}, "promoted": promoted}
