"""What a client of the Open Inference Protocol asks of a project beside answers: which versions, classes, readiness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightloop.bundles import format as bundle_format
from sightloop.core.entities import Json, User
from sightloop.flows.bundle_cache import unpacked
from sightloop.flows.predict import target
from sightloop.flows.services import Services
from sightloop.store import projects, versions
from sightloop.vision import encode


def described(services: Services, *, user: User, project: str, model: str) -> Json:
    """A version of a project's model: {name, version, versions, classes, task, family}, its numbers as texts.

    Raises:
        Missing: no such project or version.
        Unavailable: the project has no model yet.
    """
    where = target(services, user=user, project=project, model=model)
    with services.db.connect() as db:
        version = versions.by_id(db, where.version_id or where.project.live_version_id or "")
        numbers = [one.number for one in versions.all(db, where.project.id)]
    manifest = bundle_format.parse(unpacked(services, version.bundle))
    return {
        "name": where.project.name,
        "version": str(version.number),
        "versions": [str(one) for one in sorted(numbers)],
        "classes": list(manifest.classes),
        "task": manifest.task,
        "family": manifest.family,
    }


def index(services: Services, *, user: User) -> list[Json]:
    """Every project that `user` sees: {name, version, ready}; the live version's number, None where none is live."""
    with services.db.connect() as db:
        seen = projects.all(db, reader=user)
        live = {one.id: versions.by_id(db, one.live_version_id).number for one in seen if one.live_version_id}
    return [{"name": one.name, "version": live.get(one.id), "ready": one.id in live} for one in seen]


def files(pixels: NDArray[np.uint8]) -> Sequence[bytes]:
    """(n, height, width, 3) RGB as n PNGs, exactly: a model is asked about files, whoever asks."""
    return [encode.png(one) for one in pixels]
