"""Find the pictures that look most like one."""

from __future__ import annotations

from dataclasses import dataclass

from sightloop.core.entities import Image, User
from sightloop.core.errors import Missing
from sightloop.flows.access import image_for
from sightloop.flows.filtering import check_limit
from sightloop.flows.likeness import NO_MODEL, READY, comparable
from sightloop.flows.services import Services
from sightloop.measure import choosing
from sightloop.store import embeddings, filtering, images

MAX_NEIGHBOURS = 100
UNANSWERED = "The live model has not answered this picture yet, so it cannot be compared."
ALONE = "The live model has answered no other picture of this project yet."


@dataclass(frozen=True)
class Neighbour:
    """A picture and its cosine (-1..1) to the one asked about."""

    image: Image
    similarity: float


@dataclass(frozen=True)
class Neighbours:
    """The nearest pictures first; `reason` says why there is none."""

    items: list[Neighbour]
    reason: str | None


def neighbours(
    services: Services, *, user: User, image_id: str, project: str | None = None, limit: int = 12
) -> Neighbours:
    """The pictures of the same project that look most like this one to the live model, without copies and the trash.

    Raises:
        Missing: no such image, not one this user may see, or not one of `project` where that is given.
    """
    check_limit(limit, most=MAX_NEIGHBOURS)
    image, owner = image_for(services, user=user, image_id=image_id, action="view")
    if project not in (None, owner.name):
        raise Missing(f"no image {image_id!r} in project {project!r}.")
    if owner.live_version_id is None:
        return Neighbours([], NO_MODEL)
    with services.db.connect() as db:
        own = embeddings.get(db, image.id, version_id=owner.live_version_id)
        if own is None:
            return Neighbours([], UNANSWERED)
        others = comparable(db, owner, filtering.outlines(db, owner.id, filters=READY))
        scores = choosing.cosines(others.vectors, own)
        chosen = choosing.best_first(scores, others.ids, most=limit + 1)
        near = {others.ids[row]: float(scores[row]) for row in chosen}
        near.pop(image.id, None)
        found = images.many(db, list(near)[:limit])
    return Neighbours([Neighbour(one, near[one.id]) for one in found], None if found else ALONE)
