"""Pictures that can be compared: those that the live model has answered, with what it made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import Project
from sightloop.measure import choosing
from sightloop.store import embeddings
from sightloop.store.database import Connection
from sightloop.store.filtering import Outline
from sightloop.store.images import Filters

NO_MODEL = "No model is live in this project, so its pictures cannot be compared; train or import one."
NO_ANSWERS = "The live model has answered none of these pictures yet, so they cannot be compared."
READY = Filters(status="ready")  # neither in the trash nor copies nor unreadable


@dataclass(frozen=True)
class Comparable:
    """Pictures and their vectors (n, d) float16; `reason` says why there is none."""

    outlines: list[Outline]
    ids: list[str]
    vectors: NDArray[np.float16]
    reason: str | None

    @property
    def groups(self) -> NDArray[np.int64]:
        """The near-duplicate group of each picture as a number."""
        return choosing.codes([one.group_id or one.id for one in self.outlines])


def comparable(db: Connection, project: Project, outlines: Sequence[Outline]) -> Comparable:
    """Those of the pictures that have an embedding of the project's live version, in the same order."""
    if project.live_version_id is None:
        return Comparable([], [], np.zeros((0, 0), np.float16), NO_MODEL)
    ids, vectors = embeddings.gather(db, project.id, [one.id for one in outlines], version_id=project.live_version_id)
    having = set(ids)
    return Comparable([one for one in outlines if one.id in having], ids, vectors, None if ids else NO_ANSWERS)
