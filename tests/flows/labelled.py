"""Labelled pictures as rows without bytes, for flows that only count and compare."""

from __future__ import annotations

import dataclasses
from typing import Any

from sightloop.core.entities import Image, Json, ModelVersion, Project
from sightloop.flows import snapshot
from sightloop.flows.access import OPERATOR
from sightloop.flows.services import Services
from sightloop.store import images, jobs, versions
from sightloop.store import projects as project_rows
from tests.store import builders


def add(
    services: Services,
    project: Project,
    number: int | str,
    *,
    label: str | None = "red",
    side: Any = "none",
    phash: int | None = None,
    **changes: Any,
) -> Image:
    """A ready picture on the side it claims; without a claim its group decides."""
    with services.db.begin() as db:
        image, _ = images.add(db, builders.image(project.id, number, label=label, side=side, **changes))
        return images.apply_facts(db, image, builders.facts(number, phash=phash))


def answer(services: Services, image: Image, version: ModelVersion, predicted: str, confidence: float = 0.9) -> Image:
    """The picture after `version` answered it."""
    said = builders.prediction(image, predicted=predicted, confidence=confidence, version_id=version.id)
    with services.db.begin() as db:
        return images.apply_prediction(db, image, said, None)


def relabel(services: Services, image: Image, value: str | None) -> Image:
    """The picture after somebody said what it shows."""
    with services.db.begin() as db:
        return images.relabel(db, image, value=value, action="correct", by=None)


def freeze(services: Services, project: Project) -> Json:
    """Take a snapshot as a training does: {snapshot_id, counts, warnings}."""
    with services.db.begin() as db:
        job = jobs.enqueue(
            db, kind="train", steps=("snapshot",), params={}, project_id=project.id, created_by=OPERATOR.id, heavy=True
        )
    return snapshot.snapshot(services, job, lambda _: None)


def version(services: Services, project: Project, *, snapshot_id: str | None = None, live: bool = True) -> ModelVersion:
    """A version without a bundle, which nobody can ask."""
    with services.db.begin() as db:
        made = versions.add(
            db, project.id, bundle="0" * 64, family="linear", params={}, metrics={}, snapshot_id=snapshot_id
        )
        if live:
            project_rows.set_live(db, project.id, version_id=made.id, by=None, action="promote")
    return made


def by_id(services: Services, *found: Image) -> list[Image]:
    """The pictures as they are now."""
    with services.db.connect() as db:
        return images.many(db, [image.id for image in found])


def turned(phash: int, bits: int) -> int:
    """`phash` with its lowest `bits` bits turned."""
    return phash ^ ((1 << bits) - 1)


def without(image: Image, *names: str) -> Json:
    """What is written of a picture, but for some fields."""
    return {name: value for name, value in dataclasses.asdict(image).items() if name not in names}
