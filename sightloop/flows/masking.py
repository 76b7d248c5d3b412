"""Give masks and probability maps of stored pictures as files, and take masks that people drew."""

from __future__ import annotations

from typing import Literal

from sightloop.core.arrays import Mask
from sightloop.core.entities import Image, Project, User
from sightloop.core.errors import Missing, Rejected
from sightloop.flows import drawing
from sightloop.flows.access import image_for
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.vision import masks

Origin = Literal["best", "human", "model"]
Kind = Literal["png", "index"]
MIN_SIDE = 16


def probability_png(services: Services, *, user: User, image_id: str, class_name: str = "") -> bytes:
    """The live answer's probability map of one class (the first where none is named) as an 8-bit grey PNG.

    Values are round(255 · p), at the picture's own size.

    Raises:
        Missing: no such image or class, or no model has answered it.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="view")
    if class_name and class_name not in project.classes:
        raise Missing(f"no class {class_name!r} in this project.", hint=f"Classes: {', '.join(project.classes)}.")
    packed = drawing.packed_map(services, image) if project.task == "segment" else None
    if packed is None:
        raise Missing(f"image {image_id!r} has no probability map.", hint="A model that segments must answer it first.")
    return masks.map_png(packed, project.classes.index(class_name) if class_name else 0)


def mask_png(
    services: Services,
    *,
    user: User,
    image_id: str,
    origin: Origin = "best",
    threshold: float | None = None,
    kind: Kind = "png",
    side: int | None = None,
) -> bytes:
    """A mask of the picture as PNG at its own size, or shrunk.

    Args:
        origin: "human", "model", or "best": the human's where there is one, else the model's.
        threshold: 0..1 for the model's; None takes the project's.
        kind: "png" for viewers (black and white, or a palette), "index" with the class index as grey value.
        side: the longest side in pixels, at least 16, where the mask is to be shrunk, as for a thumbnail.

    Raises:
        Missing: no such image, or no such mask of it.
        Rejected: a threshold outside 0..1, or a side that is too short.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="view")
    if project.task != "segment":
        raise Missing(f"image {image_id!r} has no mask.", hint="Its project says which class a picture shows.")
    mask = find(services, project, image, origin=origin, threshold=threshold)
    if side is not None:
        if side < MIN_SIDE:
            raise Rejected(f"side {side} does not fit.", hint=f"Use {MIN_SIDE} pixels or more.")
        mask = masks.shrunk(mask, side=side)
    return masks.encode(mask) if kind == "png" else masks.index_png(mask)


def find(services: Services, project: Project, image: Image, *, origin: Origin, threshold: float | None) -> Mask:
    """The mask that `mask_png` gives, (height, width) uint8. Raises Missing."""
    at = project.floor if threshold is None else threshold
    human = drawing.human_mask(services, image) if origin != "model" else None
    if human is not None:
        return human
    found = drawing.model_mask(services, image, threshold=at) if origin != "human" else None
    if found is None:
        raise Missing(f"image {image.id!r} has no mask yet.", hint="Draw one, or wait for a model's answer.")
    return found


def read(services: Services, *, user: User, image_id: str, data: bytes) -> Mask:
    """The mask in a stranger's file, for this picture: class indices, a palette, or 0 and 255.

    Raises:
        BadImage: not a picture, of another size, or with classes that are none.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="label")
    return masks.read(data, classes=len(project.classes), size=drawing.size(image)).mask


def earlier(services: Services, *, user: User, image_id: str, sha256: str) -> Mask:
    """A mask that somebody once drew on this picture; raises Missing for any other."""
    image, _ = image_for(services, user=user, image_id=image_id, action="label")
    with services.db.connect() as db:
        known = images.masks_of(db, image.id)
    if sha256 not in known:
        raise Missing(f"no mask {sha256!r} of image {image_id!r}.")
    return masks.decode(services.blobs.get(sha256))
