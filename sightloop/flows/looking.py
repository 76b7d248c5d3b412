"""Which part of a picture a project is about."""

from __future__ import annotations

from sightloop.core.entities import Json, User
from sightloop.core.errors import Missing
from sightloop.flows.access import image_for
from sightloop.flows.services import Services
from sightloop.vision import eye
from sightloop.vision.decode import read

SIDE = 448  # what decoding may shrink to: twice the usual input


def region(services: Services, *, user: User, image_id: str) -> Json:
    """The part of a picture that the project names, which models trained with that region see alone.

    Returns {kind, found, x, y, width, height, circle}: the part in pixels of the upright picture, all of it where
    nothing was found; `circle` {x, y, radius} is the iris, or None.

    Raises:
        Missing: no such picture, or its project is about whole pictures.
        BadImage: the picture cannot be decoded.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="view")
    kind = project.settings.get("region", "")
    if not kind:
        raise Missing(f"project {project.name!r} is about whole pictures.", hint='Set its region to "eye" first.')
    header, pixels = read(services.blobs.get(image.sha256), shrink_to=SIDE)
    return {"kind": kind, **_told(eye.region(pixels), scale=header.width / pixels.shape[1])}


def _told(found: eye.Eye, *, scale: float) -> Json:
    circle = found.circle
    sides = {"x": found.left, "y": found.top, "width": found.width, "height": found.height}
    return {
        "found": found.found,
        **{name: value * scale for name, value in sides.items()},
        "circle": circle and {"x": circle.x * scale, "y": circle.y * scale, "radius": circle.radius * scale},
    }
