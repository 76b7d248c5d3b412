"""Keep a picture together with what a person said of it, so that the next training learns from it."""

from __future__ import annotations

import json

from sightloop.core.entities import Image, Json, Project, User
from sightloop.core.errors import BadImage, Missing, Rejected
from sightloop.flows import answer, correct, teaching, upload
from sightloop.flows.access import project_for
from sightloop.flows.services import Services
from sightloop.flows.upload import Incoming
from sightloop.store import images
from sightloop.tasks import TASKS
from sightloop.vision import masks
from sightloop.vision.decode import probe

META = "feedback"  # the key in an image's meta under which the metadata is kept
PATIENCE = 10.0  # seconds that the model's own answer is waited for


def save(
    services: Services,
    *,
    user: User,
    project: str,
    picture: Incoming,
    mask: bytes | None = None,
    label: str | None = None,
    metadata: Json | None = None,
) -> Json:
    """Store the picture, or find it, and record a human's mask or word of it; nothing is stored where one is refused.

    Args:
        mask: a file as `vision.masks.read` takes it, of the picture's own size.
        label: instead of a mask, a class, or `nothing` where the project segments.
        metadata: kept as it is among the image's free facts.

    Returns:
        {image, created, note, corrected, wanted, ready}: `note` says what had to be decided to read the mask, and the
        last three are those of `flows.teaching`: how many corrections there are, and how many are wanted.

    Raises:
        Missing, Forbidden: as for any upload and correction.
        BadImage: the picture or the mask cannot be read, or they do not fit each other.
        Rejected: a mask where there are none, or both a mask and a label.
    """
    target = project_for(services, user=user, name=project, action="label")
    read = _read(target, picture, mask=mask, label=label)
    kept = upload.keep(services, user=user, project=project, incoming=[picture])[0]
    if kept.image is None:
        raise BadImage(kept.reason or "the picture cannot be read.")
    image = _answered(services, kept.image)
    if read is not None:
        image = correct.redraw(services, user=user, image_id=image.id, mask=read.mask)
    elif label is not None:
        image = correct.correct(services, user=user, image_id=image.id, value=label)
    if metadata:
        with services.db.begin() as db:
            image = images.annotate(db, image, meta={META: metadata}, by=user.id)
    told = teaching.teaching(services, user=user, project=project)
    return {
        "image": image,
        "created": kept.outcome == "stored",
        "note": None if read is None else read.note,
        "corrected": teaching.counted(target, told["new_since_live"], told["corrected_since_live"]),
        "wanted": told["wanted"],
        "ready": told["ready"],
    }


def _read(project: Project, picture: Incoming, *, mask: bytes | None, label: str | None) -> masks.Read | None:
    """The mask; it and the label are checked before anything is stored."""
    if label is not None:
        TASKS[project.task].check_label(label, project.classes)
    if mask is None:
        return None
    if label is not None:
        raise Rejected(f"both a mask and the label {label!r} were sent.", hint="Send one of them.")
    if project.task != "segment":
        raise Rejected(f"project {project.name!r} says which class a picture shows.", hint="Send a label, not a mask.")
    header = probe(picture.path.read_bytes())
    return masks.read(mask, classes=len(project.classes), size=(header.height, header.width))


def _answered(services: Services, image: Image) -> Image:
    """The picture with the model's answer where that comes in time; of an exact copy, the picture it is a copy of."""
    if image.status == "pending":
        image = answer.score(services, project_id=image.project_id, image_ids=[image.id], timeout=PATIENCE)[0]
    if image.duplicate_of is None:
        return image
    with services.db.connect() as db:
        try:
            return images.get(db, image.duplicate_of)
        except Missing:  # purged meanwhile
            return image


def _no_number(word: str) -> float:
    """JSON knows no NaN and no Infinity, whatever Python reads."""
    raise ValueError(f"{word} is no number in JSON")


def metadata(text: str) -> Json:
    """What somebody wrote down of a picture, a JSON object; raises Rejected for anything else."""
    try:
        found = json.loads(text or "{}", parse_constant=_no_number)
    except ValueError as error:
        raise Rejected(f"metadata {text[:80]!r} is not JSON.", hint='For example {"site": "bridge 7"}.') from error
    if not isinstance(found, dict):
        raise Rejected(f"metadata {text[:80]!r} is not a JSON object.", hint='For example {"site": "bridge 7"}.')
    return found
