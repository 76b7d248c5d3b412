"""Masks of stored pictures: the model's from its probability map, the human's from its blob, how well they agree."""

from __future__ import annotations

from collections.abc import Iterable

from sightloop.core.arrays import Mask, ProbabilityMap
from sightloop.core.entities import NOTHING, Drawn, Image, Project
from sightloop.core.errors import Conflict, Missing, Rejected
from sightloop.flows.services import Services
from sightloop.measure import overlap
from sightloop.store import images
from sightloop.store.database import Connection
from sightloop.tasks import segment
from sightloop.vision import masks

PATIENCE = 120.0  # seconds that making a lost map again may take


def kind(version_id: str) -> str:
    """Under which word the map that a version made of a picture is kept beside the picture's bytes."""
    return f"map-{version_id}"


def packed_map(services: Services, image: Image) -> bytes | None:
    """The packed probability map of the answer that stands; made again where it was lost, None without an answer."""
    if image.version_id is None:
        return None
    kept = services.blobs.kept(kind(image.version_id), image.sha256)
    return kept or _again(services, image, version_id=image.version_id)


def _again(services: Services, image: Image, *, version_id: str) -> bytes | None:
    answer = services.runtime.submit(
        services.blobs.get(image.sha256),
        project_id=image.project_id,
        facts=False,
        version_id=version_id,
        timeout=PATIENCE,
    ).result()
    if answer.map is not None:
        services.blobs.keep(kind(version_id), image.sha256, answer.map)
    return answer.map


def map_of(services: Services, image: Image) -> ProbabilityMap | None:
    """The probability map of the answer that stands, (classes, height, width) uint8; None without an answer."""
    packed = packed_map(services, image)
    return None if packed is None else masks.unpack_map(packed)


def model_mask(services: Services, image: Image, *, threshold: float) -> Mask | None:
    """What the model marks at a threshold (0..1), (height, width) uint8; None without an answer."""
    found = map_of(services, image)
    return None if found is None else masks.threshold(found, threshold)


def human_mask(services: Services, image: Image) -> Mask | None:
    """What the latest human word marks, (height, width) uint8; None where nobody said."""
    if image.mask is not None:
        return masks.decode(services.blobs.get(image.mask))
    return empty(image) if image.label == NOTHING else None


def empty(image: Image) -> Mask:
    """A mask without anything in it, of the picture's size. Raises Rejected where the size is not known yet."""
    return masks.empty(size(image))


def size(image: Image) -> tuple[int, int]:
    """Height and width in pixels; raises Rejected for a picture that was not looked at yet."""
    if image.height is None or image.width is None:
        raise Rejected(f"image {image.id!r} was not looked at yet.", hint="Try again in a moment.")
    return image.height, image.width


def keep(services: Services, mask: Mask) -> str | None:
    """Store a human's mask and return its SHA-256; None for an empty one, which needs no file."""
    return services.blobs.put(masks.encode(mask)) if mask.any() else None


def drawn(services: Services, project: Project, image: Image, mask: Mask) -> tuple[str, Drawn]:
    """The image-level word of a human's mask, and the mask stored and compared with the model's."""
    said = model_mask(services, image, threshold=project.floor)
    agreement = None if said is None else overlap.dice(said, mask)
    return segment.word(mask, project.classes), Drawn(keep(services, mask), agreement)


def accepted(services: Services, project: Project, image: Image) -> tuple[str, Drawn]:
    """As `drawn`, of the mask that is shown: the human's where there is one, else the model's.

    Raises:
        Rejected: there is neither.
    """
    mask = human_mask(services, image)
    if mask is None and image.shown == NOTHING:  # some pixels may be above the threshold, but too few to be shown
        mask = empty(image)
    if mask is None:
        mask = model_mask(services, image, threshold=project.floor)
    if mask is None:
        raise Rejected(f"image {image.id!r} has no mask to verify.", hint="Draw one, or wait for the model's answer.")
    return drawn(services, project, image, mask)


def accept(services: Services, project: Project, image: Image, *, by: str, revision: int | None = None) -> Image:
    """Record that the mask that is shown is right.

    Raises:
        Conflict: somebody changed the image since `revision`, or since it was read where that is None.
        Rejected: there is no mask.
    """
    word, mask = accepted(services, project, image)
    seen = image.revision if revision is None else revision
    with services.db.begin() as db:
        hold(services, db, [mask])
        return images.relabel(db, image, value=word, action="verify", by=by, revision=seen, drawn=mask)


def hold(services: Services, db: Connection, drawn: Iterable[Drawn]) -> None:
    """Until the transaction ends, no purge takes these masks away; raises Conflict where one already has."""
    wanted = {one.mask for one in drawn if one.mask is not None}
    images.hold_blobs(db, wanted)
    if not all(services.blobs.has(sha256) for sha256 in wanted):
        raise Conflict("a picture with the same mask was deleted for good meanwhile.", hint="Try again.")


def agreement(services: Services, project: Project, image: Image, packed: bytes | None) -> float | None:
    """The Dice of a new answer's packed map with the human's mask; None without either."""
    if packed is None or image.label is None:
        return None
    try:
        mask = human_mask(services, image)
    except (Missing, Rejected):  # purged meanwhile, damaged, or of a picture that was not looked at yet
        return None
    return None if mask is None else overlap.dice(masks.threshold(masks.unpack_map(packed), project.floor), mask)
