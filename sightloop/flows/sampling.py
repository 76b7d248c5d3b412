"""Draw pictures without a label at random, one of each group, the newest news first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sightloop.core.entities import Project
from sightloop.core.splits import one_of_each
from sightloop.store import drift, policy, versions, wanted
from sightloop.store.database import Connection

READ = 20_000  # newest arrivals among which pictures are drawn


def draw(db: Connection, project: Project, count: int) -> tuple[list[str], list[str]]:
    """Pictures that came in since the live version was made, and where they are too few, others; drawn at random.

    What came since the window of its newest alarm began goes first.
    """
    left = wanted.askable(db, project.id)
    came: list[str] = []
    told: set[str] = set()
    if project.live_version_id is not None:
        version = versions.by_id(db, project.live_version_id)
        found = drift.arrivals(db, project.id, version_id=version.id, since=version.created_at, limit=READ)
        came = [one.id for one in found if one.id in left]
        alarm = policy.alarm(db, project.id, version_id=version.id)
        told = {one.id for one in found if alarm and one.created_at > alarm.since}
    fresh = one_of_each(sorted(_shuffled(came), key=lambda name: name not in told), left.__getitem__)[:count]
    met = {left[name] for name in came}
    others = [name for name, group in left.items() if group not in met] if len(fresh) < count else []
    return fresh, one_of_each(_shuffled(others), left.__getitem__)[: count - len(fresh)]


def _shuffled(ids: Sequence[str]) -> list[str]:
    return [ids[at] for at in np.random.default_rng().permutation(len(ids))]
