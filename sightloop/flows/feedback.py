"""Say whether one is satisfied with what is shown of a picture."""

from __future__ import annotations

from sightloop.core.entities import Image, User
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
    asked, _ = image_for(services, user=user, image_id=image_id, action="label")
    with services.db.begin() as db:
        if not satisfied:
            return doubts.add(db, asked, by=user.id)
        image = changes.current_one(db, asked)
        if image.verified and not doubts.stands(db, image_id):
            return image
        return images.verify(db, image, by=user.id, revision=revision)
