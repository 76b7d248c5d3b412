"""Freeze what people said: which pictures, which labels, which side; the one thing a model learns from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from sightloop.core.entities import NOTHING, Job, Json, Progress, Project, Snapshot
from sightloop.core.errors import Rejected
from sightloop.core.ids import new_id
from sightloop.core.ports import Report
from sightloop.flows import manifests
from sightloop.flows.services import Services
from sightloop.store import projects, snapshots

MIN_CLASSES = 2


def snapshot(services: Services, job: Job, report: Report) -> Json:
    """Job step: write the snapshot of the project's human labels as they are now.

    Raises:
        Rejected: fewer than two classes have a picture on the training side; says which have how many.
    """
    assert job.project_id is not None
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
        rows = manifests.teaching_rows(db, project)
        counts = manifests.count(rows)
        warnings = manifests.warnings(db, project, counts)
    _check(project, counts)
    taken = _keep(services, project=project, rows=rows, counts=counts, by=job.created_by)
    report(Progress(1, 1, f"snapshot of {len(rows)} labelled pictures"))
    return {"snapshot_id": taken.id, "counts": counts, "warnings": warnings}


def _keep(services: Services, *, project: Project, rows: Sequence[Json], counts: Json, by: str | None) -> Snapshot:
    """Store the manifest as a blob and its row; the same content is the same snapshot."""
    manifest = "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    services.blobs.put(manifest)
    with services.db.begin() as db:
        return snapshots.add(db, Snapshot(new_id(), project.id, digest, counts, by, services.clock()))


def _check(project: Project, counts: Json) -> None:
    learnable = counts["train"]
    if project.task == "segment":
        if not set(learnable) - {NOTHING}:
            raise Rejected(
                f"project {project.name!r} has no training picture with a mask.",
                hint="Draw one, or import images/ and masks/; about a fifth of the pictures is kept for judging.",
            )
        return
    if len(learnable) < MIN_CLASSES:
        has = ", ".join(f"{name}: {learnable.get(name, 0)}" for name in project.classes) or "no class at all"
        raise Rejected(
            f"project {project.name!r} has labelled training pictures of {len(learnable)} class(es) ({has}).",
            hint="Two classes are needed; about a fifth of the pictures is kept for judging.",
        )
