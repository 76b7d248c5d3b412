"""The gate behind a training: what it made is judged, and put live where it is shown to be better than the live one."""

from __future__ import annotations

from sightloop.core.entities import Job, Json, ModelVersion, Progress, Project, Promotion
from sightloop.core.ports import Report
from sightloop.flows import challengers, completing, gating, learnt_notices, members, pairing, shadowing, watching
from sightloop.flows.services import Services
from sightloop.store import gates, projects, versions
from sightloop.store.database import Connection

AUTOMATIC = "promote_automatically"  # the project setting that lets the gate promote, as it does where there is none


def gate(services: Services, job: Job, report: Report) -> Json:
    """Job step: ask both versions what they have not answered, judge, and behind a training promote what is better.

    Returns {"gate": {id, verdict, sentence, promoted}}, None in place of it where no other version is live.
    """
    with services.db.connect() as db:
        project = projects.get(db, job.project_id or "")
        version = versions.by_id(db, job.params.get("version_id") or job.context["version_id"])
        live = members.live(db, project)
        again = _behind(job) and any(one.version_id == version.id for one in projects.promotions(db, project.id))
    if live is None or live.id == version.id or again:
        return {"gate": _again(services, version)}
    judging = pairing.pictures(services, project, version=version, live=live)
    for one in (live, version):
        missing = pairing.unanswered(services, project, one, judging)
        completing.complete(services, project, one, missing, report=report)
    found = pairing.judged(services, project, version, live)
    with services.db.begin() as db:
        kept = gates.add(db, project.id, version_id=version.id, live_id=live.id, report=found)
        promoted = bool(_promotes(job, project, found) and _promote(db, project, version, live=live, found=kept))
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


def _promote(
    db: Connection, project: Project, version: ModelVersion, *, live: ModelVersion, found: Json
) -> Promotion | None:
    """Put the version live in the caller's transaction, or into shadow first where the project wants that.

    None where it is not live: another one went live meanwhile, or it answers in shadow.
    """
    reason, detail = found["sentence"], gating.figures(found)
    if projects.get(db, project.id).live_version_id != live.id:
        return None
    if project.settings.get("rollout") == "shadow":
        shadowing.begin(db, project, version, live=live, by=None, found={"reason": reason, "detail": detail})
        return None
    done = projects.set_live(
        db, project.id, version_id=version.id, by=None, action="promote", reason=reason, detail=detail
    )
    watching.begin(db, project, done)
    return done


def _again(services: Services, version: ModelVersion) -> Json | None:
    """What a step that is done again after a crash had found; None where nothing was to be judged."""
    with services.db.connect() as db:
        found = gates.newest(db, version.id)
    return None if found is None else _summary(found, promoted=True)


def _summary(found: Json, *, promoted: bool) -> Json:
    return {**{name: found[name] for name in ("id", "verdict", "sentence")}, "promoted": promoted}
