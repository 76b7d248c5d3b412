"""List a trained bundle as a version of its project's registry."""

from __future__ import annotations

from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Job, Json, ModelVersion, Progress
from sightloop.core.ports import Report
from sightloop.flows import cascading, outcomes, registry
from sightloop.flows.fitting import chosen
from sightloop.flows.services import Services
from sightloop.store import projects, runs


def register(services: Services, job: Job, report: Report) -> Json:
    """Job step: pack the bundle, store it and list it as a version; a project's first version goes live at once."""
    assert job.project_id is not None
    work = services.work_folder(job.id)
    packed = services.blobs.incoming / f"{job.id}.bundle"
    bundle = bundle_format.pack(work / "bundle", packed)
    services.blobs.adopt(packed, bundle)
    packed.unlink(missing_ok=True)
    version = _list(services, job, bundle, answers=outcomes.read(work))
    report(Progress(1, 1, f"version {version.number} registered"))
    return {"version": version.number, "version_id": version.id}


def _list(services: Services, job: Job, bundle: str, *, answers: Json) -> ModelVersion:
    """End the run and list the bundle with what it answered while it was judged, in one transaction.

    A step that runs again finds the version it made.
    """
    assert job.project_id is not None
    metrics = {"test": job.context["evaluation"], "training": job.context["trained"].get("metrics", {})}
    with services.db.begin() as db:
        project = projects.get(db, job.project_id)
        version = registry.enlist(
            db,
            project,
            bundle=bundle,
            family=job.params["family"],
            params=chosen(job),
            metrics=metrics,
            snapshot_id=job.context["snapshot_id"],
            by=job.created_by,
        )
        runs.finish(db, job.context["run_id"], metrics=metrics["test"], state="done", version_id=version.id)
        outcomes.keep(db, answers, project=project, version=version, at=services.clock())
        cascading.again(db, project, job, version)
        return version
