"""Delete pictures: first to a trash with a way back, then for good and everywhere."""

from __future__ import annotations

from sightloop.core.entities import Image, Json, Project, User
from sightloop.core.errors import Rejected
from sightloop.flows import lineage
from sightloop.flows.access import image_for
from sightloop.flows.services import Services
from sightloop.store import images, projects

DAY = 86_400.0
BATCH = 200


def discard(services: Services, *, user: User, image_id: str) -> Image:
    """Put a picture into the trash; restoring brings everything back."""
    image, _ = image_for(services, user=user, image_id=image_id, action="label")
    if image.trashed_at is not None:
        return image
    with services.db.begin() as db:
        return images.trash(db, image, by=user.id)


def restore(services: Services, *, user: User, image_id: str) -> Image:
    """Take a picture out of the trash."""
    image, _ = image_for(services, user=user, image_id=image_id, action="label")
    if image.trashed_at is None:
        return image
    with services.db.begin() as db:
        return images.restore(db, image, by=user.id)


def purge(services: Services, *, user: User, image_id: str) -> Json:
    """Remove a trashed picture for good: rows, file, thumbnail, embedding.

    It goes although nobody may know any more which versions learnt from it.

    Returns:
        {image_id, taught, sentence}: the numbers of the versions that learnt from it, and in words those and the
        versions of which it cannot be told.

    Raises:
        Rejected: the picture is not in the trash.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="manage")
    if image.trashed_at is None:
        raise Rejected(f"image {image_id!r} is not in the trash.", hint="Delete it first, then purge it.")
    found = lineage.met(services, project, [image.id])
    _purge(services, image)
    numbers = [one.version.number for one in found.taught]
    return {"image_id": image.id, "taught": numbers, "sentence": lineage.sentence(found, project)}


def purge_expired(services: Services) -> int:
    """Purge what has been in the trash for longer than its project says, or else the setting; returns how many."""
    with services.db.connect() as db:
        everything = projects.all(db, reader=None)
    return sum(_purge_expired(services, project) for project in everything)


def _purge_expired(services: Services, project: Project) -> int:
    before, count = services.clock() - project.settings.get("trash_days", services.trash_days) * DAY, 0
    while True:
        with services.db.connect() as db:
            expired = images.expired(db, project.id, before=before, limit=BATCH)
        if not expired:
            return count
        for image in expired:
            _purge(services, image)
        count += len(expired)


def _purge(services: Services, image: Image) -> None:
    """The blob goes inside the transaction, so that no upload of the same bytes slips in between."""
    with services.db.begin() as db:
        images.hold_blobs(db, {image.sha256, *images.masks_of(db, image.id)})
        for unused in images.purge(db, image):
            services.blobs.delete(unused)
