"""What people did last to images, from the log of their words."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from sightloop.store import rows
from sightloop.store.tables import labels


def actions(db: Connection, image_ids: Sequence[str]) -> dict[str, str]:
    """How the latest word on each image was said (correct, verify, import, …), by image id."""
    c = labels.c
    found: dict[str, str] = {}
    for piece in rows.chunks(list(image_ids)):
        query = select(c.image_id, c.action).where(c.image_id.in_(piece)).order_by(c.created_at, c.id)
        found |= {row[0]: row[1] for row in db.execute(query)}
    return found
