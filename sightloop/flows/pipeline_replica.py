"""Make an installation of its own out of a pipeline's files, so that each stage runs the very flows of the server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Job, Json, Project, Snapshot
from sightloop.core.errors import Rejected
from sightloop.core.ids import new_id
from sightloop.flows import outcomes, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.pipeline_place import Place, read, write
from sightloop.flows.services import Services
from sightloop.store import portable, snapshots
from sightloop.store import projects as project_rows

MANIFEST, ABOUT = "manifest.jsonl", "about.json"
BUNDLE = "model.bundle"


def fill(services: Services, place: Place, settings: Mapping[str, Any]) -> Project:
    """Bring the export into an empty installation, with `settings` in the place of the project's own.

    Raises:
        Rejected: nothing was exported, a file of it is damaged, or a setting does not fit.
    """
    if not place.rows.is_dir():
        raise Rejected(f"{place.rows} is not there.", hint="sightloop pipeline export")
    for name in (place.rows / "blobs.txt").read_text().split():
        draft = services.blobs.incoming / new_id()
        shutil.copyfile(place.blob(name), draft)
        services.blobs.adopt(draft, name)
    with services.db.begin() as db:
        portable.read(db, place.rows)
        [project] = project_rows.all(db)
    services.runtime.refresh()
    return projects.update(services, user=OPERATOR, name=project.name, settings=settings)


def keep_snapshot(services: Services, place: Place, context: Json) -> Json:
    """Write the manifest of a snapshot that was taken, and what it counts; returns {snapshot, counts, warnings}."""
    with services.db.connect() as db:
        taken = snapshots.get(db, context["snapshot_id"])
    place.snapshot.mkdir(parents=True, exist_ok=True)
    (place.snapshot / MANIFEST).write_bytes(services.blobs.get(taken.hash))
    told = {name: context[name] for name in ("counts", "warnings")}
    return write(place.snapshot / ABOUT, {"snapshot": taken.hash, **told})


def bring_snapshot(services: Services, place: Place, project: Project) -> Snapshot:
    """List the snapshot of the files in the installation."""
    counts = read(place.snapshot / ABOUT)["counts"]
    digest = services.blobs.put((place.snapshot / MANIFEST).read_bytes())
    with services.db.begin() as db:
        return snapshots.add(db, Snapshot(new_id(), project.id, digest, counts, OPERATOR.id, services.clock()))


def keep_bundle(services: Services, job: Job, folder: Path) -> Json:
    """Pack the bundle of a training, with how it was trained and, where it was judged, how and what it answered."""
    work = services.work_folder(job.id)
    with services.db.connect() as db:
        taken = snapshots.get(db, job.context["snapshot_id"])
    if (work / outcomes.FILE).is_file():
        shutil.copyfile(work / outcomes.FILE, folder / outcomes.FILE)
    told: Json = {name: job.context[name] for name in ("trained", "evaluation") if name in job.context}
    told |= {"bundle": bundle_format.pack(work / "bundle", folder / BUNDLE), "snapshot": taken.hash}
    return write(folder / ABOUT, {**told, "family": job.params["family"], "params": job.params["params"]})


def bring_bundle(services: Services, job: Job, folder: Path) -> None:
    """Lay the bundle of `folder` into the work folder of a job, as its own steps would have left it there."""
    work = services.work_folder(job.id)
    bundle_format.unpack(folder / BUNDLE, work / "bundle")
    if (folder / outcomes.FILE).is_file():
        shutil.copyfile(folder / outcomes.FILE, work / outcomes.FILE)


def rows(place: Place, table: str) -> list[Json]:
    """The exported rows of a table."""
    return [json.loads(line) for line in (place.rows / f"{table}.jsonl").read_text("utf-8").splitlines()]
