"""A project that certifies cascades, with painted pictures and tiny models as members."""

from __future__ import annotations

from pathlib import Path

from sightloop.core.entities import Job, Json, ModelVersion, Project
from sightloop.core.ids import new_id
from sightloop.flows import cascading, importing, models, projects
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import projects as project_rows
from sightloop.store import versions
from tests import tiny

EACH = 16  # pictures of a colour; three fifths of them calibrate, half of those certify
EASY = {"epsilon": 0.3, "delta": 0.3}  # a promise for which four pictures are enough


def project(services: Services, root: Path, *, name: str = "paint", certify: bool = True) -> Project:
    """A project with labelled pictures, most of them on the calibration side."""
    made = projects.create(services, user=OPERATOR, name=name, classes=tuple(tiny.COLOURS))
    settings = {"certify": certify, "ratios": [0.2, 0.6, 0.2]}
    made = projects.update(services, user=OPERATOR, name=name, settings=settings)
    for colour in tiny.COLOURS:
        (root / name / colour).mkdir(parents=True)
        for seed in range(EACH):
            (root / name / colour / f"{seed}.jpg").write_bytes(tiny.picture(colour, seed=seed))
    tiny.run(services, importing.start(services, user=OPERATOR, name=name, path=root / name))
    return made


def member(
    services: Services,
    made: Project,
    root: Path,
    *,
    sharpness: float,
    params: Json | None = None,
    snapshot_id: str | None = None,
    metrics: Json | None = None,
) -> ModelVersion:
    """A tiny model, the surer of itself the sharper, as a version; the project's first one is live."""
    packed = root / new_id()
    digest = tiny.packed(root / new_id(), packed, sharpness=sharpness)
    services.blobs.adopt(packed, digest)
    with services.db.begin() as db:
        version = versions.add(
            db,
            made.id,
            bundle=digest,
            family="linear",
            params=params or {},
            metrics=metrics or {},
            snapshot_id=snapshot_id,
        )
        if version.number == 1:
            project_rows.set_live(db, made.id, version_id=version.id, by=None, action="promote")
    return version


def accuracy(value: float) -> Json:
    """Metrics of a version that was so accurate on its calibration side."""
    return {"training": {"calibration": {"accuracy": {"value": value, "low": value, "high": value}}}}


def certified(services: Services, name: str = "paint", *, live: bool = False, **params: object) -> Job:
    """The finished job that made a cascade, put live if so wished."""
    job = tiny.run(services, cascading.start(services, user=OPERATOR, name=name, params={**EASY, **params}))
    assert job.state == "done", job.error
    if live:
        reason, ref = "it costs less", str(job.context["version"])
        models.promote(services, user=OPERATOR, name=name, ref=ref, reason=reason, force=True)
        services.runtime.refresh()
    return job
