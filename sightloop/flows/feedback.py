"""Say whether one is satisfied with what is shown of a picture."""

from __future__ import annotations

from sightloop.core.entities import Image, Project, User
from sightloop.flows import drawing
from sightloop.flows.access import image_for
from sightloop.flows.services import Services
from sightloop.store import changes, doubts, images


def feedback(services: Services, *, user: User, image_id: str, satisfied: bool, revision: int | None = None) -> Image:
    """Verify what is shown, or record the doubt, which puts the picture first in review until somebody labels it.

    Saying the same again changes nothing.

    Raises:
        Rejected: satisfied, but nothing is shown that could be verified.
        Conflict: satisfied, but somebody changed the image since `revision`; carries the current value.
    """
    asked, project = image_for(services, user=user, image_id=image_id, action="label")
    if satisfied and project.task == "segment":
        return _accepted(services, project, asked, user=user, revision=revision)
    with services.db.begin() as db:
        if not satisfied:
            return doubts.add(db, asked, by=user.id)
        image = changes.current_one(db, asked)
        if image.verified and not doubts.stands(db, image_id):
            return image
        return images.verify(db, image, by=user.id, revision=revision)


def _accepted(services: Services, project: Project, asked: Image, *, user: User, revision: int | None) -> Image:
    """The model's mask taken for right, unless it was before."""
    with services.db.connect() as db:
        if asked.verified and not doubts.stands(db, asked.id):
            return asked
    return drawing.accept(services, project, asked, by=user.id, revision=revision)
