"""List a trained bundle as a version of its project's registry."""

from __future__ import annotations

import shutil

from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Job, Json, ModelVersion, Progress, Project
from sightloop.core.ports import Report
from sightloop.flows.services import Services
from sightloop.store import jobs, projects, runs, versions
from sightloop.store.database import Connection


def register(services: Services, job: Job, report: Report) -> Json:
    """Job step: pack the bundle, store it and list it as a version; a project's first version goes live at once."""
    assert job.project_id is not None
    work = services.work_folder(job.id)
    packed = services.blobs.incoming / f"{job.id}.bundle"
    bundle = bundle_format.pack(work / "bundle", packed)
    services.blobs.adopt(packed, bundle)
    packed.unlink(missing_ok=True)
    version = _list(services, job, bundle)
    shutil.rmtree(work, ignore_errors=True)
    report(Progress(1, 1, f"version {version.number} registered"))
    return {"version": version.number, "version_id": version.id}


def _list(services: Services, job: Job, bundle: str) -> ModelVersion:
    """Add the version's row, end the run and, where nothing is live yet, go live; all in one transaction."""
    assert job.project_id is not None
    metrics = {"test": job.context["evaluation"], "training": job.context["trained"].get("metrics", {})}
    with services.db.begin() as db:
        project = projects.get(db, job.project_id)
        known = versions.by_bundle(db, project.id, bundle)
        if known is not None:
            return known
        version = versions.add(
            db,
            project.id,
            bundle=bundle,
            family=job.params["family"],
            params=job.params["params"],
            metrics=metrics,
            snapshot_id=job.context["snapshot_id"],
            created_by=job.created_by,
        )
        runs.finish(db, job.context["run_id"], metrics=metrics["test"], state="done")
        if project.live_version_id is None:
            _go_live(db, project, version, by=job.created_by)
    return version


def _go_live(db: Connection, project: Project, version: ModelVersion, *, by: str | None) -> None:
    reason = "the project's first model"
    projects.set_live(db, project.id, version_id=version.id, by=by, action="promote", reason=reason)
    jobs.enqueue(
        db,
        kind="rescore",
        steps=("rescore",),
        params={"version_id": version.id},
        project_id=project.id,
        created_by=by,
        heavy=False,
    )
