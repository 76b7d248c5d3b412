"""Say how many pixels of a picture make a millimetre."""

from __future__ import annotations

from sightloop.core import scale
from sightloop.core.entities import Image, User
from sightloop.flows.access import image_for
from sightloop.flows.services import Services
from sightloop.store import images


def rescale(services: Services, *, user: User, image_id: str, px_per_mm: float | None) -> Image:
    """Set the picture's own scale in pixels to the millimetre; None leaves it to the project's.

    Raises:
        Missing: no such image, or not one this user may see.
        Rejected: not a number above 0.
    """
    scale.check(px_per_mm)
    image, _ = image_for(services, user=user, image_id=image_id, action="label")
    if image.meta.get(scale.NAME) == px_per_mm:
        return image
    with services.db.begin() as db:
        return images.annotate(db, image, meta={scale.NAME: px_per_mm}, by=user.id)
