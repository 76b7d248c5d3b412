"""Freeze what people said: which pictures, which labels, which side; the one thing a model learns from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from sightloop.core.entities import NOTHING, Job, Json, Progress, Project, Snapshot
from sightloop.core.errors import Rejected
from sightloop.core.ids import new_id
from sightloop.core.ports import Report
from sightloop.flows import manifests, members, shares
from sightloop.flows.services import Services
from sightloop.store import projects, snapshots

MIN_CLASSES = 2


def snapshot(services: Services, job: Job, report: Report) -> Json:
    """Job step: write the snapshot of the project's human labels as they are now.

    What the live version has not learnt yet is weighed, and some of it left out; see `shares.take`.

    Raises:
        Rejected: fewer than two classes have a picture on the training side; says which have how many.
    """
    assert job.project_id is not None
    with services.db.connect() as db:
        project = projects.get(db, job.project_id)
        rows = manifests.teaching_rows(db, project)
    chosen = shares.take(services, project, rows, learnt=_learnt(services, project))
    counts = manifests.count(chosen.rows)
    _check(project, counts)
    with services.db.connect() as db:
        warnings = manifests.warnings(db, project, counts)
    extra = {"held_back": chosen.held_back, "waiting": chosen.waiting, "new": chosen.new}
    told = counts | {name: one for name, one in extra.items() if one}
    taken = _keep(services, project=project, rows=chosen.rows, counts=told, by=job.created_by)
    report(Progress(1, 1, f"snapshot of {len(chosen.rows)} labelled pictures"))
    return {
        "snapshot_id": taken.id,
        "counts": counts,
        "warnings": [*warnings, *shares.warnings(services, chosen)],
        **extra,
    }


def _learnt(services: Services, project: Project) -> list[Json] | None:
    """What the live version learnt from, of a cascade its accurate member; nothing where it came from elsewhere."""
    with services.db.connect() as db:
        live = members.live(db, project)
        learner = members.learner(db, live) if live else None
        taken = snapshots.get(db, learner.snapshot_id) if learner and learner.snapshot_id else None
    if learner is None:
        return None
    return manifests.read(services, taken) if taken else []


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
