"""Record what people say of pictures; corrections teach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sightloop.core.arrays import Mask
from sightloop.core.entities import NOTHING, UNKNOWN, Drawn, Image, Json, Project, User
from sightloop.core.errors import BadImage, Conflict, Rejected
from sightloop.flows import drawing
from sightloop.flows.access import image_for, project_for
from sightloop.flows.services import Services
from sightloop.store import changes, images
from sightloop.store.database import Connection
from sightloop.store.images import Filters
from sightloop.tasks import TASKS

BulkAction = Literal["label", "verify", "clear", "trash", "restore"]
MAX_BULK = 100_000
MAX_MASKS = 1000  # pictures whose masks one bulk action reads and writes

Sketches = Mapping[str, tuple[int, str, Drawn]]  # by image id: the revision that was seen, the word, the mask


def correct(services: Services, *, user: User, image_id: str, value: str | None, revision: int | None = None) -> Image:
    """Record what `user` says this image shows; `value` None takes the human word back, its mask too.

    Raises:
        Missing: no such image, or not one this user may see.
        Rejected: the value is not one of the project's classes, or one that needs a mask.
        Conflict: somebody changed the image since `revision`; carries the current value.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="label")
    if value is not None:
        TASKS[project.task].check_label(value, project.classes)
    empties = project.task == "segment" and value == NOTHING
    drawn = drawing.drawn(services, project, image, drawing.empty(image))[1] if empties else None
    action = "clear" if value is None else "correct"
    with services.db.begin() as db:
        return images.relabel(db, image, value=value, action=action, by=user.id, revision=revision, drawn=drawn)


def redraw(services: Services, *, user: User, image_id: str, mask: Mask, revision: int | None = None) -> Image:
    """Record which pixels of this image `user` says belong to which class.

    Args:
        mask: (height, width) uint8 of the image's own size, 0 background, k the k-th class of the project.

    Raises:
        Missing: no such image, or not one this user may see.
        Rejected: the project does not segment, or the mask is of another size or has classes that are none.
        Conflict: somebody changed the image since `revision`; carries the current value.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="label")
    check_mask(project, image, mask)
    word, drawn = drawing.drawn(services, project, image, mask)
    with services.db.begin() as db:
        drawing.hold(services, db, [drawn])
        return images.relabel(db, image, value=word, action="correct", by=user.id, revision=revision, drawn=drawn)


def check_mask(project: Project, image: Image, mask: Mask) -> None:
    """Raise Rejected where the project does not segment, BadImage unless the mask fits the picture and the classes."""
    if project.task != "segment":
        raise Rejected(f"project {project.name!r} says which class a picture shows; it has no masks.")
    if mask.shape != drawing.size(image):
        (height, width), (tall, wide) = mask.shape, drawing.size(image)
        raise BadImage(f"the mask is {width} × {height} pixels, its picture {wide} × {tall}.")
    if int(mask.max(initial=0)) > len(project.classes):
        raise BadImage(f"the mask has class {int(mask.max())}, the project only {len(project.classes)}.")


def verify(services: Services, *, user: User, image_id: str, revision: int | None = None) -> Image:
    """Record that what is shown is right.

    Raises:
        Conflict: somebody changed the image since `revision`; carries the current value.
        Rejected: nothing is shown yet that could be verified.
    """
    image, project = image_for(services, user=user, image_id=image_id, action="label")
    if project.task == "segment":
        return drawing.accept(services, project, image, by=user.id, revision=revision)
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
        Conflict: not `expected` images match any more, or somebody changed one whose mask was being compared.
        Rejected: too many masks at once, or too many images.
    """
    target = project_for(services, user=user, name=project, action="label")
    if action == "label":
        TASKS[target.task].check_label(value or "", target.classes)
    drawn: Sketches = {}
    if _draws(target, action=action, value=value):
        with services.db.connect() as db:
            seen = _choose(db, target, image_ids=image_ids, filters=filters)
        drawn = _sketches(services, target, seen, action=action, value=value)
    with services.db.begin() as db:
        changes.hold(db, target.id)
        chosen = _choose(db, target, image_ids=image_ids, filters=filters)
        if expected is not None and len(chosen) != expected:
            raise Conflict(f"{len(chosen)} images match, not {expected}.", current=len(chosen), hint="Look again.")
        todo = [image for image in chosen if _would_change(image, action=action, value=value)]
        if _draws(target, action=action, value=value):
            _check_unchanged(todo, drawn)
            drawing.hold(services, db, [mask for _, _, mask in drawn.values()])
        _apply(db, todo, action=action, value=value, by=user.id, drawn=drawn)
    missing = len(set(image_ids)) - len(chosen) if filters is None else 0
    undo = [
        {"id": image.id, "label": image.label, "mask": image.mask, "trashed": image.trashed_at is not None}
        for image in todo
    ]
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


def _draws(project: Project, *, action: BulkAction, value: str | None) -> bool:
    """Whether the action gives every picture a mask of its own."""
    return project.task == "segment" and (action == "verify" or (action == "label" and value == NOTHING))


def _sketches(
    services: Services, project: Project, seen: Sequence[Image], *, action: BulkAction, value: str | None
) -> Sketches:
    """What each picture that would change gets, made before anything is locked."""
    todo = [image for image in seen if _would_change(image, action=action, value=value)]
    if len(todo) > MAX_MASKS:
        raise Rejected(f"{len(todo)} masks at once are too many.", hint=f"Choose at most {MAX_MASKS} pictures.")
    if action == "verify":
        return {image.id: (image.revision, *drawing.accepted(services, project, image)) for image in todo}
    return {
        image.id: (image.revision, *drawing.drawn(services, project, image, drawing.empty(image))) for image in todo
    }


def _check_unchanged(todo: Sequence[Image], drawn: Sketches) -> None:
    """Raise Conflict where a picture is not the one any more that its mask was made of."""
    changed = [image.name for image in todo if image.id not in drawn or drawn[image.id][0] != image.revision]
    if changed:
        raise Conflict(f"{changed[0]!r} was changed meanwhile.", current=len(changed), hint="Look again.")


def _apply(
    db: Connection,
    todo: Sequence[Image],
    *,
    action: BulkAction,
    value: str | None,
    by: str,
    drawn: Sketches,
) -> None:
    masks = {name: mask for name, (_, _, mask) in drawn.items()}
    match action:
        case "trash":
            images.trash_many(db, todo, by=by)
        case "restore":
            images.restore_many(db, todo, by=by)
        case "verify":
            words = [(image, drawn[image.id][1] if drawn else image.label or image.shown) for image in todo]
            images.relabel_many(db, words, action=action, by=by, drawn=masks)
        case "label" | "clear":
            word = value if action == "label" else None
            said = "correct" if action == "label" else action
            images.relabel_many(db, [(image, word) for image in todo], action=said, by=by, drawn=masks)
