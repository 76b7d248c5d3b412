"""Record what people say of pictures; corrections teach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sightloop.core.entities import UNKNOWN, Image, Json, Project, User
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows.access import image_for, project_for
from sightloop.flows.services import Services
from sightloop.store import images
from sightloop.store.database import Connection
from sightloop.store.images import Filters
from sightloop.tasks import TASKS

BulkAction = Literal["label", "verify", "clear", "trash", "restore"]
MAX_BULK = 100_000


def correct(services: Services, *, user: User, image_id: str, value: str | None, revision: int | None = None) -> Image:
    """Record what `user` says this image shows; `value` None takes the human word back.

    Raises:
        Missing: no such image, or not one this user may see.
        Rejected: the value is not one of the project's classes.
        Conflict: somebody changed the image since `revision`; carries the current value.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="label")
    if value is not None:
        TASKS[project.task].check_label(value, project.classes)
    with services.db.begin() as db:
        return images.relabel(
            db, image, value=value, action="clear" if value is None else "correct", by=user.id, revision=revision
        )


def verify(services: Services, *, user: User, image_id: str, revision: int | None = None) -> Image:
    """Record that what is shown is right.

    Raises:
        Rejected: nothing is shown yet that could be verified.
    """
    image, _ = image_for(services, user=user, image_id=image_id, action="label")
    with services.db.begin() as db:
        return images.relabel(db, image, value=_word(image), action="verify", by=user.id, revision=revision)


def _word(image: Image) -> str:
    word = image.label or image.shown
    if word is None or word == UNKNOWN:
        raise Rejected(f"image {image.id!r} has no answer to verify.", hint="Say what it shows instead.")
    return word


def bulk(
    services: Services,
    *,
    user: User,
    project: str,
    action: BulkAction,
    image_ids: Sequence[str] = (),
    filters: Filters | None = None,
    value: str | None = None,
    expected: int | None = None,
) -> Json:
    """Do one thing to many images, all or nothing.

    Args:
        image_ids: the images; ids of other projects are left alone and counted as `missing`.
        filters: instead of ids: everything that matches now.
        expected: the count the person confirmed.

    Returns:
        {"changed", "unchanged", "missing"} and "undo": per image what it was before.

    Raises:
        Conflict: not `expected` images match any more.
    """
    target = project_for(services, user=user, name=project, action="label")
    if action == "label":
        TASKS[target.task].check_label(value or "", target.classes)
    with services.db.begin() as db:
        chosen = _choose(db, target, image_ids=image_ids, filters=filters)
        if expected is not None and len(chosen) != expected:
            raise Conflict(f"{len(chosen)} images match, not {expected}.", current=len(chosen), hint="Look again.")
        undo = [
            {"id": image.id, "label": image.label, "trashed": image.trashed_at is not None}
            for image in chosen
            if _apply(db, image, action=action, value=value, by=user.id)
        ]
    missing = len(set(image_ids)) - len(chosen) if filters is None else 0
    return {"changed": len(undo), "unchanged": len(chosen) - len(undo), "missing": missing, "undo": undo}


def _choose(db: Connection, project: Project, *, image_ids: Sequence[str], filters: Filters | None) -> list[Image]:
    if filters is None:
        return [image for image in images.many(db, list(dict.fromkeys(image_ids))) if image.project_id == project.id]
    found, cursor = images.page(db, project.id, filters=filters, sort="created_at", cursor=None, limit=MAX_BULK)
    if cursor is not None:
        raise Rejected(f"more than {MAX_BULK} images match.", hint="Narrow the filter.")
    return found


def _apply(db: Connection, image: Image, *, action: BulkAction, value: str | None, by: str) -> bool:
    """Change one image; False where there was nothing to change."""
    if action in ("trash", "restore"):
        if (image.trashed_at is not None) == (action == "trash"):
            return False
        (images.trash if action == "trash" else images.restore)(db, image, by=by)
        return True
    word = value if action == "label" else None if action == "clear" else image.label or image.shown
    if action == "verify" and (image.verified or word in (None, UNKNOWN)):
        return False
    if action == "label" and image.label == value and image.verified:
        return False
    if action == "clear" and image.label is None:
        return False
    images.relabel(db, image, value=word, action="correct" if action == "label" else action, by=by, revision=None)
    return True
