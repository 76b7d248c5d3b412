"""Add bundles to a project's registry."""

from __future__ import annotations

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.store import jobs, projects, versions
from sightloop.store.database import Connection


def enlist(
    db: Connection,
    project: Project,
    *,
    bundle: str,
    family: str,
    params: Json,
    metrics: Json,
    snapshot_id: str | None,
    by: str | None,
) -> ModelVersion:
    """List a stored bundle as the project's next version; the first one goes live at once and answers what is there.

    The same bundle is listed once.
    """
    known = versions.by_bundle(db, project.id, bundle)
    if known is not None:
        return known
    version = versions.add(
        db,
        project.id,
        bundle=bundle,
        family=family,
        params=params,
        metrics=metrics,
        snapshot_id=snapshot_id,
        created_by=by,
    )
    if project.live_version_id is None:
        reason = "the project's first model"
        projects.set_live(db, project.id, version_id=version.id, by=by, action="promote", reason=reason)
        queue_rescore(db, project.id, version_id=version.id, by=by)
    return version


def queue_rescore(db: Connection, project_id: str, *, version_id: str | None, by: str | None) -> str:
    """Queue the live model's answers for every picture it has not answered; returns the job's id."""
    params = {"version_id": version_id}
    job = jobs.enqueue(
        db, kind="rescore", steps=("rescore",), params=params, project_id=project_id, created_by=by, heavy=False
    )
    return job.id
