"""What the outside is told when a training ends, and when a version that a training made is judged."""

from __future__ import annotations

from sightloop.core.entities import Job, Json, ModelVersion
from sightloop.flows import noticing
from sightloop.store.database import Connection


def ended(db: Connection, job: Job) -> None:
    """Tell that a training is done or has failed for good, in the caller's transaction; nothing of any other job."""
    if job.kind != "train" or job.state not in ("done", "failed"):
        return
    told = {"job_id": job.id, "state": job.state, "rule": job.params.get("rule"), "why": job.params.get("why")}
    made = {name: job.context.get(name) for name in ("version", "version_id", "gate")}
    said = _made(job) if job.state == "done" else f"A training failed: {job.error}"
    noticing.tell(db, "training", project_id=job.project_id, sentence=said, detail={**told, **made})


def judged(db: Connection, job: Job, version: ModelVersion, found: Json, *, promoted: bool) -> None:
    """Tell the verdict on a version, in the transaction that keeps it."""
    live = "is live now" if promoted else f"is not live ({found['verdict']})"
    said = f"Version {version.number} {live}: {found['sentence']}"
    kept = {name: found[name] for name in ("id", "verdict", "needed", "n", "recent")}
    told = {"job_id": job.id, "version": version.number, "version_id": version.id, "promoted": promoted, **kept}
    noticing.tell(db, "gate", project_id=job.project_id, sentence=said, detail=told)


def _made(job: Job) -> str:
    gate: Json | None = job.context.get("gate")
    made = f"Version {job.context.get('version', '-')} is trained"
    if gate is None:
        return f"{made}."
    live = "is live now" if gate["promoted"] else f"is not live ({gate['verdict']})"
    return f"{made} and {live}: {gate['sentence']}"
