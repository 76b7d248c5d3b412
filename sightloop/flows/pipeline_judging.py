"""What the gate says of a pipeline's candidate, and what that rests on."""

from __future__ import annotations

from sightloop.core.entities import Job, Json, Project
from sightloop.core.ports import Report
from sightloop.flows import gating
from sightloop.flows.access import OPERATOR
from sightloop.flows.pipeline_jobs import carried
from sightloop.flows.services import Services
from sightloop.store import snapshots, versions

FIRST = {"verdict": "promote", "sentence": "It is the project's first model."}


def judge(services: Services, project: Project, job: Job, report: Report) -> Json:
    """List the candidate in this installation and ask the gate; returns the verdict, its figures and the hashes."""
    job = carried(services, job, "register", report)
    judged = carried(services, job, "gate", report).context["gate"] or FIRST
    return {"verdict": judged["verdict"], "sentence": judged["sentence"], **_figures(services, project, job)}


def _figures(services: Services, project: Project, job: Job) -> Json:
    """What the verdict rests on, and the hashes of what it is about."""
    ref = job.context["version_id"]
    found = gating.show(services, user=OPERATOR, name=project.name, ref=ref)
    with services.db.connect() as db:
        version = versions.get(db, project.id, ref)
        taken = snapshots.get(db, version.snapshot_id or "")
    told: Json = {name: found[name] for name in ("needed", "margin", "n", "recent", "rules") if name in found}
    return {**told, "bundle": version.bundle, "snapshot": taken.hash}
