"""The held-out pictures of a version as it saw them, which windows are compared with; fixed with the version."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Json, ModelVersion, Project
from sightloop.core.errors import Rejected
from sightloop.core.ports import Report
from sightloop.flows import drift_samples, manifests
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.services import Services
from sightloop.measure.drift import COMPONENTS, Columns, Names, Sample, components
from sightloop.store import drift, snapshots
from sightloop.tasks import TASKS

LEAST = 20  # held-out pictures
MOST = 2000
HELD_OUT = ("calibration", "test")
BANK = "reference.npz"  # of a bundle: embeddings of training pictures

Pictures = list[tuple[str, Callable[[], bytes]]]


@dataclass(frozen=True)
class Reference:
    """Held-out pictures: `truth` (m,) indices of classes, -1 where unknown; `basis` (d, ≤ 32) from other pictures."""

    ids: tuple[str, ...]
    sample: Sample
    truth: NDArray[np.int64]
    basis: Columns
    names: Names


def of(services: Services, project: Project, version: ModelVersion, *, report: Report | None = None) -> Reference:
    """The version's reference, as it was made at its first check.

    It is kept as a derived file of the bundle's blob, so that it never moves between checks; where that is lost, or the
    classes or the mask threshold changed, the version is asked about its held-out pictures anew.

    Raises:
        Rejected: fewer than 20 held-out pictures are left.
    """
    where = _kept_as(project, version)
    data = services.blobs.kept(where, version.bundle)
    if data is None:
        data = _packed(_made(services, project, version, report=report))
        services.blobs.keep(where, version.bundle, data)
    return _unpacked(data, project)


def held_out(services: Services, project: Project, version: ModelVersion) -> list[Json]:
    """Rows of the version's snapshot that it did not learn from and that are still there, one of each near-copy group.

    Of a version without a snapshot, those of the project as it is now.
    """
    with services.db.connect() as db:
        taken = snapshots.get(db, version.snapshot_id) if version.snapshot_id else None
        rows = manifests.read(services, taken) if taken else manifests.teaching_rows(db, project)
        rows = [row for row in rows if row["side"] in HELD_OUT and not row.get("leaked")]
        there = drift.present(db, [row["image_id"] for row in rows])
    single = list({row["group"]: row for row in rows if row["image_id"] in there}.values())
    chosen = np.random.default_rng(0).permutation(len(single))[:MOST]
    return [single[at] for at in sorted(chosen.tolist())]


def pictures(services: Services, rows: Sequence[Json]) -> Pictures:
    """Ids, and what reads their bytes."""

    def reader(sha256: str) -> Callable[[], bytes]:
        return lambda: services.blobs.get(sha256)

    return [(row["image_id"], reader(row["sha256"])) for row in rows]


def basis(services: Services, version: ModelVersion, width: int) -> Columns:
    """The directions in which the bundle's training embeddings differ most, (width, ≤ 32).

    Directions that are fitted to the reference itself would suit it better than any window. Where the bundle keeps no
    training embeddings, they are random ones, always the same.
    """
    path = unpacked(services, version.bundle) / BANK
    if path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            bank = arrays["bank"].astype(np.float64)
        if bank.shape[1] == width and len(bank) > 1:
            return components(bank)
    drawn = np.random.default_rng(0).normal(size=(width, min(width, COMPONENTS)))
    return np.asarray(np.linalg.qr(drawn)[0], np.float64)


def _made(services: Services, project: Project, version: ModelVersion, *, report: Report | None) -> Reference:
    rows = held_out(services, project, version)
    seen = drift_samples.asked(services, project, version, pictures(services, rows), report=report)
    if len(seen) < LEAST:
        raise Rejected(
            f"version {version.number} has {len(seen)} held-out pictures, too few to compare with.",
            hint=f"Drift needs {LEAST} labelled pictures on the calibration and test sides.",
        )
    words = TASKS[project.task].words(project.classes)
    said = {project.word(one.predicted, one.confidence) for one in seen} | {
        name for one in seen for name in one.probabilities
    }
    names = drift_samples.names(project, [*words, *sorted(said - set(words))])
    known = {row["image_id"]: row["label"] for row in rows}
    truth = [names.classes.index(known[one.image_id]) if known[one.image_id] in names.classes else -1 for one in seen]
    sample = drift_samples.sample(seen, project=project, names=names)
    return Reference(
        ids=tuple(one.image_id for one in seen),
        sample=sample,
        truth=np.array(truth, np.int64),
        basis=basis(services, version, sample.embeddings.shape[1]),
        names=names,
    )


def _kept_as(project: Project, version: ModelVersion) -> str:
    """The kind of derived file; another one where words or masks would mean something else."""
    meant = [version.id, project.classes, project.floor if project.task == "segment" else None]
    return f"drift-{hashlib.sha256(json.dumps(meant).encode()).hexdigest()[:16]}"


def _packed(found: Reference) -> bytes:
    file = io.BytesIO()
    one = found.sample
    np.savez(
        file,
        ids=np.array(found.ids),
        classes=np.array(found.names.classes),
        truth=found.truth,
        basis=found.basis.astype(np.float32),
        embeddings=one.embeddings.astype(np.float16),
        answers=one.answers,
        statistics=one.statistics,
        predicted=one.predicted,
        strange=one.strange,
    )
    return file.getvalue()


def _unpacked(data: bytes, project: Project) -> Reference:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        classes = tuple(arrays["classes"].tolist())
        wide = arrays["embeddings"].astype(np.float64)
        sample = Sample(arrays["answers"], wide, arrays["statistics"], arrays["predicted"], arrays["strange"])
        ids, truth, turned = tuple(arrays["ids"].tolist()), arrays["truth"], arrays["basis"].astype(np.float64)
    return Reference(ids, sample, truth, turned, drift_samples.names(project, classes))
