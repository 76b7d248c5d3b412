"""Which images still wait for facts or for an answer of the live model."""

from __future__ import annotations

from sqlalchemy import Connection, false, func, select

from sightloop.core.entities import Image
from sightloop.store import rows
from sightloop.store.tables import images


def count(db: Connection, project_id: str) -> int:
    """How many images of the project wait for facts or an answer."""
    query = select(func.count()).where(images.c.project_id == project_id, images.c.waiting > 0)
    return int(db.execute(query).scalar_one())


def answered_by_others(
    db: Connection, project_id: str, version_id: str, *, limit: int, after: str | None = None
) -> list[Image]:
    """Images whose newest answer is not of this version, or that have none; in order of ids."""
    c = images.c
    query = select(*rows.columns(images, Image)).where(
        c.project_id == project_id, c.status == "ready", c.trashed == false(), c.version_id.is_distinct_from(version_id)
    )
    query = query if after is None else query.where(c.id > after)
    return [Image(*row) for row in db.execute(query.order_by(c.id).limit(limit))]
