"""Record what people say of pictures; corrections teach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sightloop.core.entities import UNKNOWN, Image, Json, Project, User
from sightloop.core.errors import Conflict, Rejected
from sightloop.flows.access import image_for, project_for
from sightloop.flows.services import Services
from sightloop.store import changes, images
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
        Conflict: somebody changed the image since `revision`; carries the current value.
        Rejected: nothing is shown yet that could be verified.
    """
    image, _ = image_for(services, user=user, image_id=image_id, action="label")
    with services.db.begin() as db:
        return images.verify(db, image, by=user.id, revision=revision)


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
        changes.hold(db, target.id)
        chosen = _choose(db, target, image_ids=image_ids, filters=filters)
        if expected is not None and len(chosen) != expected:
            raise Conflict(f"{len(chosen)} images match, not {expected}.", current=len(chosen), hint="Look again.")
        todo = [image for image in chosen if _would_change(image, action=action, value=value)]
        _apply(db, todo, action=action, value=value, by=user.id)
    missing = len(set(image_ids)) - len(chosen) if filters is None else 0
    undo = [{"id": image.id, "label": image.label, "trashed": image.trashed_at is not None} for image in todo]
    return {"changed": len(todo), "unchanged": len(chosen) - len(todo), "missing": missing, "undo": undo}


def _choose(db: Connection, project: Project, *, image_ids: Sequence[str], filters: Filters | None) -> list[Image]:
    if filters is None:
        return [image for image in images.many(db, list(dict.fromkeys(image_ids))) if image.project_id == project.id]
    if images.count(db, project.id, filters) > MAX_BULK:
        raise Rejected(f"more than {MAX_BULK} images match.", hint="Narrow the filter.")
    return list(images.stream(db, project.id, filters=filters))


def _would_change(image: Image, *, action: BulkAction, value: str | None) -> bool:
    match action:
        case "trash" | "restore":
            return (image.trashed_at is not None) == (action == "restore")
        case "verify":
            return not image.verified and (image.label or image.shown) not in (None, UNKNOWN)
        case "label":
            return image.label != value or not image.verified
        case "clear":
            return image.label is not None


def _apply(db: Connection, todo: Sequence[Image], *, action: BulkAction, value: str | None, by: str) -> None:
    match action:
        case "trash":
            images.trash_many(db, todo, by=by)
        case "restore":
            images.restore_many(db, todo, by=by)
        case "verify":
            images.relabel_many(db, [(image, image.label or image.shown) for image in todo], action=action, by=by)
        case "label" | "clear":
            word = value if action == "label" else None
            said = "correct" if action == "label" else action
            images.relabel_many(db, [(image, word) for image in todo], action=said, by=by)
