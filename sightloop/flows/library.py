"""Look at pictures: pages, one picture, its history, its bytes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from sightloop.core import scale
from sightloop.core.entities import Image, Json, User
from sightloop.core.errors import Rejected
from sightloop.flows.access import image_for, project_for
from sightloop.flows.filtering import check_limit
from sightloop.flows.services import Services
from sightloop.store import images, names
from sightloop.store.images import Filters
from sightloop.vision.decode import decode
from sightloop.vision.thumbs import thumbnail as draw_thumbnail

MAX_PAGE = 500
THUMB_SIDE = 256
MIN_PREVIEW, MAX_PREVIEW = 256, 4096


def page(
    services: Services,
    *,
    user: User,
    project: str,
    filters: Filters,
    sort: str = "-created_at",
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[list[Image], str | None]:
    """One page of the library and the cursor of the next, None at the end; `limit` 1..500."""
    check_limit(limit, most=MAX_PAGE)
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        return images.page(db, target.id, filters=filters, sort=sort, cursor=cursor, limit=limit)


def count(services: Services, *, user: User, project: str, filters: Filters) -> int:
    """How many pictures match."""
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        return images.count(db, target.id, filters)


def counts(services: Services, *, user: User, project: str) -> Json:
    """How many pictures are in each tab."""
    target = project_for(services, user=user, name=project, action="view")
    with services.db.connect() as db:
        return dict(images.counts(db, target.id))


def show(services: Services, *, user: User, image_id: str) -> Json:
    """One picture with its newest prediction, and its scale in pixels to the millimetre with where that was said."""
    image, project = image_for(services, user=user, image_id=image_id, action="view")
    with services.db.connect() as db:
        said = images.predictions_of(db, image.id)
    newest = dataclasses.asdict(said[-1]) if said else None
    px_per_mm, said_of = scale.effective(image, project)
    extra = {"corrected": image.corrected, "prediction": newest, "px_per_mm": px_per_mm, "px_per_mm_from": said_of}
    return {**dataclasses.asdict(image), **extra}


def history(services: Services, *, user: User, image_id: str) -> list[Json]:
    """Who or what said what of this picture, and when, oldest first; `by_name` is None for the command line."""
    image, _ = image_for(services, user=user, image_id=image_id, action="view")
    with services.db.connect() as db:
        told = images.history(db, image.id)
        people = names.of_users(db, [one["by"] for one in told])
    return [{**one, "by_name": people.get(one["by"] or "")} for one in told]


def thumbnail(services: Services, *, user: User, image_id: str) -> bytes:
    """A WebP without metadata, longest side 256 pixels; made once. Raises BadImage for an unreadable picture."""
    image, _ = image_for(services, user=user, image_id=image_id, action="view")
    kept = services.blobs.kept("thumb", image.sha256)
    if kept is not None:
        return kept
    made = draw_thumbnail(decode(services.blobs.get(image.sha256), shrink_to=THUMB_SIDE), side=THUMB_SIDE)
    services.blobs.keep("thumb", image.sha256, made)
    return made


def preview(services: Services, *, user: User, image_id: str, side: int = 2048) -> bytes:
    """A WebP without metadata, upright, longest side at most `side` (256 to 4096) pixels, never enlarged; not kept.

    Raises:
        Rejected: another `side`.
        BadImage: an unreadable picture.
    """
    if not MIN_PREVIEW <= side <= MAX_PREVIEW:
        raise Rejected(f"side {side} does not fit.", hint=f"Use {MIN_PREVIEW} to {MAX_PREVIEW} pixels.")
    image, _ = image_for(services, user=user, image_id=image_id, action="view")
    return draw_thumbnail(decode(services.blobs.get(image.sha256), shrink_to=side), side=side)


def original(services: Services, *, user: User, image_id: str) -> tuple[Path, Image]:
    """The file as it came, metadata included: for people who may upload to this project."""
    image, _ = image_for(services, user=user, image_id=image_id, action="upload")
    return services.blobs.path(image.sha256), image
