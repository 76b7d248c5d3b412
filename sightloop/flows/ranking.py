"""Put a project's pictures in order of likeness: to one picture, or to the others shown in the same class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightloop.core.entities import UNKNOWN, Image, Project, User
from sightloop.core.errors import Missing, Rejected
from sightloop.flows.access import project_for
from sightloop.flows.filtering import check_limit
from sightloop.flows.likeness import READY, comparable
from sightloop.flows.services import Services
from sightloop.measure import choosing
from sightloop.store import embeddings, filtering, images
from sightloop.store.database import Connection
from sightloop.store.images import Filters

By = Literal["similar", "odd"]
MAX_RANKED = 500
UNANSWERED = "The live model has not answered the picture to compare with yet."
NO_CLASS = "None of these pictures is shown in a class with another one."


@dataclass(frozen=True)
class Place:
    """A picture and its score; `looks_like` is the other class that it is nearer to, if there is one."""

    image: Image
    score: float
    looks_like: str | None = None


@dataclass(frozen=True)
class Ranking:
    """The highest scores first; `reason` says why there is none."""

    items: list[Place]
    reason: str | None


def ranked(
    services: Services,
    *,
    user: User,
    project: str,
    by: By,
    filters: Filters,
    to: str | None = None,
    limit: int = 300,
) -> Ranking:
    """The pictures that match, most like picture `to` first, or those most at odds with their class first.

    Args:
        by: "similar" scores by the cosine to `to` (-1..1), which comes first itself; "odd" by how much nearer a picture
            is to another class than to the one it is shown in (-2..2, above 0 is suspicious).

    Raises:
        Missing: no picture `to` in this project.
        Rejected: "similar" without `to`.
    """
    check_limit(limit, most=MAX_RANKED)
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        if by == "odd":
            return _odd(db, target, filters=filters, limit=limit)
        if to is None:
            raise Rejected("there is no picture to compare with.", hint="Name one: to=IMAGE.")
        return _similar(db, target, to=to, filters=filters, limit=limit)


def _similar(db: Connection, project: Project, *, to: str, filters: Filters, limit: int) -> Ranking:
    if [one.project_id for one in images.many(db, [to])] != [project.id]:
        raise Missing(f"no image {to!r} in project {project.name!r}.")
    found = comparable(db, project, filtering.outlines(db, project.id, filters=filters))
    own = embeddings.get(db, to, version_id=project.live_version_id) if project.live_version_id else None
    if found.reason or own is None:
        return Ranking([], found.reason or UNANSWERED)
    scores = choosing.cosines(found.vectors, own)
    itself_first = np.where([one == to for one in found.ids], np.inf, scores)
    best = choosing.best_first(itself_first, found.ids, most=limit)
    return Ranking(_places(db, [found.ids[row] for row in best], scores=scores[best], looks=[None] * len(best)), None)


def _odd(db: Connection, project: Project, *, filters: Filters, limit: int) -> Ranking:
    """All pictures shown in a class serve as examples of it; only those that match are listed."""
    shown = [one for one in filtering.outlines(db, project.id, filters=READY) if one.shown not in (None, UNKNOWN)]
    found = comparable(db, project, shown)
    if found.reason:
        return Ranking([], found.reason)
    asked = np.arange(len(found.ids))
    if filters != Filters():
        matching = {one.id for one in filtering.outlines(db, project.id, filters=filters)}
        asked = np.array([row for row, name in enumerate(found.ids) if name in matching], np.int64)
    names = list(dict.fromkeys(one.shown for one in found.outlines))
    classes = choosing.codes([one.shown for one in found.outlines])
    scores, others = choosing.oddness(found.vectors, found.groups, classes=classes, asked=asked)
    ids = [found.ids[row] for row in asked]
    best = choosing.best_first(scores, ids, most=limit)
    looks = [names[others[row]] if scores[row] > 0 and others[row] >= 0 else None for row in best]
    places = _places(db, [ids[row] for row in best], scores=scores[best], looks=looks)
    return Ranking(places, None if places else NO_CLASS)


def _places(
    db: Connection, ids: Sequence[str], *, scores: NDArray[np.float64], looks: Sequence[str | None]
) -> list[Place]:
    found = images.many(db, list(ids))
    return [Place(one, float(score), other) for one, score, other in zip(found, scores, looks, strict=True)]
