"""Doubts: somebody was not satisfied with what is shown of an image; they stand until a person labels it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, false, insert, select

from sightloop.core.entities import Image
from sightloop.store import changes, rows
from sightloop.store.changes import Change
from sightloop.store.database import now
from sightloop.store.tables import doubts, images


def add(db: Connection, image: Image, *, by: str | None) -> Image:
    """Record a doubt in what is shown of an image; a second one before it is labelled changes nothing."""
    before = changes.current_one(db, image)
    if stands(db, image.id):
        return before
    db.execute(insert(doubts).values(image_id=before.id, project_id=before.project_id, by=by, at=now(db)))
    return changes.save(db, [Change(before, before, "doubt", by, {"shown": before.shown})])[0]


def stands(db: Connection, image_id: str) -> bool:
    """Whether somebody doubted the image since it was last labelled."""
    return db.execute(select(doubts.c.at).where(doubts.c.image_id == image_id)).first() is not None


def standing(db: Connection, project_id: str) -> list[str]:
    """The ids of the doubted images of a project that are not in the trash, the oldest doubt first."""
    query = select(doubts.c.image_id).join(images, images.c.id == doubts.c.image_id)
    query = query.where(doubts.c.project_id == project_id, images.c.trashed == false())
    return list(db.execute(query.order_by(doubts.c.at, doubts.c.image_id)).scalars())


def settle(db: Connection, image_ids: Sequence[str]) -> None:
    """Forget the doubts in these images, because a person has labelled them."""
    for piece in rows.chunks(image_ids):
        db.execute(delete(doubts).where(doubts.c.image_id.in_(piece)))
