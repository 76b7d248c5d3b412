"""List what a pipeline trained and its gate let through as a version at the source."""

from __future__ import annotations

import shutil

from sightloop.core.entities import Json, ModelVersion, Snapshot, User
from sightloop.core.errors import Conflict
from sightloop.core.ids import new_id
from sightloop.flows import outcomes, registry
from sightloop.flows.access import project_for
from sightloop.flows.pipeline_place import Place, read
from sightloop.flows.pipeline_replica import ABOUT, BUNDLE, MANIFEST, rows
from sightloop.flows.services import Services
from sightloop.store import projects, snapshots


def enlist(services: Services, *, user: User, place: Place) -> Json:
    """List the candidate with its snapshot and its answers; the same one is listed once.

    Only a project's first version goes live by it.

    Returns:
        {project, version, live, sentence}; `version` is None where there is no candidate or the gate of the pipeline
        did not let it through, `live` says that it is live.

    Raises:
        Missing, Forbidden: no such project, or the role is below maintainer.
        Conflict: another version is live than the one it was compared with.
    """
    [exported] = rows(place, "projects")
    project = project_for(services, user=user, name=exported["name"], action="promote")
    told = place.said("promotion")
    if told.get("verdict") != "promote":
        sentence = told.get("reason") or told["sentence"]
        return {"project": project.name, "version": None, "live": False, "sentence": sentence}
    version = _listed(services, project.id, place, compared=exported["live_version_id"], by=user.id)
    with services.db.connect() as db:
        live = version.id == projects.get(db, project.id).live_version_id
    sentence = f"Version {version.number} of {project.name} is {'live' if live else 'listed'}."
    return {"project": project.name, "version": version.number, "live": live, "sentence": sentence}


def _listed(services: Services, project_id: str, place: Place, *, compared: str | None, by: str) -> ModelVersion:
    about = read(place.candidate / ABOUT)
    draft = services.blobs.incoming / new_id()
    shutil.copyfile(place.candidate / BUNDLE, draft)
    services.blobs.adopt(draft, about["bundle"])
    digest = services.blobs.put((place.snapshot / MANIFEST).read_bytes())
    counts = read(place.snapshot / ABOUT)["counts"]
    with services.db.begin() as db:
        project = projects.get(db, project_id)
        taken = snapshots.add(db, Snapshot(new_id(), project.id, digest, counts, by, services.clock()))
        version = registry.enlist(
            db,
            project,
            bundle=about["bundle"],
            family=about["family"],
            params=about["params"],
            metrics={"test": about["evaluation"], "training": about["trained"].get("metrics", {})},
            snapshot_id=taken.id,
            by=by,
        )
        if project.live_version_id not in (compared, version.id):
            raise Conflict("another version went live meanwhile.", current=project.live_version_id, hint="dvc repro")
        outcomes.keep(db, outcomes.read(place.candidate), project=project, version=version, at=services.clock())
    return version
